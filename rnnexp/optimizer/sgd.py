"""Stochastic gradient descent, with momentum if wanted."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_momentum
from rnnexp.ranges import at_least, finite


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """v <- μ v + (1 - τ) g,  w <- w - lr v, with g + λ w for g.

    v begins as the first g. Without momentum μ it is w <- w - lr g. Source: Sutskever et al. 2013;
    torch.optim.SGD, whose v is not multiplied by lr.

    momentum: μ. dampening: τ. weight_decay: λ. nesterov: take g + μ v in the place of v.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.SGD
    has_fused: ClassVar[bool] = True

    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def check(self) -> None:
        check_momentum(self.momentum)
        at_least("weight_decay", self.weight_decay, 0)
        finite("dampening", self.dampening)
        if self.dampening and not self.momentum:
            raise ValueError(
                f"dampening={self.dampening} is of what momentum adds, and momentum is 0: "
                "use optimizer.dampening=0"
            )
        if self.nesterov and not (self.momentum > 0 and self.dampening == 0):
            raise ValueError(
                "nesterov=true needs momentum above 0 and dampening=0: use "
                "optimizer.momentum=0.9, or optimizer.nesterov=false"
            )
