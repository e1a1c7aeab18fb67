"""The conformance suite: every measurement against a case whose answer is known in closed form.

`rnnexp verify` runs it. Each check makes its own small network, measures it with the very functions
that the probes use, and compares. Shapes: T time, B batch, E features, H hidden.
"""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.special import digamma
from torch import Tensor, nn

from rnnexp.clip.base import AGC, NoClip, Norm
from rnnexp.data.adding import Adding
from rnnexp.data.copying import Copying
from rnnexp.data.parity import Parity
from rnnexp.data.recall import Recall
from rnnexp.data.sentence import Sentence
from rnnexp.data.temporal_order import TemporalOrder
from rnnexp.embedding.base import Features
from rnnexp.init.base import Chrono, set_gate_bias
from rnnexp.model import fused
from rnnexp.model.base import SequenceModel
from rnnexp.model.linear import Linear
from rnnexp.model.rollout import layers_of, rollout
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.base import ProbeView
from rnnexp.probes.gates import Gates, carry_gate, memory_time
from rnnexp.probes.gradient_flow import GradientNorms, gradient_flow, half_life
from rnnexp.probes.hidden_dynamics import state_statistics
from rnnexp.probes.jacobian import singular_values, step_jacobian
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.probes.norms import l2_norm
from rnnexp.probes.padding_survival import padding_survival
from rnnexp.probes.participation_ratio import participation_ratio
from rnnexp.probes.recurrent_weights import (
    gradient_bound,
    largest_singular_value,
    orthogonality_error,
    spectral_radius,
)
from rnnexp.regime import mean_field, predict_regime
from rnnexp.results.statistics import median_interval
from rnnexp.types import Batch, LayerStates, Rollout

log = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
Values = float | Array


@dataclass(frozen=True)
class Result:
    """One comparison: where expected is an array, the element that is furthest off."""

    name: str
    expected: float
    measured: float
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # a NaN never is


@dataclass(frozen=True)
class Check:
    """name: `probe: case`. run: returns expected and measured. relative: error over expected.

    A check that raises has failed.
    """

    name: str
    tolerance: float
    relative: bool
    run: Callable[[], tuple[Values, Values]]

    def result(self) -> Result:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                values = self.run()
            except Exception as error:
                log.warning("%s: %s: %s", self.name, type(error).__name__, error)
                values = (math.nan, math.nan)
        expected, measured = (np.asarray(value, dtype=np.float64).ravel() for value in values)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.abs(measured - expected)
            if self.relative:
                errors = errors / np.abs(expected)
        errors = np.where(np.isnan(errors), np.inf, errors)
        worst = int(errors.argmax())
        return Result(
            self.name,
            float(expected[worst]),
            float(measured[worst]),
            float(errors[worst]),
            self.tolerance,
        )


CHECKS: list[Check] = []

#: For probes that ask nothing of the data.
NO_TASK = Sentence()


def check(
    name: str, tolerance: float, relative: bool = True
) -> Callable[[Callable[[], tuple[Values, Values]]], Callable[[], tuple[Values, Values]]]:
    """Register a function that returns what is expected and what is measured."""

    def register(run: Callable[[], tuple[Values, Values]]) -> Callable[[], tuple[Values, Values]]:
        CHECKS.append(Check(name, tolerance, relative, run))
        return run

    return register


def verify() -> Iterator[Result]:
    """The result of every check, one after the other."""
    for one in CHECKS:
        yield one.result()


def table(results: list[Result]) -> str:
    """A line per check, and a last line that sums up."""
    head = f"{'check':<66} {'expected':>13} {'measured':>13} {'error':>8} {'allowed':>8}"
    lines = [head, "-" * (len(head) + 6)]
    lines += [
        f"{r.name:<66} {r.expected:>13.7g} {r.measured:>13.7g} {r.error:>8.1e} {r.tolerance:>8.0e}"
        f"  {'pass' if r.passed else 'FAIL'}"
        for r in results
    ]
    failed = sum(not r.passed for r in results)
    lines.append(f"{len(results)} checks, " + (f"{failed} FAILED" if failed else "all passed"))
    return "\n".join(lines)


# -- small networks -----------------------------------------------------------------------------


def rnn(hidden: int, weight: Tensor | None = None, inputs: int = 3) -> nn.RNN:
    """A float64 tanh RNN, its recurrent weight as given."""
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


def batch_of(steps: int, lengths: list[int], features: int = 3) -> Batch:
    """Random float inputs [B, T, E], pads behind the given lengths, zero."""
    inputs_BTE = torch.randn(len(lengths), steps, features, dtype=torch.float64)
    batch = Batch(inputs_BTE, torch.zeros(len(lengths)), torch.tensor(lengths))
    for row, length in zip(inputs_BTE, lengths, strict=True):
        row[length:] = 0
    return batch


def last_state_norms(made: Rollout) -> GradientNorms:
    """Gradient norms of a loss on the outputs whose gradient there is 1 in every element."""
    return gradient_flow(made, made.outputs.sum())


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


# -- rollout ------------------------------------------------------------------------------------


def replay_error(module: nn.RNNBase) -> tuple[Values, Values]:
    """The fused module's states in float32, and the replayed ones."""
    x_TBE = torch.randn(400, 4, module.input_size)
    with torch.no_grad():
        expected = module(x_TBE)[0]
        measured = torch.stack(list(rollout(module, x_TBE).states))
    return expected.double().numpy(), measured.numpy()


@check("rollout: torch.nn.RNN, 400 steps, float32 states", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    return replay_error(nn.RNN(128, 128))


@check("rollout: torch.nn.LSTM, 400 steps, float32 states", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    return replay_error(nn.LSTM(128, 128))


@check("rollout: torch.nn.GRU, 400 steps, float32 states", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    return replay_error(nn.GRU(128, 128))


@check("rollout: torch.nn.LSTM of two layers", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    return replay_error(nn.LSTM(32, 64, num_layers=2))


@check("rollout: model=lstm, outputs at the last real step, padded", 1e-12, relative=False)
def _() -> tuple[Values, Values]:
    model, batch = fused.LSTM(Features(3), 1, hidden_size=16).double(), batch_of(20, [5, 20, 13])
    return model(batch).detach().numpy(), model.rollout(batch).outputs.detach().numpy()


@check("rollout: model=linear, outputs", 1e-12, relative=False)
def _() -> tuple[Values, Values]:
    model, batch = linear_model(scaled_rotation(0.9)), batch_of(20, [5, 20, 13])
    return model(batch).detach().numpy(), model.rollout(batch).outputs.detach().numpy()


@check("rollout: gradient to the inputs, against the fused backward", 1e-10)
def _() -> tuple[Values, Values]:
    lstm = nn.LSTM(3, 16).double()
    x_TBE = torch.randn(30, 2, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(lstm(x_TBE)[0][-1].sum(), x_TBE)
    made = rollout(lstm, x_TBE)
    return gradient.norm(dim=2).numpy(), last_state_norms(made).inputs_TB


# -- gradient_flow ------------------------------------------------------------------------------


@check("gradient_flow: dL/dh_t of an RNN, finite differences", 1e-6)
def _() -> tuple[Values, Values]:
    return adjoint_by_differences(rnn(8), cell_state=False)


@check("gradient_flow: dL/dh_t of an LSTM, finite differences", 1e-6)
def _() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.LSTM(3, 8).double(), cell_state=False)


@check("gradient_flow: dL/dc_t of an LSTM, finite differences", 1e-6)
def _() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.LSTM(3, 8).double(), cell_state=True)


@check("gradient_flow: dL/dh_t of a GRU, finite differences", 1e-6)
def _() -> tuple[Values, Values]:
    return adjoint_by_differences(nn.GRU(3, 8).double(), cell_state=False)


@check("gradient_flow: linear, W = 0.9 Q: 0.9^k", 1e-12)
def _() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(0.9)), 61)
    return 0.9 ** np.arange(len(measured)), measured


@check("gradient_flow: linear, W = 1.1 Q: 1.1^k", 1e-12)
def _() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(1.1)), 61)
    return 1.1 ** np.arange(len(measured)), measured


@check("gradient_flow: linear, W = 0.1 Q, 280 steps: 1e-278, far below float32", 1e-10)
def _() -> tuple[Values, Values]:
    measured = state_norms_by_distance(linear_model(scaled_rotation(0.1)), 280)
    return 0.1 ** np.arange(len(measured)), measured


@check("gradient_flow: half-life at g = 0.95, ln 2 / -ln 0.95", 1e-9)
def _() -> tuple[Values, Values]:
    by_distance = state_norms_by_distance(linear_model(scaled_rotation(0.95)), 100)
    return math.log(2) / -math.log(0.95), half_life(by_distance)


@check("gradient_flow: dL/de_t of the linear model, ‖W_ihᵀ (Wᵀ)^k v‖", 1e-10)
def _() -> tuple[Values, Values]:
    model = linear_model(torch.randn(8, 8, dtype=torch.float64) / 4)
    norms = last_state_norms(model.rollout(batch_of(10, [10])))
    w_ih, w_hh = model.i2h.weight[:, :3].detach(), model.i2h.weight[:, 3:].detach()
    v = model.head.get_parameter("weight").detach()[0, 3:]
    expected = [float((w_ih.T @ torch.linalg.matrix_power(w_hh.T, k) @ v).norm()) for k in range(9)]
    return np.array(expected[::-1]), norms.inputs_TB[:9, 0]


@check("gradient_flow: one example's norm is its own in any batch", 1e-12)
def _() -> tuple[Values, Values]:
    lstm, x_TBE = nn.LSTM(3, 8), torch.randn(20, 6, 3)
    together = last_state_norms(rollout(lstm, x_TBE)).states_LTB[0][:, 2]
    return last_state_norms(rollout(lstm, x_TBE[:, 2:3])).states_LTB[0][:, 0], together


@check("gradient_flow: pads behind a text are no steps of it", 1e-12)
def _() -> tuple[Values, Values]:
    # a short text beside a long one must not dilute the mean at steps that it does not have
    model, batch = fused.RNN(Features(3), 1, hidden_size=8).double(), batch_of(20, [6, 20])
    alone = last_state_norms(model.rollout(batch.rows(1, 2))).by_step()
    together = last_state_norms(model.rollout(batch)).by_step()
    return np.concatenate([x[6:] for x in alone]), np.concatenate([x[6:] for x in together])


@check("gradient_flow: L2 norm of numbers whose squares underflow", 1e-12)
def _() -> tuple[Values, Values]:
    return 5e-200, float(l2_norm(torch.tensor([3e-200, 4e-200], dtype=torch.float64)))


# -- grad_norm ----------------------------------------------------------------------------------


def hand_set(*values: float) -> list[nn.Parameter]:
    """Parameters whose gradients are these numbers, float32."""
    parameters = [nn.Parameter(torch.zeros(1)) for _ in values]
    for parameter, value in zip(parameters, values, strict=True):
        parameter.grad = torch.tensor([value])
    return parameters


@check("grad_norm: gradients 3 and 4, clipped to 1", 1e-7)
def _() -> tuple[Values, Values]:
    parameters = hand_set(3.0, 4.0)
    report = Norm(1.0)(parameters)
    after = math.hypot(*(float(p.grad) for p in parameters if p.grad is not None))
    return np.array([5.0, 1.0, 1.0, 1.0]), np.array(
        [float(report.norm_before), float(report.norm_after), after, float(report.fired)]
    )


@check("grad_norm: gradients of 1e30, whose squares overflow float32", 1e-6)
def _() -> tuple[Values, Values]:
    return 5e30, float(NoClip()(hand_set(3e30, 4e30)).norm_before)


@check("grad_norm: non-finite gradients are counted", 0, relative=False)
def _() -> tuple[Values, Values]:
    return 2.0, float(NoClip()(hand_set(1.0, math.nan, math.inf)).nonfinite)


# -- hidden_dynamics ----------------------------------------------------------------------------


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
def _() -> tuple[Values, Values]:
    found = forced(math.atanh(0.5))
    return np.array([2.0] * 10 + [0.0]), np.append(found["state"][0], found["state_variance"])


@check("hidden_dynamics: forced h = 0.5: mean 1 - h² = 0.75, none saturated", 1e-12, relative=False)
def _() -> tuple[Values, Values]:
    found = forced(math.atanh(0.5))
    return np.array([0.75, 0.0]), np.append(found["slope"], found["saturated"])


@check("hidden_dynamics: forced h = tanh 3: all saturated", 0, relative=False)
def _() -> tuple[Values, Values]:
    return 1.0, float(forced(3.0)["saturated"][0])


@check("hidden_dynamics: ‖h_t‖ and ‖c_t‖, nn.LSTM stepped by one token", 1e-12, relative=False)
def _() -> tuple[Values, Values]:
    lstm, x_TBE = nn.LSTM(3, 8).double(), torch.randn(25, 1, 3, dtype=torch.float64)
    state, expected = None, []
    with torch.no_grad():
        for x_BE in x_TBE:
            _, state = lstm(x_BE[None], state)
            expected.append([float(state[0].norm()), float(state[1].norm())])
        found = state_statistics(rollout(lstm, x_TBE).layers[-1], [25], 0.9)
    measured = np.stack([np.asarray(found["state"])[0], np.asarray(found["cell"])[0]], axis=1)
    return np.array(expected), measured


# -- gates --------------------------------------------------------------------------------------


def gated_by_bias(bias: float, hidden: int = 8) -> nn.LSTM:
    """An LSTM whose gates do not look at h, and whose forget gate does not look at x either."""
    lstm = nn.LSTM(3, hidden).double()
    with torch.no_grad():
        lstm.get_parameter("weight_hh_l0").zero_()
        layers_of(lstm)[0].blocks("weight_ih")["forget"].zero_()
        set_gate_bias(layers_of(lstm), "forget", bias)
    return lstm


@check("gates: W_if = W_hf = 0: mean f = σ(b), b set once and not in both biases", 1e-12)
def _() -> tuple[Values, Values]:
    made = rollout(gated_by_bias(2.0), torch.randn(10, 2, 3))
    return 1 / (1 + math.exp(-2)), float(carry_gate(made).detach().mean())


@check("gates: memory time -1 / ln σ(2)", 1e-12)
def _() -> tuple[Values, Values]:
    made = rollout(gated_by_bias(2.0), torch.randn(10, 2, 3))
    expected = -1 / math.log(1 / (1 + math.exp(-2)))
    times = memory_time(carry_gate(made).detach(), made.valid_BT.T)
    return np.full((2, 8), expected), times.numpy()


@check("gates: pads behind a text do not count for its memory", 1e-12)
def _() -> tuple[Values, Values]:
    model, batch = fused.LSTM(Features(3), 1, hidden_size=8).double(), batch_of(40, [10, 10])
    found = [
        Gates().measure(ProbeView(model, NO_TASK, 0, part, part, {}))
        for part in (batch.cut(10), batch)
    ]
    alone, padded = (
        np.append(np.asarray(f["product"])[:10], f["median_memory_time"]) for f in found
    )
    return alone, padded


def cell_gradient_ratio(bias: float, steps: int) -> float:
    """‖dL/dc_1‖ / ‖dL/dc_T‖ of an LSTM whose h does not come back."""
    norms = last_state_norms(rollout(gated_by_bias(bias), torch.randn(steps, 1, 3)))
    assert norms.cells_LTB is not None
    return float(norms.cells_LTB[0][0, 0] / norms.cells_LTB[0][-1, 0])


@check("gates: all W_h* = 0: cell gradient ∏f = σ(1)^49", 1e-12)
def _() -> tuple[Values, Values]:
    return (1 / (1 + math.exp(-1))) ** 49, cell_gradient_ratio(1.0, 50)


@check("gates: f → 1: cell gradient exactly 1 over 1000 steps", 0)
def _() -> tuple[Values, Values]:
    return 1.0, cell_gradient_ratio(1000.0, 1001)


# -- padding_survival ---------------------------------------------------------------------------


@check("padding_survival: linear, W = 0.9 Q, 60 pads: 0.9^60 = .00179701", 1e-10)
def _() -> tuple[Values, Values]:
    model = linear_model(scaled_rotation(0.9))
    # the linear model reads h_(T-1): of 61 pads the signal crosses 60
    batch = batch_of(72, [11])
    pads, ratio = padding_survival(last_state_norms(model.rollout(batch)), batch)
    return np.array([0.9**60, 60.0]), np.array([ratio[0], pads[0]])


@check("padding_survival: pads are counted", 0, relative=False)
def _() -> tuple[Values, Values]:
    model = fused.RNN(Features(3), 1, hidden_size=8, readout="last").double()
    batch = batch_of(30, [30, 12])
    norms = last_state_norms(model.rollout(batch))
    pads, ratio = padding_survival(norms, batch)
    return np.array([0.0, 18.0, 1.0]), np.array([*pads, ratio[0]])


# -- jacobian -----------------------------------------------------------------------------------


@check("jacobian: linear, largest singular value of W^k", 1e-10)
def _() -> tuple[Values, Values]:
    weight = torch.randn(8, 8, dtype=torch.float64) / math.sqrt(8)
    made = linear_model(weight).rollout(batch_of(20, [20]))
    distances = [1, 5, 20]
    measured, _ = singular_values(made, distances)
    powers = [torch.linalg.matrix_power(weight, k) for k in distances]
    return np.array([float(torch.linalg.svdvals(p)[0].log()) for p in powers]), measured[:, 0]


@check("jacobian: condition number of W^5", 1e-8)
def _() -> tuple[Values, Values]:
    weight = torch.randn(4, 4, dtype=torch.float64)
    made = linear_model(weight).rollout(batch_of(10, [10]))
    sigma = torch.linalg.svdvals(torch.linalg.matrix_power(weight, 5))
    return float(sigma[0] / sigma[-1]), float(singular_values(made, [5])[1][0, 0])


@check("jacobian: tanh, the product of diag(1 - h²) W", 1e-14, relative=False)
def _() -> tuple[Values, Values]:
    module = rnn(16)
    made, weight = (
        rollout(module, torch.randn(12, 1, 3)),
        module.get_parameter("weight_hh_l0").detach(),
    )
    expected, measured = torch.eye(16, dtype=torch.float64), torch.eye(16, dtype=torch.float64)
    for t in range(12):
        expected = torch.diag(1 - made.states[t][0].detach() ** 2) @ weight @ expected
        measured = step_jacobian(made, t)[0] @ measured
    return expected.numpy(), measured.numpy()


@check("jacobian: LSTM, (h, c) to (h, c), finite differences", 1e-8, relative=False)
def _() -> tuple[Values, Values]:
    made = rollout(nn.LSTM(3, 6).double(), torch.randn(5, 1, 3, dtype=torch.float64))
    before, eps = made.flat_state(2).detach(), 1e-6
    columns = [
        (made.advance(3, before + eps * e) - made.advance(3, before - eps * e))[0] / (2 * eps)
        for e in torch.eye(12, dtype=torch.float64)
    ]
    return torch.stack(columns, dim=1).numpy(), step_jacobian(made, 3)[0].numpy()


# -- recurrent_weights --------------------------------------------------------------------------


@check("recurrent_weights: N(0, σ²), H = 1000: ρ → σ√H", 0.05)
def _() -> tuple[Values, Values]:
    return 0.1 * math.sqrt(1000), spectral_radius(0.1 * torch.randn(1000, 1000))


@check("recurrent_weights: torch's default, H = 1000: ρ → 1/√3", 0.05)
def _() -> tuple[Values, Values]:
    return 1 / math.sqrt(3), spectral_radius(nn.RNN(3, 1000).get_parameter("weight_hh_l0").detach())


@check("recurrent_weights: 0.7 Q: ρ, σ_max, ‖WᵀW - I‖", 1e-12)
def _() -> tuple[Values, Values]:
    weight = scaled_rotation(0.7)
    measured = [f(weight) for f in (spectral_radius, largest_singular_value, orthogonality_error)]
    return np.array([0.7, 0.7, (1 - 0.49) * math.sqrt(16)]), np.array(measured)


@check("recurrent_weights: no tanh gradient above (γ σ_max)^k, the excess", 1e-12, relative=False)
def _() -> tuple[Values, Values]:
    module = rnn(16, torch.randn(16, 16, dtype=torch.float64) / 4)
    norms = last_state_norms(rollout(module, torch.randn(30, 1, 3)))
    by_distance = norms.by_distance()[1]
    bound = gradient_bound(
        largest_singular_value(module.get_parameter("weight_hh_l0").detach()), 30
    )
    return 0.0, float((by_distance / by_distance[0] / bound - 1).max().clip(min=0))


# -- lyapunov -----------------------------------------------------------------------------------


@check("lyapunov: constant W that is not normal: ln |eigenvalue|", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    basis = torch.randn(6, 6, dtype=torch.float64)
    eigenvalues = torch.tensor([0.95, 0.8, 0.6, 0.5, 0.35, 0.2], dtype=torch.float64)
    weight = basis @ torch.diag(eigenvalues) @ torch.linalg.inv(basis)
    made = linear_model(weight).rollout(batch_of(500, [500]))
    return eigenvalues.log().numpy(), lyapunov_spectrum(made, burn_in=300)[0]


@check("lyapunov: sum of the exponents = mean ln |det J|", 1e-10)
def _() -> tuple[Values, Values]:
    made = rollout(rnn(12), torch.randn(50, 1, 3))
    determinants = [step_jacobian(made, t)[0].slogdet().logabsdet for t in range(50)]
    return float(torch.stack(determinants).mean()), float(lyapunov_spectrum(made).sum())


@check("lyapunov: i.i.d. Gaussian g/√N: ln g + ½[ln(2/N) + ψ((N-i+1)/2)]", 0.06, relative=False)
def _() -> tuple[Values, Values]:
    size, g, steps = 8, 1.2, 2000
    maps = g / math.sqrt(size) * torch.randn(steps, size, size, dtype=torch.float64)
    zeros = [torch.zeros(1, size, dtype=torch.float64)] * steps
    made = Rollout(
        inputs=zeros,
        layers=[LayerStates(zeros, None, [])],
        outputs=zeros[0],
        outputs_at=lambda t: zeros[t],
        read_at_B=torch.tensor([steps - 1]),
        valid_BT=torch.ones(1, steps, dtype=torch.bool),
        state_lag=0,
        advance=lambda t, s: s @ maps[t].T,
    )
    i = np.arange(1, size + 1)
    expected = math.log(g) + 0.5 * (math.log(2 / size) + digamma((size - i + 1) / 2))
    return expected, lyapunov_spectrum(made)[0]


@check("lyapunov: LSTM, H = 32, forget bias 0, 1, 3, 5: the largest", 0.05, relative=False)
def _() -> tuple[Values, Values]:
    measured = []
    for bias in (0.0, 1.0, 3.0, 5.0):
        torch.manual_seed(0)
        lstm = nn.LSTM(32, 32).double()
        with torch.no_grad():
            set_gate_bias(layers_of(lstm), "forget", bias)
        made = rollout(lstm, torch.randn(150, 1, 32, dtype=torch.float64))
        measured.append(float(lyapunov_spectrum(made, burn_in=50)[0, 0]))
    return np.array([-0.52, -0.19, -0.02, -0.002]), np.array(measured)


# -- participation_ratio ------------------------------------------------------------------------


@check("participation_ratio: 5 equal eigenvalues among 12 directions", 1e-10)
def _() -> tuple[Values, Values]:
    corners = np.concatenate([np.eye(5), -np.eye(5)])
    rotation = scaled_rotation(1.0, 12).numpy()
    return 5.0, participation_ratio(corners @ rotation[:5])


# -- regime -------------------------------------------------------------------------------------


def gains(hidden: int, std: float) -> tuple[float, float]:
    """ln gain per step of N(0, std²), inputs of variance 1/3: predicted, and measured."""
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
def _() -> tuple[Values, Values]:
    gain = [mean_field(0.1 * math.sqrt(h), 1 / 3, "tanh")[2] for h in (128, 512)]
    return np.array([-0.214, 0.168]), np.log(gain)


@check("regime: N(0, 0.1²), H = 128: predicted against measured ln gain", 0.03, relative=False)
def _() -> tuple[Values, Values]:
    return gains(128, 0.1)


@check("regime: N(0, 0.1²), H = 512: predicted against measured ln gain", 0.03, relative=False)
def _() -> tuple[Values, Values]:
    return gains(512, 0.1)


@check("regime: mean field, g = 8 and 16 (saturated), against adaptive quadrature", 1e-4)
def _() -> tuple[Values, Values]:
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
def _() -> tuple[Values, Values]:
    return gains(256, 1.0)


@check("regime: a linear recurrence of 0.9 Q: gain 0.9", 1e-12)
def _() -> tuple[Values, Values]:
    model = linear_model(scaled_rotation(0.9))
    return 0.9, predict_regime(model.recurrences(), [torch.randn(50, 3)], 10).layer.gain or 0.0


# -- tasks with known answers, and what is made of their scores -----------------------------------


@check("chance: adding: the mean's squared error, 1/6, and of half the sum, 1/24", 0.02)
def _() -> tuple[Values, Values]:
    measured = []
    for target in ("sum", "half_sum"):
        batch = Adding(seq_len=50, target=target).fresh(20_000, np.random.default_rng(0))
        measured.append(float(batch.targets.var()))
    return np.array([1 / 6, 1 / 24]), np.array(measured)


@check("chance: copying, T = 100: blanks, then a guess among eight: loss 0.17329", 1e-4)
def _() -> tuple[Values, Values]:
    task = Copying(seq_len=100)
    batch = task.fresh(200, np.random.default_rng(0))
    logits = torch.full((*batch.targets.shape, task.output_size), -1e4)
    logits[:, :-10, 0], logits[:, -10:, 1:] = 0.0, 0.0
    return 0.17329, float(task.loss(logits, batch))


@check("chance: temporal_order, recall, parity: the commonest class' share", 0.01, relative=False)
def _() -> tuple[Values, Values]:
    tasks = TemporalOrder(seq_len=20), Recall(seq_len=20, classes=4), Parity(seq_len=20)
    shares = []
    for task in tasks:
        targets = task.fresh(40_000, np.random.default_rng(0)).targets
        shares.append(float(torch.bincount(targets).max()) / len(targets))
    return np.array([task.chance["accuracy"] for task in tasks]), np.array(shares)


@check("memory_horizon: five seeds, planted at 5, 10, 10, 10, 20: median, ends, level", 1e-12)
def _() -> tuple[Values, Values]:
    found = median_interval([10, 5, 10, 20, 10])
    measured = [found.median, found.low or 0.0, found.high or 0.0, found.level or 0.0]
    return np.array([10.0, 5.0, 20.0, 1 - 2 / 2**5]), np.array(measured)


@check("init: chrono, t_max = 50: memory times e^b of U[1, 49]: mean 25, variance 192", 0.05)
def _() -> tuple[Values, Values]:
    model = fused.LSTM(Features(3), 1, hidden_size=4000)
    Chrono(t_max=50)(model, torch.Generator().manual_seed(0))
    (layer,) = model.recurrences()
    biases = layer.blocks("bias_ih")["forget"] + layer.blocks("bias_hh")["forget"]
    return np.array([25.0, 192.0]), np.array([biases.exp().mean(), biases.exp().var()])


@check("grad_norm: agc, factor 0.1: rows of norm 10 and 0.01 beside weights of norm 5", 1e-6)
def _() -> tuple[Values, Values]:
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [3.0, 4.0]]))
    weight.grad = torch.tensor([[6.0, 8.0], [0.006, 0.008]])
    AGC(factor=0.1)([weight])
    return np.array([0.5, 0.01]), weight.grad.norm(dim=1).numpy()


# -- written-out cells --------------------------------------------------------------------------


@check("unrolled: the written-out LSTM equals torch.nn.LSTM", 1e-6, relative=False)
def _() -> tuple[Values, Values]:
    theirs = fused.LSTM(Features(3), 1, hidden_size=32, num_layers=2)
    ours = Unrolled(Features(3), 1, cell="lstm", hidden_size=32, num_layers=2)
    ours.load_state_dict(theirs.state_dict())
    batch = batch_of(100, [100, 40])
    batch = Batch(batch.inputs.float(), batch.targets, batch.lengths)
    return theirs(batch).detach().double().numpy(), ours(batch).detach().double().numpy()
