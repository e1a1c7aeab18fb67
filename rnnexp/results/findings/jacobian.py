"""Singular values of the map from the state k steps before to the last."""

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
class JacobianCurve:
    """One measurement, by the distance k. log_largest: ln of the largest singular value.

    low, high: ends of its 95% interval over `examples` texts; None where there is none.
    gain: slope of `log_largest` per step, with its interval. progress: how far the training had
    come, counted in the finding's `unit`.
    """

    progress: float
    distance: Array
    log_largest: Array
    condition: Array
    low: Array | None
    high: Array | None
    gain: Cell
    examples: int | None

    @classmethod
    def of(cls, arrays: Arrays, row: int, progress: float) -> Self:
        has_interval = "log_largest_low" in arrays and not np.isnan(arrays["log_gain_low"][row])
        names = ("log_gain_per_step", "log_gain_low", "log_gain_high")
        gain = (float(arrays[name][row]) if name in arrays else math.nan for name in names)
        return cls(
            progress,
            arrays["distance"][row],
            arrays["log_largest"][row],
            arrays["condition"][row],
            arrays["log_largest_low"][row] if has_interval else None,
            arrays["log_largest_high"][row] if has_interval else None,
            with_ends(*gain),
            int(arrays["examples"][row]) if "examples" in arrays else None,
        )


@dataclass(frozen=True)
class Jacobian(ProbeFinding):
    place, probe, compared = 140, "jacobian", False
    answer_place = 235
    heading = "What a small change of state becomes k steps later"
    equation = (
        "J_k = ds_n/ds_(n-k) = A_n A_(n-1) ... A_(n-k+1), A_t = ds_t/ds_(t-1), s the state of "
        "all layers (h, of an LSTM also c)\n"
        "largest singular value σ_max(J_k); condition number σ_max / σ_min"
    )
    reading = (
        "The largest singular value is what the luckiest small change of the state k steps "
        "before the end is multiplied by. A straight fall of its logarithm is exponential "
        "forgetting, and the table has that slope per step: below 0 changes die out, above 0 "
        "they grow. The condition number says how differently directions fare."
    )
    misleads = (
        "It is the best of all directions, which the loss need not use: gradient_flow says "
        "what the loss sees. It is of infinitely small changes along a few examples, and a "
        "network that latches has small ones while it holds. Condition numbers above 4.5e15 "
        "are beyond float64 and only a lower bound."
    )

    label: str
    model: str
    first: JacobianCurve
    last: JacobianCurve
    unit: str

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for run, arrays in group.measured(cls.probe):
                progress_M, unit = run.progress(arrays)
                first, last = (
                    JacobianCurve.of(arrays, row, float(progress_M[row])) for row in (0, -1)
                )
                return cls(group.label, group.model, first, last, unit)
        return None

    def tables(self) -> list[Table]:
        head = ["Jacobian ds_n/ds_(n-k)", self.unit, "ln largest singular value, per step",
                "examples"]  # fmt: skip
        rows = [
            [
                Cell(self.label),
                Cell(f"{curve.progress:.0f}", curve.progress),
                curve.gain,
                Cell(NOTHING) if curve.examples is None else count(curve.examples),
            ]
            for curve in {c.progress: c for c in (self.first, self.last)}.values()
        ]
        return [Table(head, rows, ["means (95% interval) over the longest examples"])]

    def answer(self) -> str:
        """By what a change of the state is multiplied per step, along its best direction."""
        if self.last.gain.value is None:
            return ""
        return (
            "Per step back the largest singular value of the state's Jacobian changes by "
            f"{self.last.gain.text} (natural logarithm; 95% interval over examples)."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import jacobian

        return jacobian.draw(self, folder)
