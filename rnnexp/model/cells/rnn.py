"""The plain recurrent cell. Source: Elman 1990, "Finding structure in time"."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from rnnexp.model.cells.base import Cell, State

Nonlinearity = Literal["tanh", "relu"]


@dataclass(frozen=True)
class RNNCell(Cell):
    """h_t = f(a_t + W_hh h_(t-1) + b_hh), f = tanh or ReLU."""

    nonlinearity: Nonlinearity = "tanh"
    name = "rnn"
    blocks = ("hidden",)
    candidate = "hidden"
    can_drop_state = True

    @property
    def activation(self) -> str:
        return self.nonlinearity

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        preactivation = a_BG + self.recur(previous, weight_hh, bias_hh)
        return State(preactivation.tanh() if self.nonlinearity == "tanh" else preactivation.relu())
