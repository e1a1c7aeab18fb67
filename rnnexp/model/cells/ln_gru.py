"""The gated recurrent unit with layer normalisation; norm, source and initial values are in
normalised.py.
"""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import State, Weights
from rnnexp.model.cells.normalised import NormalisedGates


@dataclass(frozen=True)
class LayerNormGRUCell(NormalisedGates):
    """With a_t = LN(W_ih x_t; g_ih, b_ih) and u_t = LN(W_hh h_(t-1); g_hh, b_hh), each a norm over
    the 2H rows of r and z together and one over the H rows of n:

    r, z = σ(a_t + u_t), n = tanh(a_t + r u_t), own rows each;   h_t = (1 - z) n + z h_(t-1).

    z and 1 - z have changed places beside the paper, as in torch's GRU.
    """

    name = "ln_gru"
    blocks = ("reset", "update", "new")
    joined = (2, 1)
    candidate = "new"
    can_drop_state = True
    carry = "update"

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        return weights["weight_hh"], weights["gain_hh"], weights["bias_hh"]

    def step(
        self, a_BG: Tensor, previous: State, weight_hh: Tensor, gain_hh: Tensor, bias_hh: Tensor
    ) -> State:
        u_BG = self.normed(self.recur(previous, weight_hh), gain_hh, bias_hh)
        a_r, a_z, a_n = a_BG.chunk(3, dim=1)
        u_r, u_z, u_n = u_BG.chunk(3, dim=1)
        r, z = (a_r + u_r).sigmoid(), (a_z + u_z).sigmoid()
        n = (a_n + r * u_n).tanh()
        return State((1 - z) * n + z * previous.h, None, {"reset": r, "update": z, "new": n})
