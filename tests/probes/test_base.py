"""When probes look, what they get to see, and that training does not notice."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnexp import config as settings
from rnnexp import plugins
from rnnexp.data.random_tokens import RandomTokens
from rnnexp.embedding.learned import Learned
from rnnexp.model.bag import Bag
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import LSTM
from rnnexp.probes.base import ProbeView
from rnnexp.probes.grad_norm import GradNorm
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.types import Batch
from tests.conftest import TINY, Outcome, read_npz

Rnnexp = Callable[..., Outcome]
CPU = torch.device("cpu")


def view_of(model: SequenceModel, examples: Batch) -> ProbeView:
    return ProbeView(
        model, RandomTokens(seq_len=examples.inputs.shape[1]), 0, examples, examples, {}
    )


def test_a_part_that_fits_into_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    task = RandomTokens(seq_len=20, count=100)
    model = LSTM(Learned(task.vocabulary, 4), 2, hidden_size=8)
    examples = task.split("val").batch(torch.arange(10))
    whole = GradientFlow().measure(view_of(model, examples))
    monkeypatch.setattr("rnnexp.probes.base.ROLLOUT_SIZE", 3 * 20 * 32)
    assert len(list(view_of(model, examples).rollouts(examples))) == 4
    parts = GradientFlow().measure(view_of(model, examples))
    for key, value in whole.items():
        assert np.allclose(value, parts[key], rtol=1e-12, equal_nan=True), key


def test_measuring_changes_no_training(rnnexp: Rnnexp, workdir: Path) -> None:
    small = (*TINY, "trainer.epochs=2", "model.num_layers=2", "model.dropout=0.5")
    for probes in ("none", "all"):
        assert rnnexp(*small, f"probes={probes}", f"name={probes}").status == 0
    runs = {path.name.rsplit("_", 1)[1]: path for path in Path("outputs/runs").iterdir()}
    same = [(runs[name] / "metrics.csv").read_bytes() for name in ("none", "all")]
    assert same[0] == same[1]
    assert not (runs["none"] / "probes").exists()
    summary = json.loads((runs["all"] / "summary.json").read_text())
    assert set(summary["probes"]) | set(summary["skipped_probes"]) == {
        path.stem for path in plugins.own_config_dir().glob("probes/*.yaml")
    } - {"all", "none"}
    assert set(summary["skipped_probes"]) == {"padding_survival"}


def test_the_defaults_are_those_of_the_configuration(rnnexp: Rnnexp) -> None:
    text = (plugins.own_config_dir() / "config.yaml").read_text()
    assert f"probes: [{', '.join(settings.DEFAULT_PROBES)}]" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=bag", "+probes=lyapunov"],
         "probe 'lyapunov' needs a recurrent model; model=bag has none"),
        (["model=rnn", "probes=[gates]"],
         "probe 'gates' needs a gated model; model=rnn has no gates"),
        (["probes=padding_survival"],
         "probe 'padding_survival' needs pads between the text and the readout: "
         "set model.readout=last and data.padding=post"),
        (["probes=hidden_dynamics", "probes.hidden_dynamics.min_length=100000"],
         "probe 'hidden_dynamics' needs test sequences of 100000 steps or more and there is none"),
        (["probes.gradient_flow.every=-1"], "probes.gradient_flow.every must be at least 0"),
        (["probes.gradient_flow.evry=1"], "unknown setting 'probes.gradient_flow.evry'; did you"),
        (["probes=gradient_flo"], "probes=gradient_flo is no option; did you mean"),
        (["+probes.x=3"], "probes.x is no probe"),
        (["probes=all", "probes.jacobian.points=1"], "probes.jacobian.points must be at least 2"),
        (["+probes.x._target_=os.getcwd"], "is no subclass of rnnexp.probes.base.Probe"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(
    rnnexp: Rnnexp, workdir: Path, words: list[str], message: str
) -> None:
    outcome = rnnexp(*TINY, *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert not Path("outputs").exists()


def test_a_default_probe_is_left_out_in_one_line(rnnexp: Rnnexp, workdir: Path) -> None:
    outcome = rnnexp(*TINY, "model=bag")
    assert outcome.status == 0
    line = (
        "probes gradient_flow, hidden_dynamics left out; each needs a recurrent model; model=bag "
        "has none"
    )
    assert line in outcome.out.splitlines()


def test_few_long_sequences_are_used_and_counted(rnnexp: Rnnexp, run_directory: Callable[[], Path]
) -> None:  # fmt: skip
    assert rnnexp(*TINY, "data.limit=200", "probes=hidden_dynamics").status == 0
    dynamics = read_npz(run_directory() / "probes" / "hidden_dynamics.npz")
    assert 0 < dynamics["sequences"][-1] <= 10
    assert (dynamics["length"][-1] >= 150).all()  # whole, whatever seq_len is
    assert dynamics["state"].shape[2] == dynamics["length"].max()


def test_a_probe_of_ones_own(rnnexp: Rnnexp, workdir: Path, run_directory: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (workdir / "myprobes.py").write_text(
        "from rnnexp.probes.base import Probe\n"
        "class Answer(Probe):\n"
        "    def __init__(self, value: float = 1.0) -> None:\n"
        "        super().__init__()\n"
        "        self.value = value\n"
        "    def measure(self, view):\n"
        "        return {'answer': self.value * view.epoch}\n"
    )
    (workdir / "myconf" / "probes").mkdir(parents=True)
    (workdir / "myconf" / "probes" / "answer.yaml").write_text(
        "answer:\n  _target_: myprobes.Answer\n  value: 2.0\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    outcome = rnnexp("--config-dir", "myconf", *TINY, "plots=true", "+probes=answer",
                     "probes.answer.value=21.0")  # fmt: skip
    assert outcome.status == 0, outcome.err
    path = run_directory()
    assert read_npz(path / "probes" / "answer.npz")["answer"].tolist() == [0.0, 21.0]
    assert json.loads((path / "summary.json").read_text())["probes"]["answer"] == {"answer": 21.0}
    assert (path / "plots" / "answer_numbers.png").is_file()


def test_a_diverged_run_keeps_its_norms(rnnexp: Rnnexp, run_directory: Callable[[], Path]) -> None:
    outcome = rnnexp(*TINY, "optimizer=sgd", "optimizer.lr=1e38",
                     "trainer.epochs=3", "probes=all")  # fmt: skip
    assert outcome.status == 0, outcome.err
    summary = json.loads((run_directory() / "summary.json").read_text())
    assert summary["status"] == "diverged"
    norms = read_npz(run_directory() / "probes" / "grad_norm.npz")
    assert "not finite" in summary["reason"]
    assert norms["steps"].sum() == summary["steps"]
    flow = read_npz(run_directory() / "probes" / "gradient_flow.npz")
    assert flow["epoch"].tolist() == list(range(len(flow["epoch"])))


def test_bag_has_no_rollout() -> None:
    task = RandomTokens(seq_len=5)
    model = Bag(Learned(task.vocabulary, 2), 2, hidden_size=2)
    with pytest.raises(ValueError, match="model=bag has no recurrence"):
        model.rollout(task.split("val").batch(torch.arange(2)))
    with pytest.raises(ValueError, match="needs a recurrent model"):
        GradientFlow().check(model, task)
    GradNorm().check(model, task)
