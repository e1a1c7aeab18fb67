"""The gradient norm of every training step, what clipping did, and how training ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import Interval, log_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table, powers
from rnnexp.scores import Score

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StepNorms:
    """One run, a number per training step: norm before and after clipping, and the loss."""

    before: Array
    after: Array
    loss: Array

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(*(_in_a_row(arrays, key) for key in ("before", "after", "loss")))


@dataclass(frozen=True)
class NormLine:
    """first_before, first_after: of the first step, over runs. median, largest: of all steps before
    clipping, None where none is finite. clipped: the share of steps. ended: how runs ended.
    """

    label: str
    model: str
    runs: Sequence[StepNorms]
    first_before: Interval
    first_after: Interval
    median: float | None
    largest: float | None
    clipped: float
    ended: str


@dataclass(frozen=True)
class GradNorm(ProbeFinding):
    """loss: how the training loss is read, with its chance level; None where nobody knows."""

    place, probe = 100, "grad_norm"

    lines: Sequence[NormLine]
    loss: Score | None

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        measured = [g for g in groups if any("before" in arrays for arrays in g.probe(cls.probe))]
        if not measured:
            return None
        return cls([_line(group) for group in measured], measured[0].ended[0].summary.score("loss"))

    def tables(self) -> list[Table]:
        head = ["gradient norm per step", "first step", "after clipping", "median", "largest",
                "clipped", "ended"]  # fmt: skip
        return [Table(head, [_row(line) for line in self.lines])]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import grad_norm

        return grad_norm.draw(self, folder)


def _line(group: Group) -> NormLine:
    measured = [arrays for arrays in group.probe("grad_norm") if "before" in arrays]
    before = np.concatenate([arrays["before"].ravel() for arrays in measured])
    before = before[~np.isnan(before)]
    clipped = np.concatenate([arrays["clipped"] for arrays in measured])
    statuses = [run.summary.status for run in group.ended]
    return NormLine(
        group.label,
        group.model,
        [StepNorms.of(arrays) for arrays in measured],
        log_interval([float(arrays["before"][0][0]) for arrays in measured]),
        log_interval([float(arrays["after"][0][0]) for arrays in measured]),
        float(np.median(before)) if len(before) else None,
        float(before.max()) if len(before) else None,
        float(np.nanmean(clipped)),
        ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)),
    )


def _row(line: NormLine) -> list[Cell]:
    first = (line.first_before, line.first_after)
    return [
        Cell(line.label),
        *(powers(interval) if interval.n else Cell("not finite") for interval in first),
        Cell(NOTHING if line.median is None else f"{line.median:.3g}", line.median),
        Cell("not finite" if line.largest is None else f"{line.largest:.3g}", line.largest),
        Cell(f"{line.clipped:.0%}", line.clipped),
        Cell(line.ended),
    ]


def _in_a_row(arrays: Arrays, key: str) -> Array:
    """The steps of all epochs, without what fills up shorter epochs."""
    rows = zip(arrays[key], arrays["steps"].astype(int), strict=True)
    return np.concatenate([row[:count] for row, count in rows])
