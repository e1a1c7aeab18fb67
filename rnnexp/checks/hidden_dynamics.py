"""Norms, variance and saturation of states that are known."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn

from rnnexp.checks.networks import rnn
from rnnexp.checks.suite import Values, check
from rnnexp.model.rollout import rollout
from rnnexp.probes.hidden_dynamics import state_statistics


def forced(bias: float, hidden: int = 16) -> dict[str, Any]:
    """Statistics of an RNN without weights: h = tanh(bias) at every step."""
    module = rnn(hidden)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.fill_(bias if name == "bias_ih_l0" else 0.0)
    made = rollout(module, torch.randn(10, 1, 3))
    with torch.no_grad():
        return state_statistics(made.layers[-1], [10], saturated_at=0.9)


@check("hidden_dynamics: forced h = 0.5: ‖h‖ = 0.5 √16, variance 0", 1e-12, relative=False)
def forced_state_norm() -> tuple[Values, Values]:
    measured = forced(math.atanh(0.5))
    return np.array([2.0] * 10 + [0.0]), np.append(measured["state"][0], measured["state_variance"])


@check("hidden_dynamics: forced h = 0.5: mean 1 - h² = 0.75, none saturated", 1e-12, relative=False)
def forced_slope() -> tuple[Values, Values]:
    measured = forced(math.atanh(0.5))
    return np.array([0.75, 0.0]), np.append(measured["slope"], measured["saturated"])


@check("hidden_dynamics: forced h = tanh 3: all saturated", 0, relative=False)
def forced_saturation() -> tuple[Values, Values]:
    return 1.0, float(forced(3.0)["saturated"][0])


@check("hidden_dynamics: ‖h_t‖ and ‖c_t‖, nn.LSTM stepped by one token", 1e-12, relative=False)
def lstm_stepped_by_one_token() -> tuple[Values, Values]:
    lstm, x_TBE = nn.LSTM(3, 8).double(), torch.randn(25, 1, 3, dtype=torch.float64)
    state, expected = None, []
    with torch.no_grad():
        for x_BE in x_TBE:
            _, state = lstm(x_BE[None], state)
            expected.append([float(state[0].norm()), float(state[1].norm())])
        statistics = state_statistics(rollout(lstm, x_TBE).layers[-1], [25], 0.9)
    norms = [np.asarray(statistics[name])[0] for name in ("state", "cell")]
    return np.array(expected), np.stack(norms, axis=1)
