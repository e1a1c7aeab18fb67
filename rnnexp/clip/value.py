"""Clipping element by element."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.clip.base import Clip, total_norm
from rnnexp.ranges import more_than


@dataclass(frozen=True)
class Value(Clip):
    """Each element of g clamped to [-max_value, max_value]."""

    max_value: float = 1.0

    def __post_init__(self) -> None:
        more_than("max_value", self.max_value, 0)

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        torch._foreach_clamp_max_(gradients, self.max_value)
        torch._foreach_clamp_min_(gradients, -self.max_value)
        after = total_norm(gradients)
        return after < norm, after
