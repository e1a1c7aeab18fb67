"""A recurrence that is linear from state to state, and reads its inputs through a ReLU."""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import Cell, State


@dataclass(frozen=True)
class LinearTransitionCell(Cell):
    """h_t = W_hh h_(t-1) + b_hh + max(0, W_ih x_t + b_ih).

    Whatever was read is carried on by powers of W_hh alone: dh_T/dh_t = W_hh^(T-t). The ReLU stands
    before the recurrence, so that what is read may be a product of features, as the marked numbers
    of the adding problem are: max(0, u + m - 1) = u m for u in [0, 1] and m 0 or 1. With W_hh = I
    the state is then their sum. After Henaff, Szlam and LeCun 2016, "Recurrent orthogonal networks
    and long-memory tasks".
    """

    name = "linear_transition"
    blocks = ("hidden",)
    candidate = "hidden"
    can_drop_state = True

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        return State(a_BG.relu() + self.recur(previous, weight_hh, bias_hh))
