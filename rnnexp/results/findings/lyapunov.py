"""The spectrum of Lyapunov exponents at the first and at the last measurement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table, count, with_ends

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """Exponents per step, largest first, means over `examples` texts.

    progress: how far the training had come, counted in the finding's `unit`.
    low, high: ends of the 95% interval over them; None where there is none.
    """

    progress: float
    exponents: Array
    low: Array | None
    high: Array | None
    examples: int | None

    @classmethod
    def of(cls, arrays: Arrays, row: int, progress: float) -> Self:
        has_interval = "spectrum_low" in arrays and not np.isnan(arrays["spectrum_low"][row]).all()
        return cls(
            progress,
            arrays["spectrum"][row],
            arrays["spectrum_low"][row] if has_interval else None,
            arrays["spectrum_high"][row] if has_interval else None,
            int(arrays["examples"][row]) if "examples" in arrays else None,
        )

    @property
    def largest(self) -> Cell:
        """The largest exponent, with its interval."""
        low, high = (math.nan if end is None else float(end[0]) for end in (self.low, self.high))
        return with_ends(float(self.exponents[0]), low, high)


@dataclass(frozen=True)
class Lyapunov(ProbeFinding):
    place, probe, compared = 150, "lyapunov", False
    answer_place = 245
    heading = "The rates at which small changes of state grow or shrink"
    equation = (
        "Q_t R_t = A_t Q_(t-1), A_t = ds_t/ds_(t-1), s the state of all layers; λ_i = mean "
        "over steps behind the burn-in of ln |(R_t)_ii|"
    )
    reading = (
        "Each exponent is the rate per step at which a small change of the state grows (above "
        "0) or dies out (below 0), in a direction of its own. Along the largest, λ_1, a change "
        "is multiplied by e^λ_1 at each step: near 0 it is kept, above 0 the dynamics is "
        "chaotic. 'Sum' is the rate at which volumes of states shrink."
    )
    misleads = (
        "A network that latches holds a cue for ever with all exponents far below 0: they are "
        "of small changes, not of memory. They are averages along a few examples, under the "
        "inputs of these. Where a direction is lost altogether, as behind a ReLU, the lowest "
        "exponents are rounding errors or -∞."
    )

    label: str
    model: str
    first: Spectrum
    last: Spectrum
    unit: str

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for run, arrays in group.measured(cls.probe):
                progress_M, unit = run.progress(arrays)
                first, last = (Spectrum.of(arrays, row, float(progress_M[row])) for row in (0, -1))
                return cls(group.label, group.model, first, last, unit)
        return None

    def tables(self) -> list[Table]:
        head = ["Lyapunov exponents", self.unit, "largest, 1/step", "sum, 1/step", "examples"]
        rows = [
            [
                Cell(self.label),
                Cell(f"{spectrum.progress:.0f}", spectrum.progress),
                spectrum.largest,
                Cell(f"{spectrum.exponents.sum():.3g}", float(spectrum.exponents.sum())),
                Cell(NOTHING) if spectrum.examples is None else count(spectrum.examples),
            ]
            for spectrum in {s.progress: s for s in (self.first, self.last)}.values()
        ]
        return [Table(head, rows, ["means (95% interval) over the longest examples"])]

    def answer(self) -> str:
        """Whether small changes grow or die out, where the whole interval says it."""
        largest, low, high = self.last.largest, self.last.low, self.last.high
        if largest.value is None:
            return ""
        meaning = "whether small changes of the state grow or die out is unclear"
        if low is not None and high is not None and float(high[0]) < 0:
            meaning = "small changes of the state die out"
        elif low is not None and high is not None and float(low[0]) > 0:
            meaning = "small changes of the state grow"
        return f"Largest Lyapunov exponent {largest.text} per step: {meaning}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import lyapunov

        return lyapunov.draw(self, folder)
