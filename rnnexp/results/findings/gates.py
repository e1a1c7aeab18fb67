"""How far the gates stand open, and for how long the carry gate keeps what was there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.statistics import SHARE, Interval, t_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.summary import CellFacts
from rnnexp.results.tables import Cell, Table, with_interval

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CarryLine:
    """A group: the mean of the gate that multiplies the old state, and each run's median memory
    time in steps.
    """

    label: str
    gate: str
    mean: Interval
    memory_times: Sequence[float]


@dataclass(frozen=True)
class GateCurves:
    """One run at its first and at its last measurement.

    gates: each gate's mean per step, of the two. carry: the gate that multiplies the old state.
    products: mean product of the last k carry gates, of the two; None where no gate is known to be
        the carry gate. memory_time: its median over units at the last measurement, in steps.
    """

    label: str
    gates: Mapping[str, tuple[Array, Array]]
    carry: str | None
    products: tuple[Array, Array] | None
    memory_time: float


@dataclass(frozen=True)
class Gates(ProbeFinding):
    """lines: of the groups whose cell is known. curves: of a run that is looked at on its own."""

    place, probe, answer_place = 110, "gates", 250
    heading = "How far the gates stand open"
    equation = (
        "product of the last k carry gates: f_n f_(n-1) ... f_(n-k+1), mean over examples and "
        "units\n"
        "time constant of a unit: -1 / (mean over steps of ln f_t)"
    )
    reading = (
        "A gate of 1 is open and one of 0 is closed. 'Carry' is the mean of the gate that "
        "multiplies what is carried over (f of an LSTM, z of a GRU), and the time constant, "
        "its median over units, is the number of steps in which that leaves 37% of what was "
        "there. The falling curve is the product of the last k carry gates: what is left of a "
        "state k steps old."
    )
    misleads = (
        "It is the direct path alone: what goes through the recurrent weights can hold longer, "
        "or undo it. A median hides the few units that hold, and a mean of products is theirs "
        "alone. An open carry gate keeps whatever is there, useful or not."
    )

    lines: Sequence[CarryLine]
    curves: GateCurves | None

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [line for group in groups if (line := _line(group)) is not None]
        curves = _curves(groups[0]) if groups[0].alone else None
        return cls(lines, curves) if lines or curves else None

    def tables(self) -> list[Table]:
        rows = []
        for line in self.lines:
            carry = with_interval(line.mean)
            memory = Magnitude.of(line.memory_times).cell(unit=" steps", infinite="infinite")
            rows.append(
                [
                    Cell(line.label),
                    Cell(f"{line.gate} {carry.text}", carry.value),
                    memory,
                ]
            )
        return [Table(["gates, means", "carry", "median time constant"], rows)] if rows else []

    def answer(self) -> str:
        """How long the gate that carries the state keeps it."""
        known = [
            (line, Magnitude.of(line.memory_times).cell(unit=" steps", infinite="infinite"))
            for line in self.lines
        ]
        parts = [sentences.labelled(line.label, times.text) for line, times in known]
        if not parts:
            return ""
        return (
            "The gate that carries the state forgets with a median time constant of "
            f"{sentences.listed(parts)}."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gates

        return gates.draw(self.curves, folder) if self.curves else []


def _line(group: Group) -> CarryLine | None:
    cell = group.ended[0].summary.cell
    if cell is None or cell.carry is None:
        return None
    means = group.scalars("gates", f"mean_{cell.carry}", may_lack=True)
    if not means:
        return None
    times = group.scalars("gates", "median_memory_time", may_lack=True)
    return CarryLine(group.label, cell.carry, t_interval(means, SHARE), times)


def _curves(group: Group) -> GateCurves | None:
    for run, arrays in group.measured("gates"):
        cell = run.summary.cell
        carry = cell.carry if cell else None
        return GateCurves(
            group.label,
            {name: (arrays[name][0], arrays[name][-1]) for name in _gates(cell, arrays)},
            carry,
            (arrays["product"][0], arrays["product"][-1]) if carry else None,
            float(arrays["median_memory_time"][-1]),
        )
    return None


def _gates(cell: CellFacts | None, arrays: Arrays) -> list[str]:
    """The gates that were measured; where the cell is not known, all blocks that have a mean."""
    if cell is None:
        return [name for name in arrays if f"mean_{name}" in arrays]
    return [name for name in cell.gates if name in arrays and name != cell.candidate]
