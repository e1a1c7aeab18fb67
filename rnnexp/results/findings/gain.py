"""What the gradient's norm is multiplied by at each step back, predicted and measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.gradient_flow import half_life_cell, path_measured
from rnnexp.results.groups import Group, group_label
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.statistics import log_interval
from rnnexp.results.study import Study
from rnnexp.results.tables import Cell, Table, count, with_interval


@dataclass(frozen=True)
class GainPoint:
    """One untrained run: the gradient's gain per step, predicted (None: no theory) and measured.

    half_life, straight: see `half_life_cell`.
    """

    model: str
    init: str
    predicted: float | None
    measured: float
    half_life: float
    straight: float


@dataclass(frozen=True)
class Gain(StudyFinding):
    """points: of each group at its longest length, by the group's label. runs: how many have a
    result there.
    """

    place = 60
    heading = "Gain per step of the gradient before training, predicted and measured"
    equation = (
        "predicted: √(g² E[φ'(√q z)²]), q = g² E[φ(√q z)²] + v, z ~ N(0, 1); measured: exp of "
        "the slope of ln ‖dL/dh_(n-k)‖ by k"
    )
    reading = (
        "The gain is what the gradient's norm is multiplied by at each step back: below 1 it "
        "vanishes, above 1 it explodes. On the diagonal of the figure theory and measurement "
        "agree; the table has both, and the half-life where the gain is the same all the way "
        "back."
    )
    misleads = (
        "It is of the initial weights and says nothing of what training makes of them. The "
        "theory is of wide networks with independent random weights; of gated cells it "
        "predicts the direct path through the carry gate alone."
    )

    points: dict[str, list[GainPoint]]
    runs: dict[str, int]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None for fewer than two ways to draw the initial weights.

        Of one setting at several lengths the longest alone: on a short way back the slope is still
        that of the first steps.
        """
        longest: dict[str, tuple[str, list[GainPoint], int]] = {}
        for group in study.groups():  # lengths come in order
            if points := _points(group):
                others = {key: v for key, v in group.factors.items() if key not in LENGTHS}
                label = group.label + path_measured(group)
                longest[group_label(others)] = label, points, len(group.ended)
        by_label = {label: points for label, points, _ in longest.values()}
        runs = {label: count for label, _, count in longest.values()}
        inits = {point.init for points in by_label.values() for point in points}
        return cls(by_label, runs) if len(inits) > 1 else None

    def tables(self) -> list[Table]:
        head = ["gain per step, untrained", "predicted", "measured", "half-life measured", "seeds"]
        note = (
            "geometric means over seeds (95% intervals); of gated cells the direct path is "
            "predicted"
        )
        rows = [_row(label, p, self.runs[label]) for label, p in self.points.items()]
        return [Table(head, rows, [note])]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gain

        return gain.draw(self, folder)


def _row(label: str, points: Sequence[GainPoint], runs: int) -> list[Cell]:
    measured = log_interval([point.measured for point in points])
    known = [point.predicted for point in points if point.predicted is not None]
    return [
        Cell(label),
        Magnitude.of(known).cell() if known else Cell("no theory"),
        with_interval(measured),
        half_life_cell([p.half_life for p in points], [p.straight for p in points]),
        count(runs) if len(points) == runs else Cell(f"{len(points)} of {runs}", len(points)),
    ]


def _points(group: Group) -> list[GainPoint]:
    """The gains of the runs whose gradient flow was measured at the initial weights."""
    settings = [
        f"{name.removeprefix('init.')}={value}"
        for name, value in group.factors.items()
        if name.startswith("init.")
    ]
    points = []
    for run, arrays in group.untrained("gradient_flow"):
        measured = float(np.exp(arrays["log_gain"][0]))
        init = " ".join([str(run.summary.choices.get("init")), *settings])
        if math.isfinite(measured) and measured > 0:
            predicted = run.summary.regime.get("gain")
            straight = float(arrays["straight"][0]) if "straight" in arrays else math.nan
            half_life = math.nan if math.isnan(straight) else float(arrays["half_life"][0])
            points.append(
                GainPoint(str(run.summary.model), init, predicted, measured, half_life, straight)
            )
    return points
