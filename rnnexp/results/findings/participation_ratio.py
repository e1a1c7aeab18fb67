"""How many directions the states use, over training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.tables import NOTHING, Cell, Table, with_ends

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ParticipationRatio(ProbeFinding):
    """ratio_M: of the states that were seen, at each of M measurements, when training had come to
    progress_M, in `unit`. unbiased_M: of the distribution that they come from, low_M and high_M the
    ends of its 95% interval over sequences; NaN in runs of earlier versions.

    samples, sequences: states, and texts that they come from; None in runs of earlier versions.
    shares_H: of the variance, by direction, at the last measurement.
    """

    place, probe, compared = 160, "participation_ratio", False
    heading = "How many directions the states use"
    equation = "(Σ_i λ_i)² / Σ_i λ_i², λ the eigenvalues of the states' covariance"
    reading = (
        "It is 1 where all states lie on a line, and as many as there are units where they "
        "fill all directions alike. 'Participation ratio' is of the states that were seen, 'of "
        "their distribution' is corrected for how few they are, with its 95% interval over "
        "sequences; the figure has the share of the variance along each direction."
    )
    misleads = (
        "The ratio of few states is too small, and never above their number: look at the "
        "corrected one. It counts directions of much variance, and the answer may be written "
        "in one of little. Changes along a sequence and differences between sequences count "
        "alike."
    )

    label: str
    model: str
    hidden_size: int
    ratio_M: Array
    unbiased_M: Array
    low_M: Array
    high_M: Array
    samples: int | None
    sequences: int | None
    shares_H: Array
    progress_M: Any
    unit: str

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for run, arrays in group.measured(cls.probe):
                ratio_M = arrays["ratio"]
                unknown_M = np.full(len(ratio_M), np.nan)
                unbiased_M, low_M, high_M = (
                    arrays.get(key, unknown_M)
                    for key in ("unbiased", "unbiased_low", "unbiased_high")
                )
                samples, sequences = (
                    int(arrays[key][-1]) if key in arrays else None
                    for key in ("samples", "sequences")
                )
                return cls(
                    group.label, group.model, int(arrays["hidden_size"][-1]), ratio_M, unbiased_M,
                    low_M, high_M, samples, sequences, arrays["eigenvalues"][-1],
                    *run.progress(arrays),
                )  # fmt: skip
        return None

    def tables(self) -> list[Table]:
        head = ["dimension of the states", self.unit, "participation ratio",
                "of their distribution", "states, of sequences"]  # fmt: skip
        sampled = NOTHING if self.samples is None else f"{self.samples}, {self.sequences}"
        rows = [
            [
                Cell(f"{self.label} (of {self.hidden_size})"),
                Cell(f"{self.progress_M[row]:.0f}", float(self.progress_M[row])),
                Cell(f"{self.ratio_M[row]:.3g}", float(self.ratio_M[row])),
                self._unbiased(row),
                Cell(sampled),
            ]
            for row in dict.fromkeys([0, len(self.ratio_M) - 1])
        ]
        note = (
            "of their distribution: corrected for their number (95% interval over sequences); "
            "the ratio of few states is too small"
        )
        return [Table(head, rows, [note])]

    def _unbiased(self, row: int) -> Cell:
        return with_ends(*(float(v[row]) for v in (self.unbiased_M, self.low_M, self.high_M)))

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import participation_ratio

        return participation_ratio.draw(self, folder)
