"""Spectral radius, largest singular value, and the bound that they set to gradients."""

import math

import numpy as np
import torch
from torch import nn

from rnnexp.checks.networks import last_state_norms, rnn, scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.model.rollout import rollout
from rnnexp.probes.recurrent_weights import (
    gradient_bound,
    largest_singular_value,
    orthogonality_error,
    spectral_radius,
)


@check("recurrent_weights: N(0, σ²), H = 1000: ρ → σ√H", 0.05)
def gaussian_radius() -> tuple[Values, Values]:
    return 0.1 * math.sqrt(1000), spectral_radius(0.1 * torch.randn(1000, 1000))


@check("recurrent_weights: torch's default, H = 1000: ρ → 1/√3", 0.05)
def default_radius() -> tuple[Values, Values]:
    return 1 / math.sqrt(3), spectral_radius(nn.RNN(3, 1000).get_parameter("weight_hh_l0").detach())


@check("recurrent_weights: 0.7 Q: ρ, σ_max, ‖WᵀW - I‖", 1e-12)
def scaled_orthogonal() -> tuple[Values, Values]:
    weight = scaled_rotation(0.7)
    measured = [f(weight) for f in (spectral_radius, largest_singular_value, orthogonality_error)]
    return np.array([0.7, 0.7, (1 - 0.49) * math.sqrt(16)]), np.array(measured)


@check("recurrent_weights: no tanh gradient above (γ σ_max)^k, the excess", 1e-12, relative=False)
def tanh_bound() -> tuple[Values, Values]:
    module = rnn(16, torch.randn(16, 16, dtype=torch.float64) / 4)
    norms = last_state_norms(rollout(module, torch.randn(30, 1, 3)))
    by_distance = norms.by_distance()[1]
    bound = gradient_bound(
        largest_singular_value(module.get_parameter("weight_hh_l0").detach()), 30
    )
    return 0.0, float((by_distance / by_distance[0] / bound - 1).max().clip(min=0))
