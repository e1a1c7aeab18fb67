"""The gradient that reaches the first token, against the length of the sequence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rnnexp.ranges import BELOW_FLOOR, FLOOR
from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.gradient_flow import path_measured
from rnnexp.results.findings.padding import reads_pads
from rnnexp.results.groups import Group, group_label
from rnnexp.results.magnitudes import Magnitude, verdict_over
from rnnexp.results.statistics import POSITIVE, t_interval
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, with_interval


@dataclass(frozen=True)
class FirstTokenPoint:
    """by_seed: ‖dL/de_1‖ of each run at its first measurement, over the examples that fill all
    steps; NaN without any. runs: how many have a result.

    gains: what the norm was multiplied by per step, of each run that has it. predicted: the gains
    that the initial weights predict.
    """

    length: int
    by_seed: Mapping[int, float]
    runs: int
    gains: Sequence[float]
    predicted: Sequence[float]

    @property
    def norms(self) -> list[float]:
        return list(self.by_seed.values())


@dataclass(frozen=True)
class FirstTokenLine:
    """Groups that differ in their length alone. reads_pads: whether they are read behind pads."""

    label: str
    model: str
    points: Sequence[FirstTokenPoint]
    reads_pads: bool = False


@dataclass(frozen=True)
class FirstToken(StudyFinding):
    """untrained: whether every first measurement was made at the initial weights.

    Networks trained at different lengths have different losses left, and their gradients differ
    with them; so the measurement before training is taken, where there is one.
    """

    place, answer_place = 70, 200
    heading = "The gradient that reaches the first step, by length"
    equation = (
        "‖dL/de_1‖ of each example's own loss, mean over the examples that fill all steps; "
        "ratio: at the longest length over at the shortest"
    )
    reading = (
        "A line that falls is a first word that hears less and less of the loss the longer the "
        "sequence is. 'Gain per step' is what the gradient of the state is multiplied by at "
        "each step back, and 'predicted' what the initial weights let one expect; 'ratio' and "
        "'verdict' set the longest length beside the shortest, seed by seed."
    )
    misleads = (
        "It is of the first position: the gradient of a word's vector adds up all places where "
        "the word stands, and looks healthy where the first position gets nothing. Measured "
        "before training it is of the initial weights, which training may change; and it is no "
        "limit of what can be held."
    )

    lines: Sequence[FirstTokenLine]
    untrained: bool

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None where the length does not vary, or the gradient flow was not measured."""
        if "seq_len" not in study.factors:
            return None
        groups = [g for g in study.ended_groups() if _first_norms(g)]
        lines: dict[str, list[Group]] = {}
        for group in groups:
            others = {key: value for key, value in group.factors.items() if key != "seq_len"}
            label = group_label(others) + path_measured(group)
            lines.setdefault(label, []).append(group)
        several = [
            FirstTokenLine(
                label,
                line[0].model,
                [_point(group) for group in line],
                reads_pads(line[0].factors),
            )
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
        head = ["gradient to the first step", *(f"{n} steps" for n in ends), "ratio",
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
            f"{note}; geometric means over seeds, of gains means (95% intervals), over examples "
            "whose first token stands as far before the readout as the length says",
            "ratio, verdict: of the same seeds at both lengths; predicted of gated cells: the "
            "direct path alone",
            "of the first position, dL/de_1; a word's row in the table of vectors has the sum over "
            "all places where it stands",
        ]
        return [Table(head, rows, notes)]

    def answer(self) -> str:
        """By what the gradient to the first step falls from the shortest length to the longest."""
        (table,) = self.tables()
        behind = {line.label for line in self.lines if line.reads_pads}
        # the same network before training, wherever it is read
        rows = [row for row in table.rows if row[0].text not in behind] or table.rows
        parts = [f"{words.label(row[0].text)} {row[3].text}, {row[6].text}" for row in rows]
        if not parts:
            return ""
        short, long = self.lengths[0], self.lengths[-1]
        trained = "before training" if self.untrained else "while training"
        return (
            f"The gradient that reaches the first of {long} steps, as a multiple of that at "
            f"{short} steps, {trained} (geometric means over seeds, 95% intervals): "
            f"{sentences.listed(parts)}."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import first_token

        return first_token.draw(self, folder)


def _row(label: str, short: FirstTokenPoint, long: FirstTokenPoint) -> list[Cell]:
    ratios = [
        _ratio(long.by_seed[seed], short.by_seed[seed])
        for seed in sorted(long.by_seed.keys() & short.by_seed.keys())
    ]
    return [
        Cell(label),
        Magnitude.of(short.norms).cell(),
        Magnitude.of(long.norms).cell(),
        Magnitude.of(ratios).cell(),
        _gain(long.gains),
        _gain(long.predicted),
        Cell(verdict_over(ratios)),
    ]


def _gain(gains: Sequence[float]) -> Cell:
    return with_interval(t_interval(gains, POSITIVE)) if gains else Cell(NOTHING)


def _ratio(far: float, near: float) -> float:
    """far / near; what underflowed stays below the floor, what cannot be compared is NaN."""
    if not FLOOR <= near < math.inf:
        return math.nan
    return far if far < FLOOR else max(far / near, BELOW_FLOOR)


def _first_norms(group: Group) -> dict[int, float]:
    return {
        run.summary.seed: float(arrays["first"][0])
        for run, arrays in group.measured("gradient_flow")
        if "first" in arrays
    }


def _point(group: Group) -> FirstTokenPoint:
    log_gains = group.scalars("gradient_flow", "log_gain", 0, may_lack=True)
    predicted = [run.summary.regime.get("gain") for run in group.ended]
    return FirstTokenPoint(
        int(group.factors["seq_len"]),
        _first_norms(group),
        len(group.ended),
        [math.exp(value) for value in log_gains if math.isfinite(value)],
        [float(gain) for gain in predicted if gain is not None],
    )
