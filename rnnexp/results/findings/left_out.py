"""Probes that some runs of a study could not be asked, and what too many groups cannot show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rnnexp.results.findings.base import MAX_GROUPS, StudyFinding
from rnnexp.results.study import Study


@dataclass(frozen=True)
class LeftOut(StudyFinding):
    """reasons: (probe, what it needs), each once.

    too_many: the groups of a study that has more than are set side by side; None of others.
    """

    place = 900
    heading = "What was left out"
    reading = (
        "A probe that a network cannot be asked is named with what it needs. Where a study has "
        "more groups than a table can set side by side, what probes measured is shown for each "
        "run alone: rnnexp report RUN."
    )

    reasons: Sequence[tuple[str, str]]
    too_many: int | None

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
        measured = any(run.summary.probes for group in groups for run in group.ended)
        too_many = len(groups) if measured and len(groups) > MAX_GROUPS else None
        if len(groups) < 2 or not (reasons or too_many):
            return None
        return cls(list(reasons), too_many)

    def text(self) -> str:
        lines = [f"probe {name} left out: it {reason}" for name, reason in self.reasons]
        if self.too_many is not None:
            lines.append(
                f"what probes measured is not shown: {self.too_many} groups are more than the "
                f"{MAX_GROUPS} that a table sets side by side; rnnexp report RUN shows a run's"
            )
        return "\n".join(lines)
