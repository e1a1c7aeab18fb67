"""Steps of the size of the last steps, by running means of squares."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_decay
from rnnexp.ranges import a_fraction


@dataclass(frozen=True, kw_only=True)
class Adadelta(Optimizer):
    """v <- ρ v + (1 - ρ) g²,  Δ = g √(u + eps) / √(v + eps),  u <- ρ u + (1 - ρ) Δ²,
    w <- w - lr Δ.

    Source: Zeiler 2012; torch.optim.Adadelta. With weight_decay λ the gradient is g + λ w.

    rho: ρ. eps: decides how large the first steps are. weight_decay: λ.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adadelta

    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0

    def check(self) -> None:
        a_fraction("rho", self.rho)
        check_decay(self.eps, self.weight_decay)
