"""Small float64 networks whose measurements are known, and data for them.

Shapes: T time, B batch, E features, H hidden.
"""

import torch
from torch import Tensor, nn

from rnnexp.embedding.features import Features
from rnnexp.init.base import set_gate_bias
from rnnexp.model.cells.base import Recurrence
from rnnexp.model.linear import Linear
from rnnexp.model.modules import layers_of
from rnnexp.probes.gradient_norms import GradientNorms, gradient_flow
from rnnexp.types import Batch, Rollout


def rnn(hidden: int, weight: Tensor | None = None, inputs: int = 3) -> nn.RNN:
    """A float64 tanh RNN with the given recurrent weight [H, H], or torch's."""
    module = nn.RNN(inputs, hidden).double()
    if weight is not None:
        with torch.no_grad():
            module.get_parameter("weight_hh_l0").copy_(weight)
    return module


def scaled_rotation(gain: float, hidden: int = 16) -> Tensor:
    """gain Q with an orthogonal Q, float64."""
    q_HH: Tensor = torch.linalg.qr(torch.randn(hidden, hidden, dtype=torch.float64)).Q
    return gain * q_HH


def linear_model(weight_hh: Tensor, readout: str = "last") -> Linear:
    """The linear model with a given recurrent weight."""
    model = Linear(Features(3), 1, len(weight_hh), readout=readout).double()
    with torch.no_grad():
        model.i2h.weight[:, 3:] = weight_hh
    return model


def carry_name(layer: Recurrence) -> str:
    """The gate that multiplies the state carried over: an LSTM's forget gate."""
    carry = layer.cell.carry
    if carry is None:
        raise ValueError(f"{type(layer.cell).__name__} carries its state over without a gate")
    return carry


def set_carry_bias(module: nn.RNNBase, bias: float) -> None:
    """Set the bias of the carry gate, the sum of torch's two, in every layer."""
    with torch.no_grad():
        for layer in layers_of(module):
            set_gate_bias([layer], carry_name(layer), bias)


def batch_of(steps: int, lengths: list[int], features: int = 3) -> Batch:
    """Random float inputs [B, T, E], zero behind the given lengths: `steps` is T."""
    inputs_BTE = torch.randn(len(lengths), steps, features, dtype=torch.float64)
    batch = Batch(inputs_BTE, torch.zeros(len(lengths)), torch.tensor(lengths))
    for row, length in zip(inputs_BTE, lengths, strict=True):
        row[length:] = 0
    return batch


def last_state_norms(made: Rollout) -> GradientNorms:
    """Gradient norms of a loss on the outputs whose gradient there is 1 in every element."""
    return gradient_flow(made, made.outputs.sum())
