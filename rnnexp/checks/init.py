"""Initial biases against the distribution that they are drawn from."""

import numpy as np
import torch

from rnnexp.checks.networks import carry_name
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.init.chrono import Chrono
from rnnexp.model import fused


@check("init: chrono, t_max = 50: time constants e^b of U[1, 49]: mean 25, variance 192", 0.05)
def chrono_memory_times() -> tuple[Values, Values]:
    model = fused.LSTM(Features(3), 1, hidden_size=4000)
    Chrono(t_max=50)(model, torch.Generator().manual_seed(0))
    (layer,) = model.recurrences()
    carry = carry_name(layer)
    biases = layer.blocks("bias_ih")[carry] + layer.blocks("bias_hh")[carry]
    return np.array([25.0, 192.0]), np.array([biases.exp().mean(), biases.exp().var()])
