"""The plain recurrent cell (Elman 1990)."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Cell, Nonlinearity, State


@dataclass(frozen=True)
class RNNCell(Cell):
    """h_t = f(a_t + W_hh h_(t-1) + b_hh), f = tanh or ReLU."""

    nonlinearity: Nonlinearity = "tanh"
    gates = ("hidden",)

    @property
    def activation(self) -> str:
        return self.nonlinearity

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        preactivation = a_BG + F.linear(previous.h, weight_hh, bias_hh)
        return State(preactivation.tanh() if self.nonlinearity == "tanh" else preactivation.relu())
