"""Steps divided by the root of all squared gradients so far."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_decay
from rnnexp.ranges import at_least


@dataclass(frozen=True, kw_only=True)
class Adagrad(Optimizer):
    """s <- s + g²,  w <- w - lr / (1 + n lr_decay) g / (√s + eps) at step n, with g + λ w for g.

    Source: Duchi et al. 2011; torch.optim.Adagrad.

    lr_decay: of the rate with the steps. weight_decay: λ. initial_accumulator_value: of s.
    eps: keeps the quotient finite.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adagrad

    lr: float = 1e-2
    lr_decay: float = 0.0
    weight_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def check(self) -> None:
        at_least("lr_decay", self.lr_decay, 0)
        check_decay(self.eps, self.weight_decay)
        at_least("initial_accumulator_value", self.initial_accumulator_value, 0)
