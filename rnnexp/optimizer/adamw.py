"""Adam whose weight decay is apart from the gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_betas, check_decay


@dataclass(frozen=True, kw_only=True)
class AdamW(Optimizer):
    """Adam, and w <- w (1 - lr λ) beside it.

    Source: Loshchilov and Hutter 2019; torch.optim.AdamW.

    betas, eps, amsgrad: as of Adam. weight_decay: λ.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.AdamW
    has_fused: ClassVar[bool] = True

    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01
    amsgrad: bool = False

    def check(self) -> None:
        check_betas(self.betas)
        check_decay(self.eps, self.weight_decay)
