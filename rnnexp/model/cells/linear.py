"""The recurrence without its nonlinearity."""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import Cell, State


@dataclass(frozen=True)
class LinearCell(Cell):
    """h_t = a_t + W_hh h_(t-1) + b_hh: what is left of the RNN without its nonlinearity."""

    name = "linear"
    blocks = ("hidden",)
    candidate = "hidden"
    can_drop_state = True
    activation = "linear"

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        return State(a_BG + self.recur(previous, weight_hh, bias_hh))
