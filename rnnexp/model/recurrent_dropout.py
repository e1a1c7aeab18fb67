"""Dropout inside a recurrence: one mask for a sequence, the same at every step.

    W_hh (m h_(t-1)),   m_i = 0 with probability p, else 1/(1-p),   by element

m is drawn for each example and layer before its first step and kept to its last: what is dropped
is the same at all steps, so that it is lost once and not anew at each. All gates of a cell share
it. W_hh alone reads the dropped state; what a cell carries over beside it, the c of an LSTM or the
z h_(t-1) of a GRU, is whole. While training only: evaluation, rollouts and probes drop nothing, and
need no other scale.

Source: Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent
neural networks", section 4, with the tied masks of their eq. 7; they multiply by m in {0, 1} and
scale the weights in the end, torch scales m. Not the one of Semeniuta, Severyn and Barth 2016,
"Recurrent dropout without memory loss", which drops parts of the candidate.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells import cells
from rnnexp.model.cells.base import Cell
from rnnexp.ranges import a_fraction


def drawn_mask(like_BH: Tensor, share: float) -> Tensor:
    """m for each example and unit, [B, H], from the random numbers of the tensor's device."""
    return F.dropout(torch.ones_like(like_BH), share)


def can_drop(cell: Cell) -> bool:
    """Whether the cell's own step asks `Cell.recur`: one that inherits the word and not the step is
    not taken at it."""
    return cell.can_drop_state and cell.made_together("can_drop_state", "step")


def check_recurrent_dropout(share: float, cell: Cell, engine: str) -> None:
    """Raise ValueError for a share out of range, and for a cell or an engine that cannot drop."""
    a_fraction("recurrent_dropout", share)
    if share == 0:
        return
    asked = f"recurrent_dropout={share}"
    if not cell.has_weight_hh:
        able = [name for name, kind in cells().items() if kind.can_drop_state]
        raise ValueError(
            f"{asked} drops what W_hh reads of the state and cell={cell.name} has no such matrix: "
            f"use model.recurrent_dropout=0, or a model.cell that has one: {', '.join(able)}"
        )
    if not can_drop(cell):
        raise ValueError(
            f"{asked} acts in Cell.recur, which the step of cell={cell.name} does not say that it "
            "asks: take W_hh h_(t-1) from self.recur there and set can_drop_state = True"
        )
    if engine == "bptt":
        raise ValueError(
            f"{asked} is not in the equations of engine=bptt: use model.engine=auto, or "
            "model.recurrent_dropout=0"
        )
