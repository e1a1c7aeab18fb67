"""The recurrent weights over training, and the bound they put on the gradient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.tables import Cell, Table

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RecurrentWeights(ProbeFinding):
    """blocks: spectral radius and largest singular value at each of M measurements, by the name of
    the weights' block. errors: ‖WᵀW - I‖ likewise. ratio, bound: at the last, ‖dL/dh_(n-k)‖ /
    ‖dL/dh_n‖ by the distance k and what the singular values allow it to be; None for a cell that
    has no such bound.
    """

    place, probe, compared = 170, "recurrent_weights", False
    heading = "What the recurrent weights allow"
    equation = (
        "ρ(W) = max |λ(W)|; σ_max(W); ‖WᵀW - I‖ (Frobenius)\n"
        "bound: ‖dL/dh_(n-k)‖ / ‖dL/dh_n‖ <= σ_max^k, of one tanh or ReLU layer read at one "
        "step"
    )
    reading = (
        "ρ says how fast a state grows or shrinks under W alone in the long run, σ_max how "
        "much a single step can stretch it, and ‖WᵀW-I‖ is 0 where W keeps every norm. Each "
        "block of weights has a row for the first and for the last measurement; of a one-layer "
        "RNN the figure has the measured gradient below its bound."
    )
    misleads = (
        "A bound is no measurement: where units saturate the gradient lies far below it. Of "
        "gated cells W is one part of the map from state to state, and its ρ says little of "
        "what they hold; they have no bound."
    )

    label: str
    model: str
    blocks: Mapping[str, tuple[Array, Array]]
    errors: Mapping[str, Array]
    ratio: Array | None
    bound: Array | None
    progress_M: Any
    unit: str

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        for group in groups:
            for run, arrays in group.measured(cls.probe):
                names = [k.removeprefix("radius ") for k in arrays if k.startswith("radius ")]
                bounded = "bound" in arrays
                return cls(
                    group.label,
                    group.model,
                    {name: (arrays[f"radius {name}"], arrays[f"sigma {name}"]) for name in names},
                    {name: arrays[f"orthogonality_error {name}"] for name in names},
                    arrays["ratio"][-1] if bounded else None,
                    arrays["bound"][-1] if bounded else None,
                    *run.progress(arrays),
                )
        return None

    def tables(self) -> list[Table]:
        head = [f"recurrent weights, {self.label}", self.unit, "spectral radius ρ",
                "largest singular value σ_max", "distance from orthogonal ‖WᵀW-I‖"]  # fmt: skip
        rows = [
            [
                Cell(name),
                Cell(f"{self.progress_M[row]:.0f}", float(self.progress_M[row])),
                *(
                    Cell(f"{float(values_M[row]):.3g}", float(values_M[row]))
                    for values_M in (radius_M, sigma_M, self.errors[name])
                ),
            ]
            for name, (radius_M, sigma_M) in self.blocks.items()
            for row in dict.fromkeys([0, len(radius_M) - 1])
        ]
        return [Table(head, rows)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import recurrent_weights

        return recurrent_weights.draw(self, folder)
