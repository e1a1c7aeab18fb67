"""Layer normalisation, and what cells with it share.

    LN(a; g, b) = g (a - μ) / √(σ² + ε) + b,   μ = mean(a), σ² = mean((a - μ)²),   by element,

the means over the numbers of one vector a, of one example at one step: nothing is shared between
examples or steps, and training and evaluation do the same. ε = 1e-5, as in torch.nn.LayerNorm.

Source: Ba, Kiros and Hinton 2016, "Layer normalization", arXiv:1607.06450: its section 3.1 for the
RNN, its supplementary material for LSTM and GRU. Gains g start at 1 and biases b at 0, as there;
matrices from U(±1/√H), as in torch.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Cell, Shapes, Weights

EPSILON = 1e-5


def layer_norm(a: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """LN(a; g, b) over the last axis."""
    return F.layer_norm(a, a.shape[-1:], gain, bias, EPSILON)


class NormalisedCell(Cell):
    """A cell whose matrices have layer norms behind them."""

    def draw(self, weights: Weights, hidden_size: int) -> None:
        bound = 1 / math.sqrt(hidden_size)
        for name, weight in weights.items():
            if name.startswith("weight"):
                weight.uniform_(-bound, bound)
            else:
                weight.fill_(1.0 if name.startswith("gain") else 0.0)


class NormalisedGates(NormalisedCell):
    """One whose two products are normalised apart: LN(W_ih x_t; g_ih, b_ih) and
    LN(W_hh h_(t-1); g_hh, b_hh), gains and biases [G].

    joined: of how many blocks of rows each norm is over, in their order.

    While h = 0, before the first step, W_hh h is 0 and its norm b_hh; what a small h would add to
    it is multiplied by 1/√ε = 316, of the first step alone.
    """

    joined: ClassVar[Sequence[int]]

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        rows = len(self.blocks) * hidden_size
        return {
            **super().shapes(input_size, hidden_size),
            "gain_ih": (rows,),
            "gain_hh": (rows,),
        }

    def read(self, x: Tensor, weights: Weights) -> Tensor:
        """LN(W_ih x_t; g_ih, b_ih) of all steps at once."""
        product = F.linear(x, weights["weight_ih"])
        return self.normed(product, weights["gain_ih"], weights["bias_ih"])

    def normed(self, a: Tensor, gain_G: Tensor, bias_G: Tensor) -> Tensor:
        """A norm over each group of `joined`."""
        if len(self.joined) == 1:
            return layer_norm(a, gain_G, bias_G)
        size = len(gain_G) // len(self.blocks)
        sizes = [blocks * size for blocks in self.joined]
        parts = zip(*(torch.split(t, sizes, dim=-1) for t in (a, gain_G, bias_G)), strict=True)
        return torch.cat([layer_norm(*part) for part in parts], dim=-1)

    def first_carry(self, x_NE: Tensor, weights: Weights) -> Tensor | None:
        """Of the inputs alone. What the state adds is of the same size whatever it is, by unit as
        often up as down: it is left out, which brings σ nearer to 0 or 1 than it is."""
        assert self.carry is not None
        rows = self.read(x_NE, weights) + weights["bias_hh"]
        block = self.blocks.index(self.carry)
        return rows.chunk(len(self.blocks), dim=-1)[block].sigmoid()
