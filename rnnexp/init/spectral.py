"""A random matrix of a given spectral radius."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.init.base import WeightInit
from rnnexp.ranges import at_least


@dataclass(frozen=True)
class Spectral(WeightInit):
    """W = radius A / ρ(A), A of independent N(0, 1/H): a random matrix of that spectral radius.

    Source: Jaeger 2001, "The echo state approach to analysing and training recurrent neural
    networks", where the radius decides how fast the past fades.
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        at_least("radius", self.radius, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        weight_HH.normal_(0.0, 1 / math.sqrt(len(weight_HH)), generator=generator)
        weight_HH.mul_(self.radius / torch.linalg.eigvals(weight_HH.double()).abs().max().item())
