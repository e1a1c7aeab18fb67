"""Adam: steps of like size for every weight, by running means of its gradient and of its square."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from rnnexp.optimizer.base import Optimizer, check_betas, check_decay


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """m <- β1 m + (1 - β1) g,  v <- β2 v + (1 - β2) g²,  w <- w - lr m̂ / (√v̂ + eps).

    m̂ and v̂ are m and v divided by 1 - β^n at step n. Source: Kingma and Ba 2015; torch.optim.Adam.
    With `weight_decay` λ the gradient is g + λ w; `optimizer=adamw` keeps the two apart.

    betas: β1 and β2. eps: keeps the quotient finite. weight_decay: λ.
    amsgrad: divide by the largest v̂ so far (Reddi et al. 2018).
    """

    kind: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adam
    has_fused: ClassVar[bool] = True

    betas: Sequence[float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False

    def check(self) -> None:
        check_betas(self.betas)
        check_decay(self.eps, self.weight_decay)
