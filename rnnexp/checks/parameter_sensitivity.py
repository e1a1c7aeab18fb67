"""Derivatives of states with respect to weights, where they are known."""

import numpy as np
import torch
from torch import Tensor, nn

from rnnexp.checks.networks import batch_of, linear_model
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.rollout import rollout
from rnnexp.probes.state_sensitivity import gradient_by_steps, parameter_sensitivity
from rnnexp.types import Batch, Rollout


def impulses(decay: float, steps: int) -> Rollout:
    """h_t = λ h_(t-1) + x_t of as many examples as there are steps, x_t = 1 at one step each.

    h is linear in x: the sum of squares over these examples is the mean over white noise.
    """
    model = linear_model(torch.tensor([[decay]], dtype=torch.float64))
    with torch.no_grad():
        model.i2h.weight[:, :3] = torch.tensor([1.0, 0.0, 0.0])
        model.i2h.bias.zero_()
    x_BTE = torch.zeros(steps, steps, 3, dtype=torch.float64)
    x_BTE[:, :, 0] = torch.eye(steps)
    return model.rollout(Batch(x_BTE, torch.zeros(steps), torch.full((steps,), steps)))


@check("parameter_sensitivity: h = λh + x: Σ k² λ^(2k-2), E (dh_n/dλ)²", 1e-12)
def finite_sums() -> tuple[Values, Values]:
    ns = [2, 5, 40]
    found = parameter_sensitivity(impulses(0.9, 40), ns)
    expected = [sum(k**2 * 0.9 ** (2 * k - 2) for k in range(1, n)) for n in ns]
    return np.array(expected), found.squared["weight_hh_l0"].sum(axis=1)


@check("parameter_sensitivity: h = λh + x: (1 + λ²) / (1 - λ²)³; E h² too", 1e-9)
def in_the_limit() -> tuple[Values, Values]:
    expected, measured = [], []
    for decay in (0.3, 0.8):
        found = parameter_sensitivity(impulses(decay, 120), [120])
        expected += [(1 + decay**2) / (1 - decay**2) ** 3, 1 / (1 - decay**2)]
        measured += [found.squared["weight_hh_l0"].sum(), found.state_KB.sum()]
    return np.array(expected), np.array(measured)


@check("parameter_sensitivity: LSTM, each block: finite differences", 1e-6)
def lstm_by_differences() -> tuple[Values, Values]:
    module, x_TBE = nn.LSTM(2, 3).double(), torch.randn(9, 2, 2, dtype=torch.float64)
    found = parameter_sensitivity(rollout(module, x_TBE, [9, 6]), [6], directions=3)
    expected, measured, eps = [], [], 1e-6
    for name in ("weight_hh_l0", "weight_ih_l0"):
        weight = module.get_parameter(name)
        by_row_RB = torch.zeros(12, 2, dtype=torch.float64)
        for row in range(12):
            for column in range(weight.shape[1]):
                with torch.no_grad():
                    weight[row, column] += eps
                    more = module(x_TBE[:6])[0][-1]
                    weight[row, column] -= 2 * eps
                    less = module(x_TBE[:6])[0][-1]
                    weight[row, column] += eps
                by_row_RB[row] += ((more - less) / (2 * eps)).square().sum(dim=1)
        for block, rows in zip(
            ("input", "forget", "cell", "output"), by_row_RB.chunk(4), strict=True
        ):
            expected.append(rows.sum(dim=0).numpy())
            measured.append(found.squared[f"{name}.{block}"][0])
    return np.concatenate(expected), np.concatenate(measured)


@check("parameter_sensitivity: signs at random, 32 units: in the mean the norm", 0.05)
def random_signs() -> tuple[Values, Values]:
    made = rollout(nn.GRU(3, 32).double(), torch.randn(12, 6, 3, dtype=torch.float64))
    exact, drawn = (parameter_sensitivity(made, [12], directions=n) for n in (32, 31))
    many = [parameter_sensitivity(made, [12], 31, seed).squared["all"] for seed in range(10)]
    assert exact.exact
    assert not drawn.exact
    return float(exact.squared["all"].mean()), float(np.mean(many))


def summed_loss(outputs: Tensor) -> Tensor:
    return outputs.square().sum()


@check("parameter_sensitivity: contributions of all steps: the loss' gradient", 1e-10)
def all_contributions() -> tuple[Values, Values]:
    model = fused.GRU(Features(3), 3, hidden_size=4, num_layers=2, readout="last").double()
    batch = batch_of(15, [15, 9, 12])
    made = model.rollout(batch)
    by_steps = gradient_by_steps(made, summed_loss(made.outputs))
    expected, measured = [], []
    for example in range(3):
        model.zero_grad()
        torch.autograd.backward(summed_loss(model(batch.rows(example, example + 1))))
        for name in ("weight_hh_l0", "weight_ih_l1", "bias_hh_l1"):
            gradient = model.get_parameter(f"recurrence.{name}").grad
            assert gradient is not None
            expected.append(float(gradient.norm()))
            measured.append(float(by_steps.so_far[name][14, example]))
    return np.array(expected), np.array(measured)
