"""Fixed points of maps whose fixed points are known."""

import math

import numpy as np
import torch
from scipy.optimize import brentq
from torch import nn

from rnnexp.checks.networks import batch_of, linear_model, rnn
from rnnexp.checks.suite import Values, check
from rnnexp.model.rollout import rollout
from rnnexp.probes.fixed_point_search import Points, fixed_points


def if_as_many(values: np.ndarray, count: int) -> np.ndarray:
    """The values, where so many were found; else NaN."""
    return values if len(values) == count else np.full(count, np.nan)


def sorted_parts(values: np.ndarray) -> np.ndarray:
    """Complex numbers as real ones, in an order of their own."""
    ordered = np.sort_complex(np.round(values, 9))
    return np.concatenate([ordered.real, ordered.imag])


@check("fixed_points: linear, h = (I - W)^-1 (U x + b)", 1e-9)
def linear_map() -> tuple[Values, Values]:
    model = linear_model(torch.randn(8, 8, dtype=torch.float64) / math.sqrt(8))
    x_E = torch.randn(3, dtype=torch.float64)
    found = fixed_points(model.rollout(batch_of(20, [20, 20])), x_E)
    (layer,) = model.recurrences()
    drive = layer.weight_ih @ x_E + layer.weights["bias_ih"] + layer.weights["bias_hh"]
    identity = torch.eye(8, dtype=torch.float64)
    expected = torch.linalg.solve(identity - layer.weight_hh, drive).detach().numpy()
    return expected, if_as_many(found.states_PD.ravel(), 8)


@check("fixed_points: linear, the eigenvalues are those of W", 1e-8, relative=False)
def linear_eigenvalues() -> tuple[Values, Values]:
    weight = torch.randn(8, 8, dtype=torch.float64) / math.sqrt(8)
    found = fixed_points(linear_model(weight).rollout(batch_of(20, [20, 20])))
    expected = torch.linalg.eigvals(weight).numpy()
    return sorted_parts(expected), sorted_parts(found.eigenvalues_PD[0])


def bistable() -> Points:
    """h = tanh(2 h), seen from both sides of 0."""
    module = rnn(1, torch.tensor([[2.0]], dtype=torch.float64), inputs=1)
    for name in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0"):
        nn.init.zeros_(module.get_parameter(name))
    starts = torch.tensor([[[0.3], [-0.2], [0.9], [-0.01]]], dtype=torch.float64)
    return fixed_points(rollout(module, torch.zeros(6, 4, 1), state=starts))


@check("fixed_points: h = tanh(2h): 0 and ±h with 2h = artanh h", 1e-9, relative=False)
def two_stable_points() -> tuple[Values, Values]:
    stable = brentq(lambda h: math.tanh(2 * h) - h, 0.5, 1.0, xtol=1e-15)
    return np.array([-stable, 0.0, stable]), if_as_many(np.sort(bistable().states_PD.ravel()), 3)


@check("fixed_points: h = tanh(2h): 2 at 0, 2(1 - h²) beside it; where each comes to", 1e-8)
def their_eigenvalues() -> tuple[Values, Values]:
    found = bistable()
    h_P, slope_P = found.states_PD[:, 0], found.eigenvalues_PD[:, 0].real
    signs_B = np.sign(h_P[found.arrived_B])
    unstable = found.unstable_P[np.abs(h_P).argmin()]
    expected = [*(2 * (1 - h_P**2)), 1.0, -1.0, 1.0, -1.0, 1.0]
    return np.array(expected), np.array([*slope_P, *signs_B, unstable])


@check("fixed_points: LSTM of two layers: F(h) - h, (h, c) of both", 1e-9, relative=False)
def lstm_stays() -> tuple[Values, Values]:
    module = nn.LSTM(2, 5, num_layers=2).double()
    x_TBE = torch.randn(30, 3, 2, dtype=torch.float64)
    found = fixed_points(rollout(module, x_TBE))
    h_PD = torch.from_numpy(found.states_PD)
    layers = h_PD.reshape(len(h_PD), 2, 2, 5)  # layer, h or c
    before = tuple(layers[:, :, part].transpose(0, 1).contiguous() for part in (0, 1))
    mean_x = x_TBE.mean(dim=(0, 1)).expand(1, len(h_PD), 2)
    after = module(mean_x, before)[1]
    expected = torch.cat([part.ravel() for part in before])
    return expected.numpy(), torch.cat([part.ravel() for part in after]).detach().numpy()
