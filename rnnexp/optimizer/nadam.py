"""Adam with Nesterov's momentum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_betas, check_decay
from rnnexp.ranges import at_least


@dataclass(frozen=True, kw_only=True)
class NAdam(Optimizer):
    """Adam whose step looks one step of its momentum ahead.

    Source: Dozat 2016; torch.optim.NAdam.

    betas, eps, weight_decay: as of Adam. momentum_decay: ψ, by which the momentum grows to β1.
    decoupled_weight_decay: decay as AdamW does.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.NAdam

    lr: float = 2e-3
    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum_decay: float = 4e-3
    decoupled_weight_decay: bool = False

    def check(self) -> None:
        check_betas(self.betas)
        check_decay(self.eps, self.weight_decay)
        at_least("momentum_decay", self.momentum_decay, 0)
