"""The gated recurrent unit.

Source: Cho et al. 2014, in the form of cuDNN, whose reset gate stands behind the recurrent product.
"""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import Cell, State


@dataclass(frozen=True)
class GRUCell(Cell):
    """r, z = σ(a_t + W_hh h_(t-1) + b_hh), n = tanh(a_t + r (W_hh h_(t-1) + b_hh)), own rows each;

    h_t = (1 - z) n + z h_(t-1).
    """

    name = "gru"
    blocks = ("reset", "update", "new")
    candidate = "new"
    can_drop_state = True
    carry = "update"

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        a_r, a_z, a_n = a_BG.chunk(3, dim=1)
        u_r, u_z, u_n = self.recur(previous, weight_hh, bias_hh).chunk(3, dim=1)
        r, z = (a_r + u_r).sigmoid(), (a_z + u_z).sigmoid()
        n = (a_n + r * u_n).tanh()
        return State((1 - z) * n + z * previous.h, None, {"reset": r, "update": z, "new": n})
