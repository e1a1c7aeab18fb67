"""Sequences computed in segments: states go on from one to the next, gradients do not.

That is truncated backpropagation through time (Williams and Peng 1990), and, from one batch to the
next, what makes a model stateful.

Shapes: T time, B batch, E features, H hidden, D flat state.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnnexp.model.cells.base import Recurrence, State

#: Computes all layers on x [T, B, E] from the states before, None for what the cells begin with:
#: the top layer's h, [T, B, H], and the last state of each layer.
Run = Callable[[Tensor, Sequence[State] | None], tuple[Tensor, Sequence[State]]]


def cut_off(layer: Recurrence, state: State) -> State:
    """The same numbers, behind which no gradient goes on."""
    return layer.state_of(state.flat.detach())


def run_in_segments(
    run: Run,
    layers: Sequence[Recurrence],
    x_TBE: Tensor,
    length: int | None,
    before: Sequence[State] | None,
) -> tuple[Tensor, Sequence[State]]:
    """As `run`, with gradients cut behind steps length, 2 length, 3 length and so on.

    length: None for no cut.
    """
    parts = []
    for part_TBE in torch.split(x_TBE, length or len(x_TBE)):
        h_TBH, after = run(part_TBE, before)
        parts.append(h_TBH)
        before = [cut_off(layer, state) for layer, state in zip(layers, after, strict=True)]
    assert before is not None
    return (parts[0] if len(parts) == 1 else torch.cat(parts)), before


def layer_in_segments(
    layer: Recurrence, x_TBE: Tensor, state: State, length: int | None
) -> list[State]:
    """`Recurrence.run` with the same cuts."""
    states: list[State] = []
    for part_TBE in torch.split(x_TBE, length or len(x_TBE)):
        states += layer.run(part_TBE, cut_off(layer, states[-1]) if states else state)
    return states
