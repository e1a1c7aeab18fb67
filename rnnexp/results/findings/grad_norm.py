"""The gradient norm of every training step, what clipping did, and how training ended."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table
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
class FirstStep:
    """The norm at the first training step of each run, before clipping and after it."""

    before: Sequence[float]
    after: Sequence[float]

    @classmethod
    def of(cls, measured: Iterable[Arrays], part: str = "") -> Self:
        """part: `.weight_hh_l0` of that matrix alone; empty of all weights together."""
        pairs = [
            (float(arrays[f"before{part}"][0][0]), float(arrays[f"after{part}"][0][0]))
            for arrays in measured
            if f"before{part}" in arrays
        ]
        return cls([before for before, _ in pairs], [after for _, after in pairs])

    @property
    def clipped(self) -> bool:
        return any(a < b for a, b in zip(self.after, self.before, strict=True))


@dataclass(frozen=True)
class NormLine:
    """first: of all weights. first_of: of each matrix of the recurrence alone, by its name.

    median, largest: of all steps before clipping, None where none is finite. clipped: the share of
    steps. ended: how runs ended. batch_sizes: over how many examples the loss is a mean.
    """

    label: str
    model: str
    runs: Sequence[StepNorms]
    first: FirstStep
    first_of: Mapping[str, FirstStep]
    median: float | None
    largest: float | None
    clipped: float
    ended: str
    batch_sizes: Sequence[int]


@dataclass(frozen=True)
class GradNorm(ProbeFinding):
    """loss: how the training loss is read, with its chance level; None where nobody knows."""

    place, probe, answer_place = 100, "grad_norm", 280
    heading = "The gradient norm of every training step"
    equation = (
        "‖g‖ = √(Σ_θ (dL/dθ)²), L the mean loss of a batch, over all trained weights θ; after "
        "clipping: the same of what the optimizer gets"
    )
    reading = (
        "The figure shows the norm at each step before clipping and after it, beside the "
        "training loss. 'Clipped' is the share of steps at which the rule changed a gradient, "
        "'largest' the largest norm before clipping, 'ended' how the runs ended. The second "
        "table has the first step's norm for each matrix of the recurrence alone: weight_hh "
        "reads the state, weight_ih the input."
    )
    misleads = (
        "It adds up all weights, and most of it may belong to the readout and the word "
        "vectors: a healthy norm can hide that nothing comes back through time, which "
        "gradient_flow shows. It is of the mean loss of a batch, in which the examples' "
        "gradients partly cancel: batches of another size have another norm."
    )

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
        sizes = sorted({size for line in self.lines for size in line.batch_sizes})
        examples = f" of {' or '.join(map(str, sizes))}" if sizes else ""
        notes = [
            f"L2 norm over all trained weights together, of the mean loss of a batch{examples}"
        ]
        tables = [Table(head, [_row(line) for line in self.lines], notes)]
        if any(line.first_of for line in self.lines):
            tables.append(self._of_matrices())
        return tables

    def _of_matrices(self) -> Table:
        """The norms at the first step of each matrix of the recurrence alone."""
        names = list(dict.fromkeys(name for line in self.lines for name in line.first_of))
        steps = [[line.first_of.get(name) for name in names] for line in self.lines]
        shows_after = any(step is not None and step.clipped for row in steps for step in row)
        head = ["of one matrix, first step"]
        for name in names:
            head += [name, "after clipping"] if shows_after else [name]
        rows = []
        for line, row in zip(self.lines, steps, strict=True):
            cells = [Cell(line.label)]
            for step in row:
                cells.append(_norm([] if step is None else step.before))
                if shows_after:
                    cells.append(_norm([] if step is None else step.after))
            rows.append(cells)
        reads = [
            f"{kind} reads {what}"
            for kind, what in MATRICES.items()
            if any(name.startswith(kind) for name in names)
        ]
        return Table(head, rows, ["; ".join(reads)] if reads else [])

    def answer(self) -> str:
        """The norm at the first step, and after clipping where steps were clipped.

        Empty where nothing was clipped and every norm is finite: then it explains nothing.
        """
        told = [line for line in self.lines if line.clipped or line.largest is None]
        parts = [
            sentences.labelled(
                line.label,
                f"{_norm(line.first.before).text}, {_norm(line.first.after).text} after clipping "
                f"({line.clipped:.0%} of the steps are clipped; ended: {line.ended})",
            )
            for line in told
        ]
        if not parts:
            return ""
        return f"Norm of the gradient at the first step: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import grad_norm

        # a single step is no line
        several_steps = any(len(run.before) > 1 for line in self.lines for run in line.runs)
        return grad_norm.draw(self, folder) if several_steps else []


#: What the matrices of a recurrence read, by how their names begin.
MATRICES = {
    "weight_hh": "the state (h2h)",
    "weight_ih": "what the layer reads (i2h)",
    "i2h": "both the input and the state",
}


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
        FirstStep.of(measured),
        {
            part.removeprefix("before."): FirstStep.of(measured, part.removeprefix("before"))
            for part in dict.fromkeys(key for arrays in measured for key in arrays)
            if part.startswith("before.")
        },
        float(np.median(before)) if len(before) else None,
        float(before.max()) if len(before) else None,
        float(np.nanmean(clipped)),
        ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)),
        _batch_sizes(group),
    )


def _batch_sizes(group: Group) -> list[int]:
    configs = [run.directory.config for run in group.ended if run.directory.has_config]
    sizes = [(config.get("trainer") or {}).get("batch_size") for config in configs]
    return [size for size in sizes if size is not None]


def _row(line: NormLine) -> list[Cell]:
    return [
        Cell(line.label),
        _norm(line.first.before),
        _norm(line.first.after),
        Cell(NOTHING if line.median is None else f"{line.median:.3g}", line.median),
        Cell("not finite" if line.largest is None else f"{line.largest:.3g}", line.largest),
        Cell(f"{line.clipped:.0%}", line.clipped),
        Cell(line.ended),
    ]


def _norm(values: Sequence[float]) -> Cell:
    """The geometric mean over runs with its interval, and what is left out of it."""
    # a gradient that holds a NaN was measured, and is no more finite than one that overflowed
    known = [math.inf if math.isnan(value) else value for value in values]
    return Magnitude.of(known).cell(infinite="not finite")


def _in_a_row(arrays: Arrays, key: str) -> Array:
    """The steps of all epochs, without what fills up shorter epochs."""
    rows = zip(arrays[key], arrays["steps"].astype(int), strict=True)
    return np.concatenate([row[:count] for row, count in rows])
