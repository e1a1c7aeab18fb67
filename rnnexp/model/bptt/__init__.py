"""Backpropagation through time, written out: the equations in the place of a recorded graph.

autograd records every operation of every step and plays them back. Where the equations are known,
the way back needs the states alone, what does not depend on the step after is computed for all
steps at once, and each weight's gradient is one product over all steps.

The total gradient dL/dh_t of every step comes out on the way; who wants it gives `watch`.

Shapes: T time, B batch, E features, H hidden. Source: Werbos 1990, "Backpropagation through time:
what it does and how to do it".
"""

from collections.abc import Callable

from torch import Tensor

from rnnexp.model.bptt.diagonal import diagonal_states
from rnnexp.model.bptt.gru import gru_states
from rnnexp.model.bptt.plain import plain_states
from rnnexp.model.cells.base import Cell, Recurrence
from rnnexp.model.cells.diagonal import DiagonalCell
from rnnexp.model.cells.gru import GRUCell

#: Called on the way back with the total dL/dh_t of all steps, [T, B, H].
Watch = Callable[[Tensor], None]


def is_written_for(cell: Cell) -> bool:
    """Whether its way back is here: of a plain recurrence and of a diagonal one, whoever wrote the
    cell, and of the GRU."""
    return cell.is_plain or is_diagonal(cell) or type(cell) is GRUCell


def is_diagonal(cell: Cell) -> bool:
    """Whether its step is that of `DiagonalCell`, and not one of its own."""
    return isinstance(cell, DiagonalCell) and type(cell).step is DiagonalCell.step


def states_by_bptt(
    layer: Recurrence, x_TBE: Tensor, initial_BH: Tensor, watch: Watch | None = None
) -> Tensor:
    """The states h_1..h_T of a layer, [T, B, H]; initial_BH: h_0. The cell: see `is_written_for`.

    Gradients reach inputs, weights and h_0, once: there is no gradient of a gradient.
    """
    if layer.cell.is_plain:
        return plain_states(layer, x_TBE, initial_BH, watch)
    run = diagonal_states if is_diagonal(layer.cell) else gru_states
    return run(layer, x_TBE, initial_BH, watch)
