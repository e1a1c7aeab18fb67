"""What `rnnexp verify KIND/NAME` checks: our own components pass, each planted fault is caught."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnexp import plugins
from rnnexp.checks.conformance import checks_of, kinds
from rnnexp.data.parity import Parity
from rnnexp.errors import ConfigError
from rnnexp.model.cells import cells
from rnnexp.model.cells.base import Cell, State
from rnnexp.model.cells.gru import GRUCell
from rnnexp.probes.base import Measurement, ProbeView
from rnnexp.probes.gates import Gates
from tests.conftest import GENERATED, Outcome


def failures(component: str, **settings: Any) -> list[str]:
    results = [check.result() for check in checks_of(component, settings)]
    assert results
    return [result.name.partition(": ")[2] for result in results if not result.passed]


@pytest.mark.parametrize("name", cells())
def test_our_cells_pass(name: str) -> None:
    assert failures(f"cells/{name}") == []


@pytest.mark.parametrize("name", sorted({*GENERATED, "reviews"}))
def test_our_tasks_pass(name: str) -> None:
    assert failures(f"data/{name}") == []


@pytest.mark.parametrize("name", sorted({*plugins.option_files("probes")} - {"none"}))
def test_our_probes_pass(name: str) -> None:
    settings = {"min_length": 8} if name == "hidden_dynamics" else {}
    assert failures(f"probes/{name}", **settings) == []


@dataclass(frozen=True)
class Detached(GRUCell):
    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        state = super().step(a_BG, previous, weight_hh, bias_hh)
        return State(state.h.detach() + 0 * state.h, None, state.gates)


@dataclass(frozen=True)
class Deaf(GRUCell):
    """Its reset gate is in vain."""

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        a_BG = torch.cat([torch.zeros_like(a_BG.chunk(3, 1)[0]), *a_BG.chunk(3, 1)[1:]], dim=1)
        return super().step(a_BG, previous, weight_hh, bias_hh)


@dataclass(frozen=True)
class Wide(GRUCell):
    """What it says is a gate reaches to 3."""

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        state = super().step(a_BG, previous, weight_hh, bias_hh)
        gates = dict(state.gates)
        return State(state.h, None, gates | {"reset": 3 + gates["reset"]})


@dataclass(frozen=True)
class Leaking(GRUCell):
    """An open carry gate keeps nine tenths."""

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        state = super().step(a_BG, previous, weight_hh, bias_hh)
        return State(0.9 * state.h, None, state.gates)


@dataclass(frozen=True)
class Noisy(GRUCell):
    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        state = super().step(a_BG, previous, weight_hh, bias_hh)
        return State(state.h + 0.01 * torch.randn_like(state.h), None, state.gates)


@pytest.mark.parametrize(
    ("cell", "caught"),
    [
        (Detached, "dL/dh_t by finite differences"),
        (Deaf, "every block of weights acts, share of them"),
        (Wide, "gates lie between 0 and 1, share of them"),
        (Leaking, "an open carry gate keeps the state"),
        (Noisy, "a step taken by itself is that of the run"),
    ],
)
def test_a_fault_of_a_cell_is_caught(
    monkeypatch: pytest.MonkeyPatch, cell: type[Cell], caught: str
) -> None:
    monkeypatch.setattr("rnnexp.model.cells.cells", lambda: {"gru": cell})
    assert caught in failures("cells/gru")


def told(self: Parity, count: int, generator: np.random.Generator) -> Any:
    made = original(self, count, generator)
    made.inputs[:, -1] = 1 + made.targets
    return made


def out_of_words(self: Parity, count: int, generator: np.random.Generator) -> Any:
    made = original(self, count, generator)
    made.inputs[0, 0] = 9
    return made


def out_of_classes(self: Parity, count: int, generator: np.random.Generator) -> Any:
    made = original(self, count, generator)
    made.targets[0] = 2
    return made


def by_itself(self: Parity, count: int, generator: np.random.Generator) -> Any:
    return original(self, count, np.random.default_rng())


original = Parity.generate


@pytest.mark.parametrize(
    ("generate", "caught"),
    [
        (told, "chance is what the best answer without memory scores"),
        (out_of_words, "inputs are tokens of its vocabulary, or numbers"),
        (out_of_classes, "targets are what its outputs can be"),
        (by_itself, "fresh samples follow from the generator alone"),
    ],
)
def test_a_fault_of_a_task_is_caught(
    monkeypatch: pytest.MonkeyPatch, generate: Callable[..., Any], caught: str
) -> None:
    monkeypatch.setattr(Parity, "generate", generate)
    assert caught in failures("data/parity")


def texts(self: Gates, view: ProbeView) -> Measurement:
    return {"x": "much"}  # type: ignore[dict-item]


def random_share(self: Gates, view: ProbeView) -> Measurement:
    return {"x": float(torch.rand(()))}


def trains(self: Gates, view: ProbeView) -> Measurement:
    view.model.requires_grad_(False)  # type: ignore[attr-defined]
    return {"x": 1.0}


@pytest.mark.parametrize(
    ("measure", "caught"),
    [
        (texts, "it measures numbers and float64 arrays"),
        (random_share, "no random numbers are drawn from torch's or numpy's state"),
        (trains, "weights and their gradients stay as they are"),
    ],
)
def test_a_fault_of_a_probe_is_caught(
    monkeypatch: pytest.MonkeyPatch, measure: Callable[..., Measurement], caught: str
) -> None:
    monkeypatch.setattr(Gates, "measure", measure)
    assert caught in failures("probes/gates")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cell/gru",), "did you mean 'cells'?"),
        (("model/lstm",), "there are checks of cells/NAME, data/NAME, probes/NAME"),
        (("cells",), "'cells' cannot be verified"),
        (("cells/gru", "cells/lstn"), "did you mean 'lstm'?"),
        (("data/csv",), "data.path is not set: name the file"),
        (("data/parityy",), "data/parityy is not there; did you mean 'parity'?"),
        (("symbols=3", "data/parity"), "'symbols=3' belongs behind the component that it sets"),
        (("data/recall", "classes=[1"), "'classes=[1' cannot be read"),
        (("data/recall", "data.classes=1"), "data.classes must be at least 2 (got 1)"),
        (("cells/gru", "x=1"), "cell_options.x"),
        (("probes/gates", "every=-1"), "probes.gates.every must be at least 0"),
    ],
)
def test_what_cannot_be_verified_is_told_before_anything_is_run(
    rnnexp: Callable[..., Outcome], words: tuple[str, ...], message: str
) -> None:
    outcome = rnnexp("verify", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.error


def test_a_name_tells_a_check_and_settings_reach_it(rnnexp: Callable[..., Outcome]) -> None:
    assert kinds() == ["cells", "data", "probes"]
    assert str(checks_of("cells/rnn")[0]) == "cells/rnn: dL/dh_t by finite differences"
    with pytest.raises(ConfigError, match="cells/rnn"):
        checks_of("cells/rnn", {"nonlinearity": "cube"})
    outcome = rnnexp("verify", "cells/deltanet", "key_size=3", "data/recall", "seq_len=9")
    assert outcome.status == 0
    assert outcome.out.splitlines()[-1].endswith("checks, all passed")


@pytest.mark.realdata
def test_a_task_of_real_reviews_passes(rnnexp: Callable[..., Outcome], realdata: Any) -> None:
    outcome = rnnexp(
        "verify", "data/imdb", f"path={realdata}/imdb_30k.csv.gz", "limit=300", "seq_len=30"
    )
    assert outcome.status == 0, outcome.out
    assert "5 checks, all passed" in outcome.out
