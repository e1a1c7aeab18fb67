"""The linear recurrent unit, LRU: a diagonal linear recurrence with complex eigenvalues.

Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, "Resurrecting recurrent neural
networks for long sequences", arXiv:2303.06349, section 3 and appendix A. The paper's readout
Re(C s_t) is a linear map of real and imaginary parts, so that the head, or the W_ih of the layer
above, is C. Left out: the skip D, and what the paper has between layers (normalisation, MLP with
gates, residual): without them stacked layers are linear.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Shapes, Weights
from rnnexp.model.cells.diagonal import DiagonalCell, Terms
from rnnexp.ranges import a_fraction, more_than

#: A phase of one whole turn, as the paper's.
TURN = 2 * math.pi


@dataclass(frozen=True)
class LRUCell(DiagonalCell):
    """s_t = λ s_(t-1) + γ (B x_t), by unit,   h_t = [Re s_t; Im s_t], H/2 complex units.

    λ = exp(-exp(ν) + i exp(θ)), |λ| < 1 whatever ν; γ starts from √(1 - |λ|²), which makes the
    states as large as what is read, and is trained as ln γ. At first |λ| lies on the ring from
    `r_min` to `r_max`, evenly by area, its phase evenly from 0 to `max_phase`, and B is N(0, 1/2E),
    real and imaginary part each.
    With `eigenvalues=real`: λ = tanh(ν) in [-1, 1], H real units, h_t = s_t, either sign equally
    often at first, and B is N(0, 1/E).

    W_ih [H, E]: rows Re B, Im B, or B; nu, theta and gamma_log [H/2], or nu and gamma_log [H].
    There is no bias. State: h [B, H].

    eigenvalues: `complex` or `real`. r_min, r_max: of the ring, 0 <= r_min < r_max <= 1.
    max_phase: in radians, above 0; None: a whole turn. Real eigenvalues have none.
    """

    eigenvalues: Literal["complex", "real"] = "complex"
    r_min: float = 0.0
    r_max: float = 1.0
    max_phase: float | None = None
    name = "lru"
    blocks = ("content",)
    candidate = "content"

    def __post_init__(self) -> None:
        if self.eigenvalues not in ("complex", "real"):
            raise ValueError(f"eigenvalues must be complex or real (got {self.eigenvalues})")
        a_fraction("r_min", self.r_min)
        if not self.r_min < self.r_max <= 1:
            raise ValueError(
                f"r_max must be above r_min={self.r_min} and at most 1 (got {self.r_max})"
            )
        if self.max_phase is None:
            return
        if not self.is_complex:
            raise ValueError(
                f"max_phase={self.max_phase} is of complex eigenvalues, and there are real ones: "
                "leave it null"
            )
        more_than("max_phase", self.max_phase, 0)
        if self.max_phase > TURN:
            raise ValueError(
                f"max_phase must be at most 2π, {TURN:.5g}, a whole turn (got {self.max_phase})"
            )

    @property
    def is_complex(self) -> bool:
        return self.eigenvalues == "complex"

    def check(self, input_size: int, hidden_size: int) -> None:
        super().check(input_size, hidden_size)
        if self.is_complex and hidden_size % 2:
            raise ValueError(
                "hidden_size must be even for cell=lru, two numbers for each complex unit (got "
                f"{hidden_size}): or use "
                "model.cell_options.eigenvalues=real"
            )

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        count = hidden_size // 2 if self.is_complex else hidden_size
        names = ("nu", "theta", "gamma_log") if self.is_complex else ("nu", "gamma_log")
        return {"weight_ih": (hidden_size, input_size)} | dict.fromkeys(names, (count,))

    def draw(self, weights: Weights, hidden_size: int) -> None:
        input_size = weights["weight_ih"].shape[1]
        parts = 2 if self.is_complex else 1
        weights["weight_ih"].normal_(0, 1 / math.sqrt(parts * max(input_size, 1)))
        nu_U = weights["nu"]
        # below 1, where ν would be infinite
        squares_U = torch.empty_like(nu_U).uniform_(self.r_min**2, self.r_max**2)
        radius_U = squares_U.sqrt().clamp(1e-6, 1 - 1e-6)
        if self.is_complex:
            nu_U.copy_(radius_U.log().neg().log())
            phase_U = torch.empty_like(nu_U).uniform_(0, self.max_phase or TURN)
            weights["theta"].copy_(phase_U.clamp_min(1e-6).log())
        else:
            sign_U = torch.empty_like(nu_U).bernoulli_(0.5).mul_(2).sub_(1)
            nu_U.copy_(torch.atanh(radius_U * sign_U))
        weights["gamma_log"].copy_(torch.log1p(-(radius_U**2)) / 2)

    def read(self, x: Tensor, weights: Weights) -> Tensor:
        """γ B x_t, [T, B, H]; in the parameters' type, for there is no complex bfloat16."""
        gamma_U = weights["gamma_log"].exp()
        gamma_H = torch.cat([gamma_U, gamma_U]) if self.is_complex else gamma_U
        return F.linear(x, weights["weight_ih"]).to(gamma_H.dtype) * gamma_H

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        """λ, [U]."""
        if not self.is_complex:
            return (weights["nu"].tanh(),)
        return (torch.polar((-weights["nu"].exp()).exp(), weights["theta"].exp()),)

    def terms(self, a: Tensor, lambda_U: Tensor) -> Terms:
        return Terms(lambda_U, self.units(a), {})

    def units(self, h: Tensor) -> Tensor:
        return torch.complex(*h.chunk(2, dim=-1)) if self.is_complex else h

    def hidden(self, units: Tensor) -> Tensor:
        return torch.cat([units.real, units.imag], dim=-1) if self.is_complex else units
