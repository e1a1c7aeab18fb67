"""One step of all layers as a function. Shapes: B batch, E features, H hidden, D flat state."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rnnexp.model.cells.base import Recurrence
from rnnexp.types import StepMap

#: The parameters whose rows are the cell's blocks.
IN_BLOCKS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def step_map(layers: Sequence[Recurrence]) -> StepMap:
    """The step of layers whose weights are cut off from their graph already."""
    names = [[f"{name}_l{i}" for name in layer.weights] for i, layer in enumerate(layers)]
    own = {
        name: weight
        for named, layer in zip(names, layers, strict=True)
        for name, weight in zip(named, layer.weights.values(), strict=True)
    }

    def take(
        x_BE: Tensor, state_BD: Tensor, weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        parts: list[Tensor] = []
        below_BE = x_BE.expand(len(state_BD), -1)
        flats = torch.split(state_BD, [layer.state_size for layer in layers], dim=1)
        for named, layer, flat in zip(names, layers, flats, strict=True):
            if weights:
                layer = Recurrence(layer.cell, *(weights.get(name, own[name]) for name in named))
            (state,) = layer.run(below_BE[None], layer.state_of(flat))
            parts.append(state.flat)
            below_BE = state.h
        return torch.cat(parts, dim=1), below_BE

    blocks = {
        f"{name}_l{i}": {block: len(rows) for block, rows in layer.blocks(name).items()}
        for i, layer in enumerate(layers)
        for name in IN_BLOCKS
        if name in layer.weights
    }
    return StepMap(take, own, {name: rows for name, rows in blocks.items() if len(rows) > 1})
