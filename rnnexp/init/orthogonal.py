"""Random orthogonal weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.init.base import WeightInit
from rnnexp.ranges import at_least


@dataclass(frozen=True)
class Orthogonal(WeightInit):
    """W = gain Q, QᵀQ = I, Q uniform over the orthogonal matrices (Saxe et al. 2014)."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        at_least("gain", self.gain, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        torch.nn.init.orthogonal_(weight_HH, self.gain, generator=generator)
