"""Gradient norms of states and inputs: finite differences, and linear networks in closed form."""

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from rnnexp.checks.networks import batch_of, last_state_norms, linear_model, rnn, scaled_rotation
from rnnexp.checks.suite import Array, Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.base import SequenceModel
from rnnexp.model.rollout import rollout
from rnnexp.probes import gradient_flow as flow
from rnnexp.probes.base import Measurement, ProbeView, Source
from rnnexp.probes.decay import Decay
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.probes.norms import l2_norm
from rnnexp.types import Batch, Rollout


def state_norms_by_distance(model: SequenceModel, steps: int) -> Array:
    """‖dL/dh_(n-k)‖ / ‖dL/dh_n‖ for k = 0, 1, ..., n the state that is read."""
    norms = last_state_norms(model.rollout(batch_of(steps, [steps])))
    by_distance = norms.by_distance()[1]
    by_distance = by_distance[~np.isnan(by_distance)]
    shares: Array = by_distance / by_distance[0]
    return shares


def perturbed_loss(made: Rollout, t: int, change_BD: Tensor) -> float:
    """The sum of the last state's squares after the state at step t was changed.

    A change of c_t changes h_t = o_t tanh(c_t) too.
    """
    state_BD = made.flat_state(t).detach() + change_BD
    if made.cells is not None:
        h_change_BH, c_change_BH = change_BD.chunk(2, dim=1)
        output_BH, c_BH = made.layers[0].gates[t]["output"].detach(), made.cells[t].detach()
        h_change_BH = h_change_BH + output_BH * ((c_BH + c_change_BH).tanh() - c_BH.tanh())
        state_BD = made.flat_state(t).detach() + torch.cat([h_change_BH, c_change_BH], dim=1)
    for later in range(t + 1, len(made.inputs)):
        state_BD = made.advance(later, state_BD)
    hidden = made.states[0].shape[1]
    return float(state_BD[:, :hidden].square().sum())


def adjoint_by_differences(module: nn.RNNBase, cell_state: bool) -> tuple[Values, Values]:
    """‖dL/ds_t‖ by central differences in every direction, and as measured; L = Σ h_T²."""
    made = rollout(module, torch.randn(12, 1, 3, dtype=torch.float64))
    norms = gradient_flow(made, made.outputs.square().sum())
    hidden, eps = module.hidden_size, 1e-5
    width = made.flat_state(0).shape[1]
    columns = range(hidden, 2 * hidden) if cell_state else range(hidden)
    expected = []
    for t in (0, 3, 7, 11):
        slopes = []
        for column in columns:
            change = torch.zeros(1, width, dtype=torch.float64)
            change[0, column] = eps
            up, down = perturbed_loss(made, t, change), perturbed_loss(made, t, -change)
            slopes.append((up - down) / (2 * eps))
        expected.append(float(np.linalg.norm(slopes)))
    table_LTB = norms.cells_LTB if cell_state else norms.states_LTB
    assert table_LTB is not None
    return np.array(expected), table_LTB[-1][[0, 3, 7, 11], 0]


@check("gradient_flow: dL/dh_t of an RNN, finite differences", 1e-6)
def rnn_by_differences() -> tuple[Values, Values]:
    return adjoint_by_differences(rnn(8), cell_state=False)


@check("gradient_flow: dL/dh_t of an LSTM, finite differences", 1e-6)
def lstm_by_differences() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.LSTM(3, 8).double(), cell_state=False)


@check("gradient_flow: dL/dc_t of an LSTM, finite differences", 1e-6)
def lstm_cell_by_differences() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.LSTM(3, 8).double(), cell_state=True)


@check("gradient_flow: dL/dh_t of a GRU, finite differences", 1e-6)
def gru_by_differences() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.GRU(3, 8).double(), cell_state=False)


@check("gradient_flow: linear, W = 0.9 Q: 0.9^k", 1e-12)
def linear_shrinking() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(0.9)), 61)
    return 0.9 ** np.arange(len(measured)), measured


@check("gradient_flow: linear, W = 1.1 Q: 1.1^k", 1e-12)
def linear_growing() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(1.1)), 61)
    return 1.1 ** np.arange(len(measured)), measured


@check("gradient_flow: linear, W = 0.1 Q, 280 steps: 1e-278, far below float32", 1e-10)
def linear_far_below_float32() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(0.1)), 280)
    return 0.1 ** np.arange(len(measured)), measured


@check("gradient_flow: half-life at g = 0.95, ln 2 / -ln 0.95", 1e-9)
def half_life_of_a_rotation() -> tuple[Values, Values]:
    by_distance = state_norms_by_distance(linear_model(scaled_rotation(0.95)), 100)
    return math.log(2) / -math.log(0.95), Decay.of(by_distance).half_life


@check("gradient_flow: dL/de_t of the linear model, ‖W_ihᵀ (Wᵀ)^k v‖", 1e-10)
def linear_inputs() -> tuple[Values, Values]:
    model = linear_model(torch.randn(8, 8, dtype=torch.float64) / 4)
    norms = last_state_norms(model.rollout(batch_of(10, [10])))
    w_ih, w_hh = model.i2h.weight[:, :3].detach(), model.i2h.weight[:, 3:].detach()
    v = model.head.get_parameter("weight").detach()[0, 3:]
    expected = [float((w_ih.T @ torch.linalg.matrix_power(w_hh.T, k) @ v).norm()) for k in range(9)]
    return np.array(expected[::-1]), norms.inputs_TB[:9, 0]


@check("gradient_flow: one example's norm is its own in any batch", 1e-12)
def example_alone_and_in_a_batch() -> tuple[Values, Values]:
    lstm, x_TBE = nn.LSTM(3, 8), torch.randn(20, 6, 3)
    together = last_state_norms(rollout(lstm, x_TBE)).states_LTB[0][:, 2]
    return last_state_norms(rollout(lstm, x_TBE[:, 2:3])).states_LTB[0][:, 0], together


@check("gradient_flow: pads behind a text are no steps of it", 1e-12)
def pads_are_no_steps() -> tuple[Values, Values]:
    # a short text beside a long one must not dilute the mean at steps that it does not have
    model, batch = fused.RNN(Features(3), 1, hidden_size=8).double(), batch_of(20, [6, 20])
    alone = last_state_norms(model.rollout(batch.rows(1, 2))).by_step()
    together = last_state_norms(model.rollout(batch)).by_step()
    return np.concatenate([x[6:] for x in alone]), np.concatenate([x[6:] for x in together])


@check("gradient_flow: L2 norm of numbers whose squares underflow", 1e-12)
def norm_of_tiny_numbers() -> tuple[Values, Values]:
    return 5e-200, float(l2_norm(torch.tensor([3e-200, 4e-200], dtype=torch.float64)))


class LastOutput:
    """A task whose loss is the output itself."""

    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return outputs.sum()


def measured(model: SequenceModel, lengths: list[int]) -> Measurement:
    """What the probe says of a model on random sequences of these lengths."""
    batch = batch_of(max(lengths), lengths)
    view = ProbeView(model, cast(Source, LastOutput()), 0, batch, batch, {})
    return flow.GradientFlow().measure(view)


def rotation_with_inputs(gain: float) -> SequenceModel:
    """h_t = gain Q h_(t-1) + W x_t with W orthogonal too, so that ‖dL/de_t‖ is gain^k exactly."""
    model = linear_model(scaled_rotation(gain, 3), readout="last_valid")
    with torch.no_grad():
        model.i2h.weight[:, :3] = scaled_rotation(1.0, 3)
    return model


@check("gradient_flow: early/late at T = 20, 21, 40, 200: 0.9^(0.9 T)", 1e-10)
def early_over_late() -> tuple[Values, Values]:
    # 5 and 95% of the length, a step at least: 18, 19, 36 and 180 steps apart
    model = rotation_with_inputs(0.9)
    ratios = [float(measured(model, [steps] * 4)["ratio"]) for steps in (20, 21, 40, 200)]
    return 0.9 ** np.array([18, 19, 36, 180]), np.array(ratios)


@check("gradient_flow: early/late, 200 steps among 31 of 30: 0.9^180", 1e-10)
def early_over_late_of_mixed_lengths() -> tuple[Values, Values]:
    shown = measured(rotation_with_inputs(0.9), [200] + [30] * 31)
    numbers = [float(shown[name]) for name in ("ratio", "compared", "examples")]
    return np.array([0.9**180, 1, 32]), np.array(numbers)


@check("gradient_flow: readout=mean, the recurrence alone: 0.9^k", 1e-9)
def readout_of_the_mean() -> tuple[Values, Values]:
    model = fused.RNN(Features(3), 1, hidden_size=16, readout="mean").double()
    with torch.no_grad():
        model.recurrence.get_parameter("weight_hh_l0").copy_(scaled_rotation(0.9))
        # states near 0, where tanh is the identity to the last digit
        model.recurrence.get_parameter("weight_ih_l0").mul_(1e-8)
        for name in ("bias_ih_l0", "bias_hh_l0"):
            model.recurrence.get_parameter(name).zero_()
    shown = measured(model, [100] * 4)
    half_life = math.log(2) / -math.log(0.9)
    return (
        np.array([0.9**50, 0.9**99, half_life]),
        np.array([shown["half_share"], shown["end_share"], shown["half_life"]]),
    )


@check("gradient_flow: time scales 0.9 and 0.99: shares, slopes, no half-life", 1e-9)
def two_time_scales() -> tuple[Values, Values]:
    model = linear_model(torch.diag(torch.tensor([0.9, 0.99], dtype=torch.float64)), "last_valid")
    with torch.no_grad():
        model.head.get_parameter("weight")[0, 3:] = torch.tensor([10.0, 1.0])
    shown = measured(model, [401] * 2)
    k = np.arange(401)
    norm = np.sqrt((100 * 0.81**k + 0.9801**k) / 101)
    # the state that is read stands one step before the last: k runs to 399
    ends = (np.polyfit(part, np.log(norm[part]), 1)[0] for part in (k[:100], k[300:400]))
    names = ("half_share", "end_share", "near_slope", "far_slope", "straight")
    no_half_life = float(np.isnan(shown["half_life"]))
    numbers = [float(shown[name]) for name in names]
    # relative errors of numbers near 1, so that the flag 0 has one too
    return (
        1 + np.array([norm[200], norm[399], *ends, 0.0, 1.0]),
        1 + np.array([*numbers, no_half_life]),
    )
