"""Probes that some runs of a study could not be asked, and what too many groups cannot show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rnnexp.results.findings.base import MAX_GROUPS, StudyFinding
from rnnexp.results.study import Study


@dataclass(frozen=True)
class LeftOut(StudyFinding):
    """reasons: (probe, what it needs), each once.

    too_many: probes that have measured more groups than are set side by side, and how many.
    """

    place = 900
    heading = "What was left out"
    reading = (
        "A probe that a network cannot be asked is named with what it needs. Where a study has "
        "more groups than a table can set side by side, what probes measured is shown for each "
        "run alone: rnnexp report RUN."
    )

    reasons: Sequence[tuple[str, str]]
    too_many: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None for a single group too, whose runs have said so when they began."""
        groups = study.ended_groups()
        reasons = dict.fromkeys(
            reason
            for group in groups
            for run in group.ended
            for reason in run.summary.skipped_probes.items()
        )
        asked = dict.fromkeys(
            probe for group in groups for run in group.ended for probe in run.summary.probes
        )
        counts = [(probe, sum(group.was_asked(probe) for group in groups)) for probe in asked]
        too_many = [(probe, count) for probe, count in counts if count > MAX_GROUPS]
        if len(groups) < 2 or not (reasons or too_many):
            return None
        return cls(list(reasons), too_many)

    def text(self) -> str:
        lines = [f"probe {name} left out: it {reason}" for name, reason in self.reasons]
        for count in sorted({count for _, count in self.too_many}):
            names = ", ".join(name for name, of in self.too_many if of == count)
            lines.append(
                f"what is not shown, of {names}: {count} groups are more than the {MAX_GROUPS} "
                "that a table sets side by side; rnnexp report RUN shows a run's"
            )
        return "\n".join(lines)
