"""Probes that some runs of a study could not be asked, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.study import Study


@dataclass(frozen=True)
class LeftOut(StudyFinding):
    """reasons: (probe, what it needs), each once."""

    place = 900

    reasons: Sequence[tuple[str, str]]

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
        return cls(list(reasons)) if reasons and len(groups) > 1 else None

    def text(self) -> str:
        return "\n".join(f"probe {name} left out: it {reason}" for name, reason in self.reasons)
