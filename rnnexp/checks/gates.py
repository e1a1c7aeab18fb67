"""The mean of a gate and the time constant of a network whose gates do not look at its state."""

import math

import numpy as np
import torch
from torch import nn

from rnnexp.checks.networks import batch_of, carry_name, last_state_norms, set_carry_bias
from rnnexp.checks.suite import Array, Values, check
from rnnexp.data.sentence import Sentence
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.modules import layers_of
from rnnexp.model.rollout import rollout
from rnnexp.probes.base import ProbeView
from rnnexp.probes.gates import Gates, carry_gate, memory_time
from rnnexp.types import Batch


def gated_by_bias(bias: float, hidden: int = 8) -> nn.LSTM:
    """An LSTM whose gates do not look at h, and whose forget gate does not look at x either."""
    lstm = nn.LSTM(3, hidden).double()
    with torch.no_grad():
        lstm.get_parameter("weight_hh_l0").zero_()
        (layer,) = layers_of(lstm)
        layer.blocks("weight_ih")[carry_name(layer)].zero_()
    set_carry_bias(lstm, bias)
    return lstm


@check("gates: W_if = W_hf = 0: mean f = σ(b), b set once and not in both biases", 1e-12)
def mean_forget_gate() -> tuple[Values, Values]:
    made = rollout(gated_by_bias(2.0), torch.randn(10, 2, 3))
    return 1 / (1 + math.exp(-2)), float(carry_gate(made).detach().mean())


@check("gates: time constant -1 / ln σ(2)", 1e-12)
def memory_time_of_a_bias() -> tuple[Values, Values]:
    made = rollout(gated_by_bias(2.0), torch.randn(10, 2, 3))
    expected = -1 / math.log(1 / (1 + math.exp(-2)))
    times = memory_time(carry_gate(made).detach(), made.valid_BT.T)
    return np.full((2, 8), expected), times.numpy()


@check("gates: pads behind a text do not count for its memory", 1e-12)
def pads_do_not_count() -> tuple[Values, Values]:
    model, batch = fused.LSTM(Features(3), 1, hidden_size=8).double(), batch_of(40, [10, 10])
    task = Sentence()  # the probe asks nothing of it

    def product_and_time(part: Batch) -> Array:
        measured = Gates().measure(ProbeView(model, task, 0, part, part, {}))
        return np.append(np.asarray(measured["product"])[:10], measured["median_memory_time"])

    return product_and_time(batch.cut(10)), product_and_time(batch)


def cell_gradient_ratio(bias: float, steps: int) -> float:
    """‖dL/dc_1‖ / ‖dL/dc_T‖ of an LSTM whose h does not come back."""
    norms = last_state_norms(rollout(gated_by_bias(bias), torch.randn(steps, 1, 3)))
    assert norms.cells_LTB is not None
    return float(norms.cells_LTB[0][0, 0] / norms.cells_LTB[0][-1, 0])


@check("gates: all W_h* = 0: cell gradient ∏f = σ(1)^49", 1e-12)
def cell_gradient_shrinks() -> tuple[Values, Values]:
    return (1 / (1 + math.exp(-1))) ** 49, cell_gradient_ratio(1.0, 50)


@check("gates: f → 1: cell gradient exactly 1 over 1000 steps", 0)
def cell_gradient_stays() -> tuple[Values, Values]:
    return 1.0, cell_gradient_ratio(1000.0, 1001)
