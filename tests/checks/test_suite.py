"""The conformance suite passes, and each planted fault makes it fail."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnexp import checks
from rnnexp.checks import networks, suite
from rnnexp.data.delayed_xor import DelayedXor
from rnnexp.model import fused, segments
from rnnexp.model.base import SequenceModel
from rnnexp.model.bptt import diagonal, gru, plain
from rnnexp.model.cells import ln_lstm, minlstm
from rnnexp.model.cells.base import Recurrence, State
from rnnexp.probes import (
    effective_memory,
    fixed_point_search,
    gradient_norms,
    lyapunov,
    separation,
    slow_points,
    state_sensitivity,
)
from rnnexp.probes import gradient_flow as flow
from rnnexp.probes.base import Array
from rnnexp.probes.decay import Decay
from rnnexp.results import l50
from rnnexp.scores import classes
from rnnexp.types import Batch, Rollout, SequenceDataset
from tests.conftest import Outcome


def fails(prefixes: tuple[str, ...], expected: str) -> bool:
    """Whether one of the checks of those measurements fails whose name holds `expected`."""
    chosen = [
        check
        for check in suite.find_checks()
        if check.name.startswith(prefixes) and expected in check.name
    ]
    assert chosen
    return any(not check.result().passed for check in chosen)


def test_all_pass(rnnexp: Callable[..., Outcome]) -> None:
    outcome = rnnexp("verify")
    assert outcome.status == 0, outcome.out
    lines = outcome.out.splitlines()
    count = len(suite.find_checks())
    assert lines[-1] == f"{count} checks, all passed"
    assert sum(line.endswith("  pass") for line in lines) == count >= 59


def test_a_failure_is_shown_and_exits_1(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = suite.Check("two: and two", 0.1, False, lambda: (4.0, 5.0))
    nan = suite.Check("nothing: is never right", 1e9, False, lambda: (4.0, float("nan")))
    right = suite.find_checks()[0]
    monkeypatch.setattr(suite, "find_checks", lambda: [wrong, nan, right])
    outcome = rnnexp("verify")
    assert outcome.status == 1
    assert outcome.out.count("FAIL") == 3  # two lines and the last
    assert outcome.out.splitlines()[-1] == "3 checks, 2 FAILED"


def test_a_check_that_raises_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> tuple[float, float]:
        raise RuntimeError("no such thing")

    assert not suite.Check("broken: check", 0.1, False, broken).result().passed
    assert "broken: check: RuntimeError: no such thing" in caplog.text


NEW_CHECK = """
from rnnexp.checks.suite import Values, check

@check("planted_measurement: two and two", 0.1)
def two_and_two() -> tuple[Values, Values]:
    return 4.0, 5.0
"""


def test_a_check_is_found_by_being_there(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "planted_measurement.py").write_text(NEW_CHECK)
    monkeypatch.setattr(checks, "__path__", [str(workdir)])
    outcome = rnnexp("verify")
    assert outcome.status == 1
    assert "planted_measurement: two and two" in outcome.out
    assert outcome.out.splitlines()[-1] == "1 checks, 1 FAILED"


def test_checks_are_called_by_the_file_of_their_measurement() -> None:
    for check in suite.find_checks():
        assert check.run.__module__ == f"rnnexp.checks.{check.measurement}", check.name


def test_every_probe_with_an_exact_case_is_checked() -> None:
    checked = {check.measurement for check in suite.find_checks()}
    assert checked >= {
        "rollout", "gradient_flow", "grad_norm", "hidden_dynamics", "gates", "padding_survival",
        "jacobian", "recurrent_weights", "lyapunov", "participation_ratio", "regime",
        "class_scores", "class_separation",
        "effective_memory", "fixed_points", "parameter_sensitivity", "truncation",
    }  # fmt: skip


def detached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step gets the state before without its graph."""
    initial = Recurrence.run

    def run(self: Recurrence, x_TBE: Tensor, state: State | None = None) -> list[State]:
        states = []
        for x_BE in x_TBE.unbind(0):
            (state,) = initial(self, x_BE[None], state)
            states.append(state)
            state = State(state.h.detach(), None if state.c is None else state.c.detach())
        return states

    monkeypatch.setattr(Recurrence, "run", run)


def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    norm = gradient_norms.l2_norm
    monkeypatch.setattr(gradient_norms, "l2_norm", lambda x: norm(x) / 2)


def output_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is the output's copy of each state: its direct part of the gradient."""
    original = Recurrence.run

    def run(self: Recurrence, x_TBE: Tensor, state: State | None = None) -> list[State]:
        states = original(self, x_TBE, state)
        return [State(s.h.clone(), None if s.c is None else s.c.clone(), s.gates) for s in states]

    monkeypatch.setattr(Recurrence, "run", run)


def h_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Jacobian of an LSTM without its cell state."""
    whole = lyapunov.step_jacobian

    def block(rollout: Rollout, t: int) -> Tensor:
        jacobian, hidden = whole(rollout, t), rollout.states[0].shape[1]
        return torch.block_diag(jacobian[0, :hidden, :hidden], 1e-9 * torch.eye(
            jacobian.shape[1] - hidden, dtype=torch.float64))[None]  # fmt: skip

    monkeypatch.setattr(lyapunov, "step_jacobian", block)


def float32_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_norms, "l2_norm", lambda x: x.float().norm(dim=-1).double())


def padded_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pads count as text."""
    original = gradient_norms.gradient_flow

    def all_valid(rollout: Rollout, loss: Tensor) -> gradient_norms.GradientNorms:
        norms = original(rollout, loss)
        inputs, states = (np.nan_to_num(x, nan=0.0) for x in (norms.inputs_TB, norms.states_LTB))
        return gradient_norms.GradientNorms(
            inputs, states, norms.cells_LTB, norms.read_at_B, norms.read_state_B
        )

    monkeypatch.setattr(networks, "gradient_flow", all_valid)


def valid_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mask itself says that pads are text, and the readout is taken at the end."""
    monkeypatch.setattr(
        Batch, "valid_BT", property(lambda self: torch.ones(self.inputs.shape[:2]).bool())
    )
    monkeypatch.setattr(Batch, "last_valid_B", property(lambda self: self.last_step_B))


def marks_at_fixed_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The early step is the tenth, and of 20 steps and fewer the tenth part."""

    def marks(steps: int) -> tuple[int, int, int]:
        early = 10 if steps > 20 else max(1, steps // 10)
        return steps - early, steps - steps // 2, early

    for user in (flow, gradient_norms):
        monkeypatch.setattr(user, "marked_distances", marks)


def means_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of any length are averaged at the same step, whatever its distance from the readout."""

    def compared(inputs_KB: Array, steps: int) -> dict[str, float]:
        marks = gradient_norms.marked_distances(steps)
        assert marks is not None
        early, middle, late = (float(np.nanmean(inputs_KB[k])) for k in marks)
        names = ("ratio_low", "ratio_high", "compared")
        at_steps = {"early": early, "middle": middle, "late": late, "ratio": early / late}
        return at_steps | dict.fromkeys(names, 1.0)

    monkeypatch.setattr(flow, "aligned", lambda values_TB, last_B: values_TB[::-1])
    monkeypatch.setattr(gradient_norms.GradientNorms, "reaching", lambda self, distance: self)
    monkeypatch.setattr(flow, "_compared", compared)


def every_state_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mean over steps hands to each state directly counts as having come back."""
    original = flow.gradient_flow

    def total(rollout: Rollout, loss: Tensor, path: str = "total") -> gradient_norms.GradientNorms:
        return replace(original(rollout, loss), one_state=True)

    monkeypatch.setattr(flow, "gradient_flow", total)


def one_half_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-life of any curve."""
    monkeypatch.setattr(Decay, "half_life", property(lambda self: math.log(2) / -self.slope))


def both_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(layers: list[Recurrence], gate: str, value: float) -> None:
        for layer in layers:
            layer.blocks("bias_ih")[gate].fill_(value)
            layer.blocks("bias_hh")[gate].fill_(value)

    monkeypatch.setattr(networks, "set_gate_bias", both)


def forgotten_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backpropagation through time without the derivative of tanh."""
    monkeypatch.setattr(plain, "slope", lambda h_TBH, f: torch.ones_like(h_TBH))


def forgotten_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backpropagation through a GRU as if its update gate let everything new in."""
    monkeypatch.setattr(gru, "new_slope", lambda z_TBH, n_TBH: 1 - n_TBH * n_TBH)


def over_all_scatter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the classes over all scatter, in place of that within them."""
    ratios = separation.scatter_ratios

    def shares(states_ND: Array, class_PN: separation.Classes) -> Array:
        ratio_P = ratios(states_ND, class_PN)
        return ratio_P / (1 + ratio_P)

    monkeypatch.setattr(separation, "scatter_ratios", shares)


def told_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of a state that has lost its class is told it, as a part of the state."""
    accuracy = separation.reader_accuracy

    def told(states_ND: Array, class_PN: separation.Classes, fold_N: separation.Classes) -> Array:
        return accuracy(np.column_stack([states_ND, class_PN[0]]), class_PN, fold_N)

    monkeypatch.setattr(separation, "reader_accuracy", told)


def told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The filler of the last step tells the class."""
    generate = DelayedXor.generate

    def telling(self: DelayedXor, count: int, generator: np.random.Generator) -> SequenceDataset:
        examples = generate(self, count, generator)
        examples.inputs[:, -1] = 3 + examples.targets
        return examples

    monkeypatch.setattr(DelayedXor, "generate", telling)


def forgotten_conjugate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of a complex eigenvalue as if it were real."""
    monkeypatch.setattr(
        diagonal, "kept_gradient", lambda total_TBU, before_TBU: total_TBU * before_TBU
    )


def gates_that_do_not_sum_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minLSTM whose two gates are not divided by their sum."""
    monkeypatch.setattr(minlstm, "shares", lambda a_f, a_i: (a_f.sigmoid(), a_i.sigmoid()))


def cell_state_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """An LSTM with layer norms whose c_t has none."""
    monkeypatch.setattr(ln_lstm, "layer_norm", lambda a, gain, bias: a)


def through_the_pads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second direction that begins at the end of the tensor."""
    monkeypatch.setattr(fused.Fused, "states_of", SequenceModel.states_of)


def half_as_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interval of L50 that holds half of what it should."""
    monkeypatch.setattr(l50, "LEVEL", 0.5)
    monkeypatch.setattr(l50, "PROFILE", 0.2)


def pads_are_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last k steps are those of the tensor, pads among them."""
    original = effective_memory.truncated_answers

    def cut(predict: effective_memory.Predict, batch: Batch, *rest: Any) -> Tensor:
        width = torch.full_like(batch.lengths, batch.inputs.shape[1])
        return original(predict, replace(batch, lengths=width), *rest)

    monkeypatch.setattr(effective_memory, "truncated_answers", cut)


def of_the_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The eigenvalues are those of F(h) - h."""
    whole = fixed_point_search.map_jacobian

    def less_one(step: slow_points.Map, states_ND: Tensor) -> Tensor:
        return whole(step, states_ND) - torch.eye(states_ND.shape[1], dtype=torch.float64)

    monkeypatch.setattr(fixed_point_search, "map_jacobian", less_one)


def soon_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves a little counts as fixed."""
    monkeypatch.setattr(slow_points, "FIXED_BELOW", 1e-2)


def direct_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of a state with respect to a weight is that of its own step."""
    whole = state_sensitivity.pullback

    def at_its_step(*args: Any) -> tuple[dict[str, Tensor], Tensor]:
        gradients, before = whole(*args)
        return gradients, torch.zeros_like(before)

    monkeypatch.setattr(state_sensitivity, "pullback", at_its_step)


def ranked_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """The area over the curve."""
    above = classes._ranked_above
    monkeypatch.setattr(classes, "_ranked_above", lambda *values: 1 - above(*values))


def micro_f1(monkeypatch: pytest.MonkeyPatch) -> None:
    """F1 of all answers together, which is the accuracy."""
    monkeypatch.setattr(
        classes.ClassAnswers, "macro_f1", property(lambda answers: answers.accuracy)
    )


def no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a calibrated network showed no error of few examples."""
    monkeypatch.setattr(classes.ClassAnswers, "calibration_floor", 0.0)


def uncut(monkeypatch: pytest.MonkeyPatch) -> None:
    """States go on from segment to segment with their gradients."""
    monkeypatch.setattr(segments, "cut_off", lambda layer, state: state)


FAULTS: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...], str]] = {
    "the area over the curve": (ranked_below, ("class_scores",), "AUROC"),
    "micro F1": (micro_f1, ("class_scores",), "always the commonest"),
    "a calibration error of 0": (no_floor, ("class_scores",), "calibration error"),
    "detached state": (detached, ("gradient_flow",), "finite differences"),
    "halved gradient": (halved, ("gradient_flow",), "finite differences"),
    "output hook in place of the adjoint": (output_hook, ("gradient_flow",), "finite differences"),
    "h-only LSTM Jacobian": (h_only, ("lyapunov: LSTM",), "LSTM"),
    "float32 norms": (float32_norms, ("gradient_flow: linear",), "far below float32"),
    "padded tail counted as text": (padded_tail, ("gradient_flow: pads",), "pads"),
    "pads in the mask": (valid_everywhere, ("padding_survival",), "pads are counted"),
    "pads are steps of the dynamics": (
        valid_everywhere,
        ("lyapunov: a short", "lyapunov: pads"),
        "pads before",
    ),
    "pads are steps of the Jacobian": (valid_everywhere, ("jacobian: a short",), "padded batch"),
    "early and late at fixed steps": (
        marks_at_fixed_steps,
        ("gradient_flow: early/late at",),
        "T = 20, 21",
    ),
    "texts averaged by step": (means_by_step, ("gradient_flow: early/late,",), "31 of 30"),
    "direct way counted": (every_state_read, ("gradient_flow: readout",), "recurrence alone"),
    "half-life of any curve": (one_half_life, ("gradient_flow: time scales",), "no half-life"),
    "slope of tanh forgotten": (forgotten_slope, ("bptt",), "plain RNN equal autograd's"),
    "carry of the GRU forgotten": (forgotten_carry, ("bptt",), "GRU equal autograd's"),
    "scatter over all of it": (over_all_scatter, ("class_separation",), "between 16 over within 4"),
    "reader that is told the class": (
        told_the_class,
        ("class_separation",),
        "overwritten",
    ),
    "the answer told by the last token": (told_at_the_end, ("chance: every",), "without memory"),
    "conjugate forgotten": (forgotten_conjugate, ("bptt: the gradients of d",), "diagonal cells"),
    "gates of the minLSTM not divided": (
        gates_that_do_not_sum_to_one,
        ("cells: minlstm",),
        "its twin in numpy",
    ),
    "cell state not normalised": (
        cell_state_as_it_is,
        ("layer_norm: RNN",),
        "equal their twins",
    ),
    "pads before the words": (through_the_pads, ("bidirectional",), "against packed sequences"),
    "an interval of half the level": (half_as_sure, ("trainability",), "covers 93%"),
    "pads are the last steps": (pads_are_steps, ("effective_memory",), "with pads behind"),
    "eigenvalues of F - 1": (of_the_difference, ("fixed_points: linear",), "those of W"),
    "slow taken for fixed": (soon_fixed, ("fixed_points",), "(I - W)^-1"),
    "a weight's own step alone": (direct_alone, ("parameter_sensitivity",), "(1 + λ²)"),
    "gradients go on over a cut": (uncut, ("truncation",), "cut every 4 steps"),
    "both biases set": (both_biases, ("gates",), "not in both biases"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That they pass without it is what `test_all_pass` shows."""
    plant, prefixes, expected = FAULTS[fault]
    plant(monkeypatch)
    assert fails(prefixes, expected)
