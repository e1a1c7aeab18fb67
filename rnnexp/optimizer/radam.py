"""Adam that waits with its quotient until the mean of squares is known well enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_betas, check_decay


@dataclass(frozen=True, kw_only=True)
class RAdam(Optimizer):
    """Adam with its first steps rectified by the variance of v.

    Source: Liu et al. 2020; torch.optim.RAdam.

    betas, eps, weight_decay: as of Adam. decoupled_weight_decay: decay as AdamW does.
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.RAdam

    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled_weight_decay: bool = False

    def check(self) -> None:
        check_betas(self.betas)
        check_decay(self.eps, self.weight_decay)
