"""The conformance suite passes, and each planted fault makes it fail."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnexp.checks import suite
from rnnexp.model.cells.base import Recurrence, State
from rnnexp.probes import gradient_flow as flow
from rnnexp.probes import lyapunov
from rnnexp.types import Batch, Rollout
from tests.conftest import Outcome


def failures(*prefixes: str) -> list[str]:
    checks = [check for check in suite.CHECKS if check.name.startswith(prefixes)]
    assert checks
    return [check.name for check in checks if not check.result().passed]


def test_all_pass(rnnexp: Callable[..., Outcome]) -> None:
    outcome = rnnexp("verify")
    assert outcome.status == 0, outcome.out
    lines = outcome.out.splitlines()
    assert lines[-1] == f"{len(suite.CHECKS)} checks, all passed"
    assert sum(line.endswith("  pass") for line in lines) == len(suite.CHECKS) >= 25


def test_a_failure_is_shown_and_exits_1(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = suite.Check("two: and two", 0.1, False, lambda: (4.0, 5.0))
    nan = suite.Check("nothing: is never right", 1e9, False, lambda: (4.0, float("nan")))
    monkeypatch.setattr(suite, "CHECKS", [wrong, nan, suite.CHECKS[0]])
    outcome = rnnexp("verify")
    assert outcome.status == 1
    assert outcome.out.count("FAIL") == 3  # two lines and the last
    assert outcome.out.splitlines()[-1] == "3 checks, 2 FAILED"


def test_every_probe_with_an_exact_case_is_checked() -> None:
    checked = {check.name.partition(":")[0] for check in suite.CHECKS}
    assert checked >= {
        "rollout", "gradient_flow", "grad_norm", "hidden_dynamics", "gates", "padding_survival",
        "jacobian", "recurrent_weights", "lyapunov", "participation_ratio", "regime",
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
    norm = flow.l2_norm
    monkeypatch.setattr(flow, "l2_norm", lambda x: norm(x) / 2)


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
    monkeypatch.setattr(flow, "l2_norm", lambda x: x.float().norm(dim=-1).double())


def padded_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pads count as text."""
    original = flow.gradient_flow

    def all_valid(rollout: Rollout, loss: Tensor) -> flow.GradientNorms:
        norms = original(rollout, loss)
        inputs, states = (np.nan_to_num(x, nan=0.0) for x in (norms.inputs_TB, norms.states_LTB))
        return flow.GradientNorms(
            inputs, states, norms.cells_LTB, norms.read_at_B, norms.read_state_B
        )

    monkeypatch.setattr(suite, "gradient_flow", all_valid)


def valid_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mask itself says that pads are text, and the readout is taken at the end."""
    monkeypatch.setattr(
        Batch, "valid_BT", property(lambda self: torch.ones(self.inputs.shape[:2]).bool())
    )
    monkeypatch.setattr(Batch, "last_valid_B", property(lambda self: self.last_step_B))


def both_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(layers: list[Recurrence], gate: str, value: float) -> None:
        for layer in layers:
            layer.blocks("bias_ih")[gate].fill_(value)
            layer.blocks("bias_hh")[gate].fill_(value)

    monkeypatch.setattr(suite, "set_gate_bias", both)


FAULTS: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...], str]] = {
    "detached state": (detached, ("gradient_flow",), "finite differences"),
    "halved gradient": (halved, ("gradient_flow",), "finite differences"),
    "output hook in place of the adjoint": (output_hook, ("gradient_flow",), "finite differences"),
    "h-only LSTM Jacobian": (h_only, ("lyapunov: LSTM",), "LSTM"),
    "float32 norms": (float32_norms, ("gradient_flow: linear",), "far below float32"),
    "padded tail counted as text": (padded_tail, ("gradient_flow: pads",), "pads"),
    "pads in the mask": (valid_everywhere, ("padding_survival",), "pads are counted"),
    "both biases set": (both_biases, ("gates",), "not in both biases"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, prefixes, expected = FAULTS[fault]
    assert failures(*prefixes) == []
    plant(monkeypatch)
    found: Any = failures(*prefixes)
    assert any(expected in name for name in found), found
