"""A cell is known by its file: what is found, what is refused, and a new one."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnexp.embedding.features import Features
from rnnexp.init.chrono import Chrono
from rnnexp.model import cells as package
from rnnexp.model.cells import cells, make_cell
from rnnexp.model.cells.gru import GRUCell
from rnnexp.model.cells.linear import LinearCell
from rnnexp.model.cells.lstm import LSTMCell
from rnnexp.model.cells.rnn import RNNCell
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.regime import regime_of
from rnnexp.types import Batch
from tests.conftest import TINY, Outcome, read_npz

Rnnexp = Callable[..., Outcome]

#: h_t = k h_(t-1) + (1 - k) n: a GRU without its reset gate
KEEP = """
from dataclasses import dataclass

import torch.nn.functional as F
from rnnexp.model.cells.base import Cell, State
from rnnexp.model.cells.rnn import RNNCell  # imported, not defined: no second cell "rnn"


@dataclass(frozen=True)
class KeepCell(Cell):
    name = "keep"
    blocks = ("keep", "new")
    candidate = "new"
    carry = "keep"

    def step(self, a_BG, previous, weight_hh, bias_hh):
        k, n = (a_BG + F.linear(previous.h, weight_hh, bias_hh)).chunk(2, dim=1)
        k, n = k.sigmoid(), n.tanh()
        return State(k * previous.h + (1 - k) * n, None, {"keep": k, "new": n})
"""

#: h_t = sin(...): no gates, and a nonlinearity for which there is no prediction
SINE = """
import torch.nn.functional as F
from rnnexp.model.cells.base import Cell, State


class SineCell(Cell):
    name = "sine"
    blocks = ("hidden",)
    candidate = "hidden"

    def step(self, a_BG, previous, weight_hh, bias_hh):
        return State((a_BG + F.linear(previous.h, weight_hh, bias_hh)).sin())
"""


@pytest.fixture
def new_cell(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Writes a module into a folder where cells are looked for."""
    folder = workdir / "more_cells"
    folder.mkdir()
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    written = []

    def write(source: str, module: str = "mine") -> None:
        (folder / f"{module}.py").write_text(source)
        importlib.invalidate_caches()
        written.append(module)

    yield write
    for module in written:
        sys.modules.pop(f"{package.__name__}.{module}", None)
        if hasattr(package, module):
            delattr(package, module)


def test_each_cell_is_found_by_its_name() -> None:
    ours = {"gru": GRUCell, "linear": LinearCell, "lstm": LSTMCell, "rnn": RNNCell}
    assert ours.items() <= cells().items()
    assert list(cells()) == sorted(cells())


def test_options_go_to_the_cells_that_take_them() -> None:
    assert make_cell("rnn", nonlinearity="relu") == RNNCell("relu")
    assert make_cell("gru", nonlinearity="tanh") == GRUCell()
    for name in ("gru", "linear", "lstm"):
        with pytest.raises(
            ValueError,
            match=rf"nonlinearity=relu needs model\.cell=ln_rnn or model\.cell=rnn \(got {name}",
        ):
            make_cell(name, nonlinearity="relu")


@dataclass(frozen=True)
class DampedCell(RNNCell):
    name = "damped"
    rate: float = 1.0


def test_a_cell_may_have_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnexp.model.cells.cells", lambda: {"damped": DampedCell, "gru": GRUCell})
    assert make_cell("damped", nonlinearity="tanh", rate=0.5) == DampedCell("tanh", 0.5)
    with pytest.raises(ValueError, match=r"cell_options\.rat is no setting of model\.cell=damped"):
        make_cell("damped", rat=0.5)
    with pytest.raises(ValueError, match=r"rate=0\.5 needs model\.cell=damped \(got gru\)"):
        make_cell("gru", rate=0.5)


def test_an_unknown_cell_is_told_in_one_line(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp(*TINY, "model=unrolled", "model.cell=lstn")
    assert outcome.status == 2
    assert "model.cell must be one of " in outcome.error
    assert "(got lstn); did you mean 'lstm'?" in outcome.error
    assert not Path("outputs").exists()


def test_a_new_file_is_a_cell_to_choose(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], new_cell: Callable[..., None]
) -> None:
    new_cell(KEEP)
    assert "keep" in cells()
    outcome = rnnexp(
        *TINY, "model=unrolled", "model.cell=keep", "model.num_layers=2", "init=chrono",
        "probes=[gates,gradient_flow,lyapunov]",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    summary = json.loads((run_directory() / "summary.json").read_text())
    assert summary["status"] == "finished"
    assert summary["regime"]["path"] == "direct path only"
    gates = read_npz(run_directory() / "probes" / "gates.npz")
    assert {"keep", "new", "product", "memory_time"} <= set(gates)
    assert 0.5 < gates["mean_keep"][0] < 1
    assert np.isfinite(read_npz(run_directory() / "probes" / "gradient_flow.npz")["state"]).all()


def test_a_new_cell_is_built_rolled_out_and_initialised(new_cell: Callable[..., None]) -> None:
    new_cell(KEEP)
    torch.manual_seed(0)
    model = Unrolled(Features(3), 2, cell="keep", hidden_size=6)
    assert list(model.recurrent_weights()) == ["weight_hh_l0.keep", "weight_hh_l0.new"]
    Chrono(t_max=20)(model, torch.Generator().manual_seed(0))
    (layer,) = model.recurrences()
    memory_H = layer.blocks("bias_ih")["keep"].exp()
    assert memory_H.min() >= 1
    assert memory_H.max() <= 19
    batch = Batch(torch.randn(2, 9, 3), torch.zeros(2).long(), torch.tensor([9, 9]))
    made = model.rollout(batch)
    assert made.layers[0].carry == "keep"
    norms = gradient_flow(made, made.outputs.square().sum())
    assert np.isfinite(norms.states_LTB).all()
    assert norms.cells_LTB is None


def test_nothing_is_predicted_of_a_cell_that_the_theory_does_not_know(
    new_cell: Callable[..., None],
) -> None:
    new_cell(SINE)
    model = Unrolled(Features(3), 2, cell="sine", hidden_size=6)
    batch = Batch(torch.randn(2, 9, 3), torch.zeros(2).long(), torch.tensor([9, 9]))
    regime = regime_of(model, batch)
    assert regime is not None
    assert regime.layer.gain is None
    assert "must be measured" in regime.lines()[-1]
    with pytest.raises(ValueError, match="sets the biases of gates and cell=sine has none"):
        Chrono()(model, torch.Generator())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (KEEP.replace('name = "keep"', 'name = "gru"'),
         r"cell 'gru' is defined twice: in rnnexp\.\S+\.gru and in rnnexp\.model\.cells\.mine"),
        (KEEP.replace('name = "keep"', ""), r"cell rnnexp\.\S+\.mine\.KeepCell has no name"),
        (KEEP.replace('carry = "keep"', 'carry = "kept"'),
         r"cell 'keep' \(.*KeepCell\): its carry must be one of its blocks keep, new \(got kept"),
        (KEEP.replace('candidate = "new"', ""), "its candidate must be one of its blocks"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_cell_is_said(
    new_cell: Callable[..., None], source: str, message: str
) -> None:
    new_cell(source)
    with pytest.raises(ValueError, match=message):
        cells()
