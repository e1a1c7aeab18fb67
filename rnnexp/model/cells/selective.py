"""A selective diagonal gate, as in Mamba: how much is kept depends on what is read.

Source: Gu and Dao 2023, "Mamba: linear-time sequence modeling with selective state spaces",
arXiv:2312.00752, algorithm 2; eigenvalues down to -1: Grazzi, Siems, Franke, Zela, Hutter and
Pontil 2024, "Unlocking state-tracking in linear RNNs through negative eigenvalues",
arXiv:2411.12537. One number of state for each unit (Mamba has 16). Δ_t alone follows the input: B
and C, which do too in Mamba, are plain weights here, B in what is read, C in the head or the layer
above. Left out: the convolution before it, the branch that multiplies its output, the skip D.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rnnexp.model.cells.base import Shapes, Weights
from rnnexp.model.cells.diagonal import DiagonalCell, Terms
from rnnexp.ranges import more_than


@dataclass(frozen=True)
class SelectiveCell(DiagonalCell):
    """Δ_t = softplus(W_Δ x_t + b_Δ), A = exp(A_log),   h_t = a_t h_(t-1) + Δ_t (W_u x_t + b_u),

    a_t = exp(-Δ_t A) in [0, 1]; with `negative_eigenvalues` a_t = 2 exp(-Δ_t A) - 1 in [-1, 1].
    Δ_t = 0 keeps h and lets nothing in.

    At first A = 1 and b_Δ is such that Δ at x = 0 lies between `dt_min` and `dt_max`, evenly in
    ln Δ: the units keep for 1/dt_max to 1/dt_min steps, half as many with negative eigenvalues. All
    other weights from U(±1/√H).
    W_ih [2H, E], b_ih [2H]: rows keep (Δ), content (u); A_log [H]. State: h [B, H]. The gate that
    is told as `keep` is |a_t|.

    negative_eigenvalues: whether a_t reaches down to -1, so that a unit can change its sign at each
    step, as parity needs.
    """

    negative_eigenvalues: bool = False
    dt_min: float = 0.001
    dt_max: float = 0.1
    name = "selective"
    blocks = ("keep", "content")
    candidate = "content"
    carry = "keep"
    carry_is_logistic = False

    def __post_init__(self) -> None:
        more_than("dt_min", self.dt_min, 0)
        if not self.dt_min <= self.dt_max < math.inf:
            raise ValueError(
                f"dt_max must be a number that is at least dt_min={self.dt_min} (got {self.dt_max})"
            )

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        return super().shapes(input_size, hidden_size) | {"A_log": (hidden_size,)}

    def draw(self, weights: Weights, hidden_size: int) -> None:
        super().draw(weights, hidden_size)
        low, high = math.log(self.dt_min), math.log(self.dt_max)
        dt_H = torch.empty(hidden_size).uniform_(low, high).exp()
        weights["bias_ih"][:hidden_size] = dt_H + torch.log(-torch.expm1(-dt_H))  # softplus back
        weights["A_log"].zero_()

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        return (weights["A_log"].exp(),)

    def terms(self, a: Tensor, A_H: Tensor) -> Terms:
        a_dt, content = a.chunk(2, dim=-1)
        dt = softplus(a_dt)
        keep = self.eigenvalue(dt, A_H)
        return Terms(keep, dt * content, {"keep": keep.abs(), "content": content})

    def eigenvalue(self, dt: Tensor, A_H: Tensor) -> Tensor:
        """a_t of Δ_t."""
        decay = torch.exp(-dt * A_H)
        return 2 * decay - 1 if self.negative_eigenvalues else decay

    def first_carry(self, x_NE: Tensor, weights: Weights) -> Tensor:
        dt_NH = softplus(self.preactivation("keep", x_NE, weights))
        return self.eigenvalue(dt_NH, *self.constants(weights)).abs()
