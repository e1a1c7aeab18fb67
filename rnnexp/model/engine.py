"""What computes the states of a recurrence and their gradients: its engine.

    fused     torch's module, all steps in one call: cuDNN on a GPU, oneDNN for the LSTM on a CPU
    autograd  the cell's equations step by step, whose gradients torch records
    bptt      the same steps, whose gradients follow written-out equations; see bptt/

All give the same numbers but for rounding.
"""

from typing import Literal

import torch
from torch import Tensor

from rnnexp.model.bptt import is_written_for
from rnnexp.model.cells.base import Cell

Engine = Literal["fused", "autograd", "bptt"]


def check_engine(asked: str, name: str, cell: Cell) -> None:
    """Raise ValueError for engine=bptt where it is not written for the cell, of that name."""
    if asked == "bptt" and not is_written_for(cell):
        raise ValueError(
            f"engine=bptt is written for h_t = φ(W_ih x_t + W_hh h_(t-1) + b), h_t = a_t h_(t-1) + "
            f"b_t and the GRU, and cell={name} is of another form: use model.engine=auto"
        )


def engine_for(
    asked: str, cell: Cell, otherwise: Engine, device: torch.device, autocast: bool
) -> Engine:
    """The engine of a recurrence on a device.

    asked: `auto`, or an engine. otherwise: the one beside bptt. autocast: whether products are in
    bfloat16, for which bptt is not written.

    Of `auto` it is bptt where that is faster: as measured, beside torch's modules on a CPU (plain
    RNN 1.1 to 2.6 times, GRU 1.0 to 1.8), and beside autograd everywhere (diagonal cells 1.1 to
    4.6 times). A GPU has cuDNN. Not inside torch.compile and torch.export, which follow torch's
    operations and not those of a Function.
    """
    if autocast or torch.compiler.is_compiling() or not is_written_for(cell):
        return otherwise
    if asked != "auto":
        return "bptt" if asked == "bptt" else otherwise
    return "bptt" if otherwise == "autograd" or device.type == "cpu" else otherwise


def is_autocast(x: Tensor) -> bool:
    """Whether torch's autocast is on where the tensor lies."""
    return torch.is_autocast_enabled(x.device.type)
