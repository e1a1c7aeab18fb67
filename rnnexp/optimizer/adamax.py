"""Adam by the largest gradient in the place of the mean of squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_betas, check_decay


@dataclass(frozen=True, kw_only=True)
class Adamax(Optimizer):
    """m as of Adam,  u <- max(β2 u, |g| + eps),  w <- w - lr m̂ / u.

    Source: Kingma and Ba 2015, section 7.1; torch.optim.Adamax.

    betas, eps, weight_decay: as of Adam.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adamax

    lr: float = 2e-3
    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def check(self) -> None:
        check_betas(self.betas)
        check_decay(self.eps, self.weight_decay)
