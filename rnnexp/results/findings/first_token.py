"""The gradient that reaches the first token, against the length of the sequence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.gradient_flow import verdict_on
from rnnexp.results.groups import Group, group_label
from rnnexp.results.statistics import t_interval
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, magnitude, typical, with_interval


@dataclass(frozen=True)
class FirstTokenPoint:
    """norms: ‖dL/de_1‖ of each run at its first measurement. runs: how many have a result.

    gains: what the norm was multiplied by per step, of each run that has it. predicted: the gains
    that the initial weights predict.
    """

    length: int
    norms: Sequence[float]
    runs: int
    gains: Sequence[float]
    predicted: Sequence[float]


@dataclass(frozen=True)
class FirstTokenLine:
    """Groups that differ in their length alone."""

    label: str
    model: str
    points: Sequence[FirstTokenPoint]


@dataclass(frozen=True)
class FirstToken(StudyFinding):
    """untrained: whether every first measurement was made at the initial weights.

    Networks trained at different lengths have different losses left, and their gradients differ
    with them; so the measurement before training is taken, where there is one.
    """

    place = 70

    lines: Sequence[FirstTokenLine]
    untrained: bool

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None where the length does not vary, or the gradient flow was not measured."""
        if "seq_len" not in study.factors:
            return None
        groups = [g for g in study.ended_groups() if g.scalars("gradient_flow", "first")]
        lines: dict[str, list[Group]] = {}
        for group in groups:
            others = {key: value for key, value in group.factors.items() if key != "seq_len"}
            lines.setdefault(group_label(others), []).append(group)
        several = [
            FirstTokenLine(label, line[0].model, [_point(group) for group in line])
            for label, line in lines.items()
            if len(line) > 1
        ]
        untrained = all(
            arrays["epoch"][0] == 0
            for group in study.ended_groups()
            for arrays in group.probe("gradient_flow")
        )
        return cls(several, untrained) if several else None

    @property
    def lengths(self) -> list[int]:
        return sorted({point.length for line in self.lines for point in line.points})

    def tables(self) -> list[Table]:
        """The shortest and the longest length, of the lines that have both."""
        ends = self.lengths[0], self.lengths[-1]
        head = ["gradient to the first token", *(f"{n} tokens" for n in ends), "ratio",
                "gain per step", "predicted", "verdict"]  # fmt: skip
        rows = []
        for line in self.lines:
            at = {point.length: point for point in line.points}
            if set(ends) <= set(at):
                rows.append(_row(line.label, at[ends[0]], at[ends[1]]))
        note = (
            "untrained; gain predicted from the initial weights"
            if self.untrained
            else "measured while training, predicted from the initial weights"
        )
        notes = [
            f"{note}; geometric means over seeds (95% intervals)",
            "of the first position, dL/de_1: the gradient of its token's row in the table of "
            "vectors adds to it that of every later place of the same token",
        ]
        return [Table(head, rows, notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import first_token

        return first_token.draw(self, folder)


def _row(label: str, short: FirstTokenPoint, long: FirstTokenPoint) -> list[Cell]:
    near, far = typical(short.norms), typical(long.norms)
    ratio = far / near if 0 < near < math.inf else math.nan
    return [
        Cell(label),
        magnitude(short.norms),
        magnitude(long.norms),
        Cell(f"{ratio:.1e}", ratio),
        with_interval(t_interval(long.gains)) if long.gains else Cell(NOTHING),
        with_interval(t_interval(long.predicted)) if long.predicted else Cell(NOTHING),
        Cell(verdict_on(ratio)),
    ]


def _point(group: Group) -> FirstTokenPoint:
    log_gains = group.scalars("gradient_flow", "log_gain", 0)
    predicted = [run.summary.regime.get("gain") for run in group.ended]
    return FirstTokenPoint(
        int(group.factors["seq_len"]),
        group.scalars("gradient_flow", "first", 0),
        len(group.ended),
        [math.exp(value) for value in log_gains if math.isfinite(value)],
        [float(gain) for gain in predicted if gain is not None],
    )
