"""The plain recurrent cell with layer normalisation; norm, source and initial values are in
normalised.py.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Shapes, State, Weights
from rnnexp.model.cells.normalised import NormalisedCell, layer_norm
from rnnexp.model.cells.rnn import Nonlinearity


@dataclass(frozen=True)
class LayerNormRNNCell(NormalisedCell):
    """h_t = f(LN(W_ih x_t + W_hh h_(t-1); g, b)), f = tanh or ReLU: one norm over the sum, [H].

    W_ih [H, E], W_hh [H, H], b = bias_ih and g = gain [H]; there is no other bias.
    """

    nonlinearity: Nonlinearity = "tanh"
    name = "ln_rnn"
    blocks = ("hidden",)
    candidate = "hidden"
    can_drop_state = True

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        return {
            "weight_ih": (hidden_size, input_size),
            "weight_hh": (hidden_size, hidden_size),
            "bias_ih": (hidden_size,),
            "gain": (hidden_size,),
        }

    def read(self, x: Tensor, weights: Weights) -> Tensor:
        return F.linear(x, weights["weight_ih"])

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        return weights["weight_hh"], weights["gain"], weights["bias_ih"]

    def step(
        self, a_BG: Tensor, previous: State, weight_hh: Tensor, gain_H: Tensor, bias_H: Tensor
    ) -> State:
        normed_BH = layer_norm(a_BG + self.recur(previous, weight_hh), gain_H, bias_H)
        return State(normed_BH.tanh() if self.nonlinearity == "tanh" else normed_BH.relu())
