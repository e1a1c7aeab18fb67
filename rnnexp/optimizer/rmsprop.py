"""Steps divided by the root of a running mean of the gradient's square."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_decay, check_momentum
from rnnexp.ranges import a_fraction


@dataclass(frozen=True, kw_only=True)
class RMSprop(Optimizer):
    """v <- α v + (1 - α) g²,  w <- w - lr g / (√v + eps), with g + λ w for g.

    Source: Hinton 2012, lecture 6e; torch.optim.RMSprop.

    alpha: α, how much of the mean square is kept per step (called decay elsewhere).
    eps: keeps the quotient finite. weight_decay: λ. momentum: of the quotient.
    centered: divide by the root of the variance (Graves 2013).
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.RMSprop

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centered: bool = False

    def check(self) -> None:
        a_fraction("alpha", self.alpha)
        check_decay(self.eps, self.weight_decay)
        check_momentum(self.momentum)
