"""The spectrum of Lyapunov exponents at the first and at the last measurement: a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group


@dataclass(frozen=True)
class Spectrum:
    """Exponents per step, largest first, after `epoch` epochs."""

    epoch: float
    exponents: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lyapunov(ProbeFinding):
    place, probe, compared = 150, "lyapunov", False

    label: str
    model: str
    first: Spectrum
    last: Spectrum

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for arrays in group.probe(cls.probe):
                first, last = (
                    Spectrum(float(arrays["epoch"][m]), arrays["spectrum"][m]) for m in (0, -1)
                )
                return cls(group.label, group.model, first, last)
        return None

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import lyapunov

        return lyapunov.draw(self, folder)
