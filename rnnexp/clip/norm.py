"""Clipping by the norm of all gradients together."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.clip.base import Clip, certainly
from rnnexp.ranges import more_than


@dataclass(frozen=True)
class Norm(Clip):
    """g <- g min(1, max_norm / ‖g‖), ‖g‖ over all gradients (Pascanu et al. 2013, section 3.2).

    max_norm: infinite for no clipping, so that a study can sweep over it.
    """

    max_norm: float = 1.0

    def __post_init__(self) -> None:
        if self.max_norm != math.inf:
            more_than("max_norm", self.max_norm, 0)

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        if self.max_norm == math.inf:
            return torch.zeros((), dtype=torch.bool, device=norm.device), norm
        if certainly(norm <= self.max_norm):
            return torch.zeros((), dtype=torch.bool), norm
        factor = (self.max_norm / norm).clamp(max=1.0)
        torch._foreach_mul_(gradients, factor.to(gradients[0].dtype))
        return norm > self.max_norm, norm * factor
