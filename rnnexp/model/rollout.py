"""Any recurrent network replayed step by step, so that its states can be measured.

A fused module hides its states: a hook on its output sees only what the loss takes from each state
directly, which for a loss on the last step is nothing at all but there. Here every h_t, c_t and
gate is the very tensor that the next step consumed, in float64: float32 norms of a vanishing
gradient are exactly 0 long before the gradient is.

Shapes: T time, B batch, E features, H hidden, D flat state, O outputs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnexp.model.cells.base import Recurrence, State, hidden_states
from rnnexp.model.modules import layers_of, unwrapped
from rnnexp.model.segments import layer_in_segments
from rnnexp.model.step_map import step_map
from rnnexp.types import Batch, LayerStates, Rollout


def rollout(
    module: nn.Module,
    inputs: Tensor | npt.NDArray[Any] | PackedSequence,
    lengths: Tensor | npt.NDArray[Any] | Sequence[int] | None = None,
    state: Tensor | tuple[Tensor, Tensor] | Sequence[State] | None = None,
) -> Rollout:
    """What a recurrent module computes on `inputs`, step by step, in float64, with its graph.

    module: torch.nn.RNN, LSTM or GRU, weight-normed, parametrised or pruned ones too, or an
        `UnrolledRNN`; see `layers_of`. Dropout between layers is left out.
    inputs: [T, B, E], or [B, T, E] for a module with batch_first; or a PackedSequence.
    lengths: [B] whole numbers, the real steps of each sequence, pads behind them; None: all T.
    state: h_0 [L, B, H] of the L layers, of an LSTM (h_0, c_0), as the module itself takes it; of
        an `UnrolledRNN` a `State` for each layer; None: zeros.

    The outputs are h of the top layer at the last real step, [B, H]. Gradients reach the inputs and
    the states, not the parameters.

    Raises ValueError for a module without layers that can be read, for inputs, lengths or a state
    of other shapes, and for inputs or weights that are not finite.

    >>> r = rollout(nn.LSTM(3, 4), torch.randn(5, 2, 3))
    >>> len(r.states), r.states[0].shape, r.outputs.shape
    (5, torch.Size([2, 4]), torch.Size([2, 4]))
    """
    layers = layers_of(module)
    batch_first = bool(getattr(unwrapped(module), "batch_first", False))
    if isinstance(inputs, PackedSequence):
        if lengths is not None:
            raise ValueError("lengths: a PackedSequence has its own")
        inputs, lengths = pad_packed_sequence(inputs, batch_first=batch_first)
    x_TBE = _inputs(inputs, batch_first, layers[0].weight_ih.shape[1])
    steps, size = x_TBE.shape[:2]
    lengths_B = _lengths(lengths, steps, size)
    device = layers[0].weight_ih.device
    device = torch.device("cpu") if device.type == "mps" else device
    batch = Batch(x_TBE.transpose(0, 1), torch.zeros(size), lengths_B).to(device)
    layers = [layer.to(device, torch.float64) for layer in layers]
    _refuse_nonfinite(layers, x_TBE, lengths_B, batch_first)
    # What stands behind a sequence is not read, and a NaN there would come back as 0 times NaN.
    real_TB1 = (torch.arange(steps)[:, None] < lengths_B)[:, :, None].to(x_TBE.device)
    x_TBE = torch.where(real_TB1, x_TBE, 0)

    def read(x_TBE: Tensor, h_TBH: Tensor) -> Tensor:
        last_B = batch.cut(len(h_TBH)).last_valid_B
        return h_TBH[last_B, torch.arange(size, device=device)]

    return replay(
        layers,
        x_TBE.to(device, torch.float64),
        read,
        read_at_B=batch.last_valid_B,
        valid_BT=batch.valid_BT,
        initial=None if state is None else _initial_states(layers, state, size),
    )


def _inputs(inputs: Any, batch_first: bool, features: int) -> Tensor:
    """x [T, B, E], cut off from whatever made it."""
    try:
        x = torch.as_tensor(inputs).detach()
    except (TypeError, RuntimeError, ValueError):
        raise ValueError(
            f"inputs must be a tensor or an array of numbers (got {type(inputs).__name__})"
        ) from None
    if x.is_complex():
        raise ValueError("inputs are complex, and recurrent modules read real numbers")
    if x.is_inference():
        x = x.clone()
    if x.dim() == 2 and x.shape[1] == features:
        raise ValueError(
            f"inputs must be three-dimensional (got one sequence of the shape {tuple(x.shape)}): "
            f"use x[{'None' if batch_first else ':, None'}]"
        )
    if x.dim() != 3 or x.shape[2] != features:
        raise ValueError(
            f"inputs must be three-dimensional with {features} features (got the shape "
            f"{tuple(x.shape)})"
        )
    if 0 in x.shape:
        raise ValueError(f"inputs hold no step or no example (got the shape {tuple(x.shape)})")
    return x.transpose(0, 1) if batch_first else x


def _lengths(lengths: Any, steps: int, size: int) -> Tensor:
    if lengths is None:
        return torch.full((size,), steps)
    if isinstance(lengths, tuple) and any(isinstance(part, Tensor) for part in lengths):
        raise ValueError("lengths must be whole numbers; an initial state is state=(h0, c0)")
    try:
        numbers = np.asarray(lengths.cpu() if isinstance(lengths, Tensor) else lengths)
    except ValueError:  # lists of different lengths
        numbers = np.empty(0)
    whole = numbers.dtype.kind in "iuf" and numbers.shape == (size,) and (numbers % 1 == 0).all()
    if not whole or numbers.min() < 1 or numbers.max() > steps:
        raise ValueError(f"lengths must be {size} whole numbers from 1 to {steps}")
    return torch.from_numpy(numbers.astype(np.int64))


def _initial_states(layers: Sequence[Recurrence], state: Any, size: int) -> list[State]:
    """The state before the first step, of each layer."""
    if isinstance(state, list) and all(isinstance(part, State) for part in state):
        # as `UnrolledRNN` takes them, a state for each layer
        flats = [of_layer.flat for of_layer in state]
        shapes = [(size, layer.state_size) for layer in layers]
        if [tuple(flat.shape) for flat in flats] != shapes:
            raise ValueError(f"state must be a State for each layer, whose flat are {shapes}")
    else:
        flats = _as_torch_has_them(layers, state, size)
    flats = [flat.detach().to(layers[0].weight_ih) for flat in flats]
    if not all(bool(flat.isfinite().all()) for flat in flats):
        raise ValueError("state holds a number that is not finite")
    return [layer.state_of(flat) for layer, flat in zip(layers, flats, strict=True)]


def _as_torch_has_them(layers: Sequence[Recurrence], state: Any, size: int) -> list[Tensor]:
    """The flat state of each layer from h_0 [L, B, H] or (h_0, c_0), as torch's modules take it."""
    hidden_size = layers[0].hidden_size
    # how many parts of H numbers each layer hands on
    count = layers[0].state_size // hidden_size
    if set(layers[0].cell.state_sizes(hidden_size)) != {hidden_size} or count > 2:
        raise ValueError("state must be a list with a State for each layer")
    parts = state if isinstance(state, tuple) else (state,)
    parts = tuple(torch.as_tensor(part) for part in parts)
    shape = (len(layers), size, hidden_size)
    if len(parts) != count or any(tuple(part.shape) != shape for part in parts):
        expected = f"(h0, c0), each {list(shape)}" if count == 2 else f"h0, {list(shape)}"
        raise ValueError(f"state must be {expected}")
    return list(torch.cat(parts, dim=2).unbind(0))


def _refuse_nonfinite(
    layers: Sequence[Recurrence], x_TBE: Tensor, lengths_B: Tensor, batch_first: bool
) -> None:
    """A NaN spreads over all that is computed from it, and would read as an exploding gradient."""
    for index, layer in enumerate(layers):
        for name, weight in layer.weights.items():
            if not bool(weight.isfinite().all()):
                raise ValueError(f"{name}_l{index} holds a number that is not finite")
    real_TB = torch.arange(len(x_TBE))[:, None] < lengths_B
    bad_TB = ~x_TBE.isfinite().all(dim=2).cpu() & real_TB
    if bool(bad_TB.any()):
        t, example = (int(i) for i in bad_TB.nonzero()[0])
        where = f"inputs[{example}, {t}]" if batch_first else f"inputs[{t}, {example}]"
        raise ValueError(f"{where} (step {t}, example {example}) holds a number that is not finite")


def replay(
    layers: Sequence[Recurrence],
    x_TBE: Tensor,
    read: Callable[[Tensor, Tensor], Tensor],
    read_at_B: Tensor,
    valid_BT: Tensor,
    state_lag: int = 0,
    reads_one_state: bool = True,
    initial: Sequence[State] | None = None,
    truncate: int | None = None,
) -> Rollout:
    """Run the layers one after the other, each on the states of the one below.

    read: makes the outputs of x [T, B, E] and the top layer's h [T, B, H], or of their beginnings.
    initial: the state of each layer before the first step; None: what the cell begins with.
    truncate: steps after each of which gradients are cut, as in training; see segments.py.
    """
    size = x_TBE.shape[1]
    before = [layer.initial(size) for layer in layers] if initial is None else list(initial)
    inputs = [x_BE.detach().requires_grad_() for x_BE in x_TBE.unbind(0)]
    x_TBE = below_TBH = torch.stack(inputs)
    layer_states: list[LayerStates] = []
    # What is replayed is float64, whatever the caller's mixed precision says.
    with torch.autocast(x_TBE.device.type, enabled=False):
        for layer, state in zip(layers, before, strict=True):
            states = layer_in_segments(layer, below_TBH, state, truncate)
            below_TBH = hidden_states(states)
            layer_states.append(_layer_states(layer, states))

    h_TBH = below_TBH

    def outputs_at(t: int) -> Tensor:
        outputs = read(x_TBE[: t + 1], h_TBH[: t + 1])
        return outputs if outputs.dim() == 2 else outputs[:, -1]

    one_step = step_map(layers)

    def advance(t: int, state_BD: Tensor) -> Tensor:
        return one_step.take(inputs[t].detach(), state_BD, {})[0]

    return Rollout(
        inputs=inputs,
        layers=layer_states,
        outputs=read(x_TBE, h_TBH),
        outputs_at=outputs_at,
        read_at_B=read_at_B,
        valid_BT=valid_BT,
        state_lag=state_lag,
        reads_one_state=reads_one_state,
        initial_BD=torch.cat([state.flat for state in before], dim=1),
        advance=advance,
        step_map=one_step,
    )


def _layer_states(layer: Recurrence, states: Sequence[State]) -> LayerStates:
    cells = [state.c for state in states if state.c is not None]
    return LayerStates(
        [state.h for state in states],
        cells or None,
        [state.gates for state in states],
        layer.cell.carry,
        [state.handed_on for state in states],
    )
