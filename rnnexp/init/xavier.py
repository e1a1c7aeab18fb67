"""Uniform weights of Glorot and Bengio's variance."""

import math

import torch
from torch import Tensor

from rnnexp.init.base import WeightInit


class Xavier(WeightInit):
    """W ~ U(-b, b), b = √(6 / (fan_in + fan_out)) = √(3/H), per gate (Glorot and Bengio 2010)."""

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        bound = math.sqrt(6 / sum(weight_HH.shape))
        weight_HH.uniform_(-bound, bound, generator=generator)
