"""Independent normal weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.init.base import WeightInit
from rnnexp.ranges import at_least


@dataclass(frozen=True)
class Normal(WeightInit):
    """W ~ N(0, std²), each element on its own."""

    std: float = 0.1

    def __post_init__(self) -> None:
        at_least("std", self.std, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        weight_HH.normal_(0.0, self.std, generator=generator)
