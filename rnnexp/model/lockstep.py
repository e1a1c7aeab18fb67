"""The forward passes of K models of one shape as one program.

A recurrence written out step by step asks a GPU for thousands of small products, and it is the
asking that takes the time. So the layers of K models are computed together: their weights are
stacked, [K, G*H, H], and a step is one product over all K. What a model reads and what is made of
its states stays its own: vocabularies, readouts and heads need not be stacked.

Gradients go back through the stack into each model's own parameters: no number of one model
reaches another. The same numbers as model by model, but for rounding.

Shapes: K models, T time, B batch, E features, H hidden, G blocks of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.base import SequenceModel
from rnnexp.model.cells.base import Cell, Recurrence, hidden_states
from rnnexp.model.recurrent_dropout import drawn_mask
from rnnexp.types import Batch


@dataclass(frozen=True)
class Reading:
    """What one model reads in a step. dropped: of each layer above the first what its inputs are
    multiplied by, [T, B, H]; empty without dropout. kept: of each layer the mask of its recurrent
    dropout, [B, H]; empty without.
    """

    batch: Batch
    x_TBE: Tensor
    dropped: Sequence[Tensor]
    kept: Sequence[Tensor] = ()


class Lockstep:
    """K models whose layers have the same cells and shapes.

    Raises ValueError, with what to do, for models that cannot be computed together.
    """

    def __init__(self, models: Sequence[SequenceModel]) -> None:
        self._models = models
        for model in models:
            check_written_out(model)
        first, *others = (shape_of(model) for model in models)
        if any(shape != first for shape in others):
            raise ValueError(
                "models that are trained together have equal layers, readouts and dropout: leave "
                "out the settings of the model that vary"
            )

    def read(self, which: int, batch: Batch) -> Reading:
        """What a model reads; random numbers are drawn in the order of its own forward pass."""
        model = self._models[which]
        x_TBE = model.read(batch)
        layers, between, inside = (
            model.recurrences(), model.dropout_between_layers, model.recurrent_dropout
        )  # fmt: skip
        ones_TBH = x_TBE.new_ones(*x_TBE.shape[:2], layers[0].hidden_size)
        kept = [drawn_mask(ones_TBH[0], inside) for _ in layers] if inside > 0 else []
        dropped = [F.dropout(ones_TBH, between) for _ in layers[1:]] if between > 0 else []
        return Reading(batch, x_TBE, dropped, kept)

    def outputs(self, readings: Sequence[Reading | None]) -> list[Tensor | None]:
        """What each model answers; None for one that reads nothing in this step."""
        pairs = [(m, r) for m, r in zip(self._models, readings, strict=True) if r is not None]
        models, read = [model for model, _ in pairs], [reading for _, reading in pairs]
        _check_widths(models[0], read)
        states = iter(
            states_together(
                [model.recurrences() for model in models],
                [reading.x_TBE for reading in read],
                [reading.dropped for reading in read],
                [reading.kept for reading in read],
            )
        )
        return [
            None if reading is None else model.answer(reading.x_TBE, next(states), reading.batch)
            for model, reading in zip(self._models, readings, strict=True)
        ]


def check_written_out(model: SequenceModel) -> None:
    """Raise ValueError for a model whose recurrence is no sequence of tensor operations."""
    layers = model.recurrences()
    if not layers:
        raise ValueError(f"{model.called} has no recurrence that could be computed together")
    if model.directions > 1:
        raise ValueError(
            f"{model.called} has two directions, which are not computed together with others: use "
            "model.bidirectional=false"
        )
    # with autocast: what computes where it is not bptt
    if model.engine_on(layers[0].weight_ih.device, autocast=True) == "fused":
        raise ValueError(
            f"{model.called} is computed by cuDNN, which takes the weights of one model: use "
            f"model=unrolled model.cell={layers[0].cell.name}"
        )


def shape_of(model: SequenceModel) -> object:
    """What is equal in models that can be computed together."""
    layers = [
        (type(layer.cell), _settings(layer.cell), *(w.shape for w in layer.weights.values()))
        for layer in model.recurrences()
    ]
    dropout = model.dropout_between_layers, model.recurrent_dropout
    return type(model), layers, model.readout, model.per_step, dropout


def _settings(cell: Cell) -> object:
    return sorted((name, repr(value)) for name, value in vars(cell).items())


def _check_widths(model: SequenceModel, readings: Sequence[Reading]) -> None:
    """The pads that are put behind a batch may not be read."""
    widths = {reading.batch.inputs.shape[1] for reading in readings}
    if len(widths) > 1 and (model.reads_pads or readings[0].batch.padding == "pre"):
        raise ValueError(
            "batches of several widths cannot be trained together where the last step is read, "
            "pad or not: use model.readout=last_valid"
        )


def states_together(
    layers_K: Sequence[Sequence[Recurrence]],
    inputs_K: Sequence[Tensor],
    dropped_K: Sequence[Sequence[Tensor]] = ((),),
    kept_K: Sequence[Sequence[Tensor]] = ((),),
) -> list[Tensor]:
    """The states of the top layer of K stacks of layers, [T_k, B_k, H] each.

    inputs_K: [T_k, B_k, E] each; they are filled up with zeros to the longest and largest.
    dropped_K, kept_K: see `Reading`.
    """
    sizes = [x.shape[:2] for x in inputs_K]
    longest, most = max(T for T, _ in sizes), max(B for _, B in sizes)

    def filled(tensors: Sequence[Tensor]) -> Tensor:
        if len({tensor.shape for tensor in tensors}) == 1:
            return torch.stack(list(tensors))
        return torch.stack(
            [F.pad(t, (0, 0, 0, most - t.shape[1], 0, longest - t.shape[0])) for t in tensors]
        )

    real_KTB1 = None
    if len(set(sizes)) > 1:
        # filled on the device, not made on the host and copied, which would be waited for
        real_KTB1 = inputs_K[0].new_zeros(len(sizes), longest, most, 1, dtype=torch.bool)
        for real_TB1, (T, B) in zip(real_KTB1, sizes, strict=True):
            real_TB1[:T, :B] = True
    states_KTBH = filled(inputs_K)
    for index, layer_K in enumerate(zip(*layers_K, strict=True)):
        if index and dropped_K[0]:
            states_KTBH = states_KTBH * filled([dropped[index - 1] for dropped in dropped_K])
        kept_KBH = filled([kept[index][None] for kept in kept_K])[:, 0] if kept_K[0] else None
        by_name = zip(*(layer.weights.values() for layer in layer_K), strict=True)
        weights_K = [torch.stack(weights) for weights in by_name]
        states_KTBH = _run_together(layer_K[0].cell, states_KTBH, real_KTB1, kept_KBH, weights_K)
    return [h_TBH[:T, :B] for h_TBH, (T, B) in zip(states_KTBH.unbind(), sizes, strict=True)]


def _run_together(
    cell: Cell,
    x_KTBE: Tensor,
    real_KTB1: Tensor | None,
    kept_KBH: Tensor | None,
    weights_K: Sequence[Tensor],
) -> Tensor:
    """The states of one layer of K models, [K, T, B, H]."""

    def run(
        x_TBE: Tensor, real_TB1: Tensor | None, kept_BH: Tensor | None, *weights: Tensor
    ) -> Tensor:
        layer = Recurrence(cell, *weights)
        initial = layer.initial(x_TBE.shape[1])
        if real_TB1 is None:
            return hidden_states(layer.run(x_TBE, initial, kept_BH))
        a_TBG = cell.read(x_TBE, layer.weights)
        constants = cell.constants(layer.weights)
        state, states = initial, []
        for a_BG, real_B1 in zip(a_TBG.unbind(0), real_TB1.unbind(0), strict=True):
            # Where nothing is read each step begins anew: what grows from step to step could
            # overflow there, and zero times infinity would be a gradient.
            flat_BD = torch.where(real_B1, state.flat, initial.flat)
            state = replace(layer.state_of(flat_BD), kept=kept_BH)
            state = cell.step(a_BG, state, *constants)
            states.append(state)
        return hidden_states(states)

    optional = (None if tensor is None else 0 for tensor in (real_KTB1, kept_KBH))
    together = torch.func.vmap(run, in_dims=(0, *optional, *(0 for _ in weights_K)))
    states_KTBH: Tensor = together(x_KTBE, real_KTB1, kept_KBH, *weights_K)
    return states_KTBH
