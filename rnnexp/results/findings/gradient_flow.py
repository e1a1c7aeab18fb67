"""dL/de_t, the gradient that reaches each step: how far back what is learned can depend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import log_interval
from rnnexp.results.study_run import Arrays, StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, magnitude, powers, typical

Array = npt.NDArray[np.float64]

#: Verdicts on the gradient at an early step over that at a late one: upper bound, words.
VERDICTS = (
    (0.01, "severe vanishing"),
    (0.1, "moderate vanishing"),
    (10.0, "good flow"),
    (math.inf, "exploding"),
)
NOT_MEASURED = "not measured"


def verdict_on(ratio: float) -> str:
    """The words for an early/late ratio of gradient norms.

    >>> verdict_on(1e-9), verdict_on(0.05), verdict_on(0.5), verdict_on(30.0)
    ('severe vanishing', 'moderate vanishing', 'good flow', 'exploding')
    """
    if math.isnan(ratio):
        return NOT_MEASURED
    return next(words for bound, words in VERDICTS if ratio < bound or bound == math.inf)


@dataclass(frozen=True)
class RunFlow:
    """One run, M measurements of T steps: mean norm over examples, 10th and 90th percentile.

    floor: what is smaller has underflowed. marks: an early, a middle and a late step, counted from
    1. progress_M: how far the training had come, counted in `unit`.
    """

    epoch_M: Array
    norm_MT: Array
    low_MT: Array
    high_MT: Array
    floor: float
    marks: tuple[int, ...]
    progress_M: Any
    unit: str

    @classmethod
    def of(cls, run: StudyRun, arrays: Arrays) -> Self:
        return cls(
            arrays["epoch"], arrays["input"], arrays["input_low"], arrays["input_high"],
            float(arrays["floor"][-1]), tuple(arrays["marks"][-1].astype(int).tolist()),
            *run.progress(arrays),
        )  # fmt: skip

    @property
    def trained(self) -> bool:
        return bool(self.epoch_M[-1] > 0)

    @property
    def has_untrained(self) -> bool:
        """Whether its first measurement was made at the initial weights."""
        return bool(self.epoch_M[0] == 0)


@dataclass(frozen=True)
class FlowLine:
    """A group. Of each run that has it: the norm at an early, a middle and a late step, early over
    late trained and untrained, and the half-life in steps, infinite where the norm does not fall.
    """

    label: str
    model: str
    runs: Sequence[RunFlow]
    early: Sequence[float]
    middle: Sequence[float]
    late: Sequence[float]
    ratios: Sequence[float]
    untrained_ratios: Sequence[float]
    half_lives: Sequence[float]

    @classmethod
    def of(cls, group: Group) -> Self:
        def last(key: str) -> list[float]:
            return group.scalars("gradient_flow", key)

        return cls(
            group.label,
            group.model,
            [RunFlow.of(run, arrays) for run, arrays in group.measured("gradient_flow")],
            last("early"),
            last("middle"),
            last("late"),
            last("ratio"),
            [
                float(arrays["ratio"][0])
                for arrays in group.probe("gradient_flow")
                if arrays["epoch"][0] == 0
            ],
            [value for value in last("half_life") if value > 0],
        )

    @property
    def verdict(self) -> str:
        return verdict_on(typical(self.ratios))


@dataclass(frozen=True)
class GradientFlow(ProbeFinding):
    place, probe = 80, "gradient_flow"

    lines: Sequence[FlowLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [FlowLine.of(group) for group in groups if group.probe(cls.probe)]
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        marks = {run.marks for line in self.lines for run in line.runs}
        steps = [f"t={t}" for t in marks.pop()] if len(marks) == 1 else ["early", "middle", "late"]
        head = ["gradient ‖dL/de_t‖", "untrained early/late", *steps, "early/late", "half-life",
                "verdict"]  # fmt: skip
        note = "geometric means over seeds, (95% intervals)"
        if {len(line.late) for line in self.lines} == {1}:
            note = "one seed gives no interval; means over examples"
        if any(line.verdict == NOT_MEASURED for line in self.lines):
            note += "; not measured: no example reaches the late step, or it overflowed"
        return [Table(head, [_row(line) for line in self.lines], [note])]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gradient_flow

        return gradient_flow.draw(self, folder)


def _row(line: FlowLine) -> list[Cell]:
    return [
        Cell(line.label),
        magnitude(line.untrained_ratios, bare=True),
        *(magnitude(values, bare=True) for values in (line.early, line.middle, line.late)),
        magnitude(line.ratios),
        _half_life(line.half_lives),
        Cell(line.verdict),
    ]


def _half_life(values: Sequence[float]) -> Cell:
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        cell = powers(log_interval(finite))
        return Cell(f"{cell.text} steps", cell.value)
    return Cell("does not fall" if values else NOTHING)
