"""Any recurrent network replayed step by step, so that its states can be measured.

A fused module hides its states: a hook on its output sees only what the loss takes from each state
directly, which for a loss on the last step is nothing at all but there. Here every h_t, c_t and
gate is the very tensor that the next step consumed, in float64: float32 norms of a vanishing
gradient are exactly 0 long before the gradient is.

Shapes: T time, B batch, E features, H hidden, D flat state, O outputs.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from rnnexp.model.cells.base import Cell, Recurrence, State, hidden_states
from rnnexp.model.cells.gru import GRUCell
from rnnexp.model.cells.lstm import LSTMCell
from rnnexp.model.cells.rnn import RNNCell
from rnnexp.types import Batch, LayerStates, Rollout

#: The cell of each mode that torch.nn.RNNBase knows: torch adds no more of them.
TORCH_MODES: Mapping[str, Cell] = {
    "RNN_TANH": RNNCell("tanh"),
    "RNN_RELU": RNNCell("relu"),
    "LSTM": LSTMCell(),
    "GRU": GRUCell(),
}


def rollout(module: nn.RNNBase, inputs: Tensor, lengths: Tensor | None = None) -> Rollout:
    """What torch's own module computes on `inputs`, step by step, in float64, with its graph.

    module: torch.nn.RNN, LSTM or GRU; its dropout between layers is left out.
    inputs: [T, B, E], or [B, T, E] for a module with batch_first.
    lengths: long [B], the real steps of each sequence, pads behind them; None: all T.

    The outputs are h of the top layer at the last real step, [B, H]. Gradients reach the inputs and
    the states, not the parameters.

    Raises ValueError for a module that is bidirectional or has a projection, and for inputs or
    lengths of other shapes.

    >>> r = rollout(nn.LSTM(3, 4), torch.randn(5, 2, 3))
    >>> len(r.states), r.states[0].shape, r.outputs.shape
    (5, torch.Size([2, 4]), torch.Size([2, 4]))
    """
    layers = layers_of(module)
    if inputs.dim() != 3 or inputs.shape[2] != module.input_size:
        raise ValueError(
            f"inputs must be three-dimensional with {module.input_size} features "
            f"(got the shape {tuple(inputs.shape)})"
        )
    x_TBE = inputs.detach().transpose(0, 1) if module.batch_first else inputs.detach()
    steps, size = x_TBE.shape[:2]
    if lengths is None:
        lengths = torch.full((size,), steps)
    if lengths.shape != (size,) or lengths.min() < 1 or lengths.max() > steps:
        raise ValueError(f"lengths must be {size} numbers from 1 to {steps}")
    device = layers[0].weight_hh.device
    device = torch.device("cpu") if device.type == "mps" else device
    batch = Batch(x_TBE.transpose(0, 1), torch.zeros(size), lengths).to(device)

    def read(x_TBE: Tensor, h_TBH: Tensor) -> Tensor:
        last_B = batch.cut(len(h_TBH)).last_valid_B
        return h_TBH[last_B, torch.arange(size, device=device)]

    return replay(
        [layer.to(device, torch.float64) for layer in layers],
        x_TBE.to(device, torch.float64),
        read,
        read_at_B=batch.last_valid_B,
        valid_BT=batch.valid_BT,
    )


def layers_of(module: nn.RNNBase) -> list[Recurrence]:
    """The layers of a torch module, on its own parameters.

    Raises ValueError for what has no cell here: two directions, or a projection.
    """
    if module.bidirectional:
        raise ValueError("a bidirectional module has two recurrences: roll out one direction each")
    if module.proj_size:
        raise ValueError("proj_size: an LSTM with a projection cannot be rolled out")
    layers = []
    for index in range(module.num_layers):
        weight_ih = module.get_parameter(f"weight_ih_l{index}")
        weight_hh = module.get_parameter(f"weight_hh_l{index}")
        biases: list[Tensor]
        if module.bias:
            biases = [module.get_parameter(f"bias_{name}_l{index}") for name in ("ih", "hh")]
        else:
            biases = [weight_ih.new_zeros(len(weight_ih))] * 2
        layers.append(Recurrence(TORCH_MODES[module.mode], weight_ih, weight_hh, *biases))
    return layers


def replay(
    layers: Sequence[Recurrence],
    x_TBE: Tensor,
    read: Callable[[Tensor, Tensor], Tensor],
    read_at_B: Tensor,
    valid_BT: Tensor,
    state_lag: int = 0,
) -> Rollout:
    """Run the layers one after the other, each on the states of the one below.

    read: makes the outputs of x [T, B, E] and the top layer's h [T, B, H], or of their beginnings.
    """
    inputs = [x_BE.detach().requires_grad_() for x_BE in x_TBE.unbind(0)]
    x_TBE = below_TBH = torch.stack(inputs)
    layer_states: list[LayerStates] = []
    for layer in layers:
        states = layer.run(below_TBH)
        below_TBH = hidden_states(states)
        layer_states.append(_layer_states(layer.cell, states))

    h_TBH = below_TBH

    def outputs_at(t: int) -> Tensor:
        outputs = read(x_TBE[: t + 1], h_TBH[: t + 1])
        return outputs if outputs.dim() == 2 else outputs[:, -1]

    def advance(t: int, state_BD: Tensor) -> Tensor:
        parts: list[Tensor] = []
        below_BE = inputs[t].detach()
        flats = torch.split(state_BD, [layer.state_size for layer in layers], dim=1)
        for layer, flat in zip(layers, flats, strict=True):
            (state,) = layer.run(below_BE[None], layer.state_of(flat))
            parts.append(state.flat)
            below_BE = state.h
        return torch.cat(parts, dim=1)

    return Rollout(
        inputs=inputs,
        layers=layer_states,
        outputs=read(x_TBE, h_TBH),
        outputs_at=outputs_at,
        read_at_B=read_at_B,
        valid_BT=valid_BT,
        state_lag=state_lag,
        advance=advance,
    )


def _layer_states(cell: Cell, states: Sequence[State]) -> LayerStates:
    cells = [state.c for state in states if state.c is not None]
    return LayerStates(
        [state.h for state in states], cells or None, [state.gates for state in states], cell.carry
    )
