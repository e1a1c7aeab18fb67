"""The predicted gain per step: against published values, quadrature, and measured gradients."""

import math

import numpy as np
import torch
from scipy.integrate import quad
from torch import nn

from rnnexp.checks.networks import linear_model, scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.model.modules import layers_of
from rnnexp.model.rollout import rollout
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.regime import mean_field, predict_regime


def gains(hidden: int, std: float) -> tuple[float, float]:
    """Predicted and measured ln gain per step: weights N(0, std²), inputs of variance 1/3."""
    predicted, measured = [], []
    for _ in range(3):
        module = nn.RNN(hidden, hidden).double()
        with torch.no_grad():
            module.get_parameter("weight_hh_l0").normal_(0, std)
            module.get_parameter("weight_ih_l0").normal_(0, 1 / math.sqrt(hidden))
            module.get_parameter("bias_ih_l0").zero_()
            module.get_parameter("bias_hh_l0").zero_()
        x_TBE = torch.rand(60, 4, hidden, dtype=torch.float64) * 2 - 1
        regime = predict_regime(layers_of(module), [x_TBE.reshape(-1, hidden)], 60)
        predicted.append(math.log(regime.layer.gain or 0.0))
        made = rollout(module, x_TBE)
        loss = (made.outputs * torch.randn_like(made.outputs)).sum()
        by_distance = gradient_flow(made, loss).by_distance()[1]
        measured.append(math.log(by_distance[41] / by_distance[1]) / 40)
    return float(np.mean(predicted)), float(np.mean(measured))


@check("regime: mean field, input variance 1/3, g = 0.1 √128, √512: ln gain", 1e-3, relative=False)
def mean_field_gain() -> tuple[Values, Values]:
    gain = [mean_field(0.1 * math.sqrt(h), 1 / 3, "tanh")[2] for h in (128, 512)]
    return np.array([-0.214, 0.168]), np.log(gain)


@check("regime: N(0, 0.1²), H = 128: predicted against measured ln gain", 0.03, relative=False)
def gaussian_128() -> tuple[Values, Values]:
    return gains(128, 0.1)


@check("regime: N(0, 0.1²), H = 512: predicted against measured ln gain", 0.03, relative=False)
def gaussian_512() -> tuple[Values, Values]:
    return gains(512, 0.1)


@check("regime: mean field, g = 8 and 16 (saturated), against adaptive quadrature", 1e-4)
def saturated_mean_field() -> tuple[Values, Values]:
    expected, measured = [], []
    for g in (8.0, 16.0):
        q, _, gain = mean_field(g, 1 / 3, "tanh")
        root = math.sqrt(q)
        peak, _ = quad(
            lambda u, s=root: math.exp(-((u / s) ** 2) / 2) / s / math.cosh(u) ** 4, -40, 40
        )
        expected.append(g * math.sqrt(peak / math.sqrt(2 * math.pi)))
        measured.append(gain)
    return np.array(expected), np.array(measured)


@check("regime: N(0, 1), H = 256, saturated: predicted against measured ln gain", 0.15, False)
def gaussian_saturated() -> tuple[Values, Values]:
    return gains(256, 1.0)


@check("regime: a linear recurrence of 0.9 Q: gain 0.9", 1e-12)
def linear_rotation() -> tuple[Values, Values]:
    model = linear_model(scaled_rotation(0.9))
    return 0.9, predict_regime(model.recurrences(), [torch.randn(50, 3)], 10).layer.gain or 0.0
