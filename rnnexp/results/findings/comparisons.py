"""Pairs of models, or of the first setting that varies, compared seed by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rnnexp.results.comparisons import Comparison
from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.base import MAX_GROUPS, StudyFinding
from rnnexp.results.groups import group_label, json_value
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, count, ends
from rnnexp.scores import Score


@dataclass(frozen=True)
class Comparisons(StudyFinding):
    """shown: the setting whose values the table compares; study.json has those of all settings."""

    place = 20
    json_when_absent: ClassVar[Any] = []

    score: Score
    shown: str
    comparisons: Sequence[Comparison]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        settings = [name for name in study.factors if name not in LENGTHS]
        several = [n for n in settings if len({str(run.factors[n]) for run in study.runs}) > 1]
        comparisons = [pair for name in several for pair in study.comparisons(name)]
        return cls(study.score, several[0], comparisons) if comparisons else None

    def tables(self) -> list[Table]:
        lines = [pair for pair in self.comparisons if pair.factor == self.shown]
        if not lines:
            return []
        head = ["compared over the same seeds", f"difference in test {self.score.name}",
                "95% interval", "p", "seeds"]  # fmt: skip
        notes = ["p: sign-flip permutation test over seeds; of n seeds never below 2/2^n"]
        if len(lines) > MAX_GROUPS:
            notes.append(f"{len(lines) - MAX_GROUPS} more in study.json")
        return [Table(head, [self._row(pair) for pair in lines[:MAX_GROUPS]], notes)]

    def _row(self, comparison: Comparison) -> list[Cell]:
        first, second = ("none" if v is None else str(v) for v in comparison.values)
        others = f", {group_label(comparison.others)}" if comparison.others else ""
        over_seeds = comparison.difference
        difference, p = over_seeds.difference, over_seeds.p
        left_out = f" (not in both: {', '.join(map(str, over_seeds.left_out))})"
        return [
            Cell(f"{second} - {first}{others}"),
            Cell(self.score.signed(difference.mean), difference.mean),
            ends(self.score, difference),
            Cell(NOTHING if p is None else f"{p:.3g}", p),
            Cell(f"{difference.n}{left_out}", difference.n)
            if over_seeds.left_out
            else count(difference.n),
        ]

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "factor": pair.factor,
                "values": [json_value(value) for value in pair.values],
                "others": {name: json_value(value) for name, value in pair.others.items()},
                "column": f"test_{self.score.name}",
                "seeds": list(pair.difference.seeds),
                "difference": pair.difference.difference.mean,
                "interval_95": pair.difference.difference.ends,
                "p": pair.difference.p,
                "left_out": list(pair.difference.left_out),
            }
            for pair in self.comparisons
        ]
