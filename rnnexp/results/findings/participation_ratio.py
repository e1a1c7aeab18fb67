"""How many directions the states use, over training: a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ParticipationRatio(ProbeFinding):
    """ratio_M: at each of M measurements, when training had come to progress_M, in `unit`.

    shares_H: of the variance, by direction, at the last measurement.
    """

    place, probe, compared = 160, "participation_ratio", False

    label: str
    model: str
    hidden_size: int
    ratio_M: Array
    shares_H: Array
    progress_M: Any
    unit: str

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for run, arrays in group.measured(cls.probe):
                return cls(
                    group.label, group.model, int(arrays["hidden_size"][-1]), arrays["ratio"],
                    arrays["eigenvalues"][-1], *run.progress(arrays),
                )  # fmt: skip
        return None

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import participation_ratio

        return participation_ratio.draw(self, folder)
