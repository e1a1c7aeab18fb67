"""The update gate RNN. A file in cells/ is found by being there, by the `name` of its class.

Shapes: B batch, G numbers that a step reads, H hidden.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Cell, State


# A frozen dataclass: its fields are the settings of the cell, in `model.cell_options`.
@dataclass(frozen=True)
class UGRNNCell(Cell):
    """z = σ(W_z x_t + U_z h_(t-1) + b_z), n = tanh(sharpness (W_n x_t + U_n h_(t-1) + b_n));

    h_t = z h_(t-1) + (1 - z) n.

    sharpness: of the tanh; 1 is the cell of the paper.

    Source: Collins, Sohl-Dickstein and Sussillo 2017, "Capacity and trainability in recurrent
    neural networks".
    """

    sharpness: float = 1.0

    # What others must know about the cell: the names of the blocks of rows in its weights, which of
    # them is new content, and which gate multiplies the state before. From this follow the probes
    # `gates` and `recurrent_weights`, and initialisations such as init=chrono.
    name = "ugrnn"
    blocks = ("update", "new")
    candidate = "new"
    carry = "update"

    def __post_init__(self) -> None:
        if self.sharpness <= 0:
            raise ValueError(f"sharpness must be greater than 0 (got {self.sharpness})")

    # a_BG is W_ih x_t + b_ih, made ready for all steps at once; the rows of all blocks lie one
    # below the other, in the order of `blocks`.
    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        z_BH, n_BH = (a_BG + F.linear(previous.h, weight_hh, bias_hh)).chunk(2, dim=1)
        z_BH, n_BH = z_BH.sigmoid(), (self.sharpness * n_BH).tanh()
        h_BH = z_BH * previous.h + (1 - z_BH) * n_BH
        # The blocks are handed out as they came out, for the probe `gates`.
        return State(h_BH, None, {"update": z_BH, "new": n_BH})
