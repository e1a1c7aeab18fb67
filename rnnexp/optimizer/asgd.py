"""Gradient descent whose rate falls with the steps, after Polyak and Juditsky."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer
from rnnexp.ranges import at_least, more_than


@dataclass(frozen=True, kw_only=True)
class ASGD(Optimizer):
    """w <- w (1 - lambd η) - η g, η = lr / (1 + lambd lr n)^alpha at step n.

    Source: Polyak and Juditsky 1992; torch.optim.ASGD. The averaged weights that it keeps from step
    t0 on are not used, neither by torch nor here: `trainer.ema` tests averaged weights.

    lambd, alpha: of the rate. t0: see above. weight_decay: λ, the gradient is g + λ w.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.ASGD

    lr: float = 1e-2
    lambd: float = 1e-4
    alpha: float = 0.75
    t0: float = 1e6
    weight_decay: float = 0.0

    def check(self) -> None:
        at_least("lambd", self.lambd, 0)
        more_than("alpha", self.alpha, 0)
        at_least("t0", self.t0, 0)
        at_least("weight_decay", self.weight_decay, 0)
