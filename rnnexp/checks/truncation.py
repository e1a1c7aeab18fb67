"""Truncated backpropagation through time: a scalar linear recurrence, in closed form.

h_t = w h_(t-1) + x_t, L = h_T, gradients cut behind steps K, 2K, ...: with s the last cut before T,

    dL/dx_t = w^(T-t) for t > s, else 0,    dL/dw = Σ_(t=s+1..T) w^(T-t) h_(t-1).

The states h_(t-1) are those of the whole sequence.
"""

import numpy as np
import torch
from torch import nn

from rnnexp.checks.suite import Array, Values, check
from rnnexp.embedding.features import Features
from rnnexp.model.unrolled import Unrolled
from rnnexp.types import Batch

W, T, K = 0.8, 11, 4
CUT = T // K * K


def scalar_model(truncate: int | None) -> Unrolled:
    model = Unrolled(Features(1), 1, cell="linear", hidden_size=1, regression=True).double()
    values = {"weight_ih_l0": 1.0, "weight_hh_l0": W, "bias_ih_l0": 0.0, "bias_hh_l0": 0.0}
    with torch.no_grad():
        for name, value in values.items():
            model.recurrence.get_parameter(name).fill_(value)
        head = model.head
        assert isinstance(head, nn.Linear)
        head.weight.fill_(1.0)
        head.bias.zero_()
    model.truncate = truncate
    return model


def numbers() -> torch.Tensor:
    return torch.randn(1, T, 1, dtype=torch.float64)


def batch_of_numbers(x_BTE: torch.Tensor) -> Batch:
    return Batch(x_BTE, torch.zeros(1, 1), torch.tensor([T]))


def weight_gradient(x_BTE: torch.Tensor, first: int) -> float:
    """Σ_(t=first..T) w^(T-t) h_(t-1)."""
    h, total = 0.0, 0.0
    for t, x in enumerate(x_BTE.flatten().tolist(), 1):
        total += W ** (T - t) * h if t >= first else 0.0
        h = W * h + x
    return total


def input_gradients() -> Array:
    """w^(T-t) behind the last cut, else 0, of t = 1..T."""
    return np.array([W ** (T - t) if t > CUT else 0.0 for t in range(1, T + 1)])


def measured_weight_gradient(x_BTE: torch.Tensor, truncate: int | None) -> float:
    model = scalar_model(truncate)
    model(batch_of_numbers(x_BTE)).sum().backward()
    gradient = model.recurrence.get_parameter("weight_hh_l0").grad
    assert gradient is not None
    return float(gradient)


@check("truncation: dL/dw of a scalar recurrence, cut every 4 steps", 1e-12)
def weight_of_a_cut_sequence() -> tuple[Values, Values]:
    x_BTE = numbers()
    return weight_gradient(x_BTE, CUT + 1), measured_weight_gradient(x_BTE, K)


@check("truncation: dL/dw of the same, not cut", 1e-12)
def weight_of_a_whole_sequence() -> tuple[Values, Values]:
    x_BTE = numbers()
    return weight_gradient(x_BTE, 1), measured_weight_gradient(x_BTE, None)


@check("truncation: dL/dx is w^(T-t) up to the cut and 0 behind it", 1e-12, relative=False)
def inputs_of_a_cut_sequence() -> tuple[Values, Values]:
    x_BTE = numbers().requires_grad_()
    scalar_model(K)(batch_of_numbers(x_BTE)).sum().backward()
    assert x_BTE.grad is not None
    return input_gradients(), x_BTE.grad.flatten().numpy()


@check("truncation: gradient_flow's rollout has the same cuts", 1e-12, relative=False)
def rollout_of_a_cut_sequence() -> tuple[Values, Values]:
    made = scalar_model(K).rollout(batch_of_numbers(numbers()))
    gradients = torch.autograd.grad(made.outputs.sum(), list(made.inputs), allow_unused=True)
    measured = [0.0 if gradient is None else float(gradient) for gradient in gradients]
    return input_gradients(), np.array(measured)
