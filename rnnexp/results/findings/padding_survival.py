"""What is left of the gradient at the last word, behind the pads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import MAX_LINES, NO_FIGURE, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.statistics import t_interval
from rnnexp.results.tables import NOTHING, Cell, Table

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SurvivalLine:
    """A group. median_ratios: of each run, the gradient at the last word over that at the last
    step. median_pads: mean over runs. examples: of each run, pads and ratio of each example.
    """

    label: str
    model: str
    median_ratios: Sequence[float]
    median_pads: float
    examples: Sequence[tuple[Array, Array]]


@dataclass(frozen=True)
class PaddingSurvival(ProbeFinding):
    place, probe = 120, "padding_survival"
    heading = "What the pads leave of the gradient"
    equation = (
        "‖dL/dh_n‖ / ‖dL/dh_T‖, n the last real step, T the step that is read, T - n pads "
        "between them"
    )
    reading = (
        "Each example is a point: what arrives at its last real step of the gradient that "
        "enters behind the pads, against their number. The table has the medians over the "
        "examples that have pads: of 1 nothing is lost, of 0.001 the words hear a thousandth."
    )
    misleads = (
        "Examples without pads are in no median. It is of the gradient at the weights as they "
        "are, and training can learn to cross pads; what the pads cost in right answers is "
        "another measurement (experiment=padding_study)."
    )

    lines: Sequence[SurvivalLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [
            SurvivalLine(
                group.label,
                group.model,
                ratios,
                t_interval(group.scalars(cls.probe, "median_pads", may_lack=True)).mean,
                [(arrays["pads"][-1], arrays["ratio"][-1]) for arrays in group.probe(cls.probe)],
            )
            for group in groups
            if (ratios := group.scalars(cls.probe, "median_ratio", may_lack=True))
        ]
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        head = [
            "gradient behind the pads",
            "left at the last step before them (median)",
            "pads (median)",
        ]
        rows = [
            [
                Cell(line.label),
                Magnitude.of(line.median_ratios).cell(),
                Cell(NOTHING)
                if math.isnan(line.median_pads)
                else Cell(f"{line.median_pads:.0f}", line.median_pads),
            ]
            for line in self.lines
        ]
        notes = [] if len(self.lines) <= MAX_LINES else [NO_FIGURE]
        return [Table(head, rows, notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import padding_survival

        return padding_survival.draw(self, folder) if len(self.lines) <= MAX_LINES else []
