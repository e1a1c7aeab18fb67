"""Singular values of the map from the state k steps before to the last: a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JacobianCurve:
    """One measurement, by the distance k. log_largest: ln of the largest singular value."""

    distance: Array
    log_largest: Array
    condition: Array


@dataclass(frozen=True)
class Jacobian(ProbeFinding):
    place, probe, compared = 140, "jacobian", False

    label: str
    model: str
    first: JacobianCurve
    last: JacobianCurve

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for arrays in group.probe(cls.probe):
                first, last = (
                    JacobianCurve(
                        arrays["distance"][m], arrays["log_largest"][m], arrays["condition"][m]
                    )
                    for m in (0, -1)
                )
                return cls(group.label, group.model, first, last)
        return None

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import jacobian

        return jacobian.draw(self, folder)
