"""The memory tasks through the command: training, probes, figures, other lengths."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnexp.data.adding import Adding
from rnnexp.data.copying import Copying
from rnnexp.embedding.features import Features
from rnnexp.embedding.one_hot import OneHot
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.base import ProbeView
from rnnexp.probes.gradient_flow import GradientFlow
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.conftest import GENERATED, Outcome

Rnnexp = Callable[..., Outcome]
SMALL = ("model.hidden_size=8", "trainer.steps=4", "data.test_count=30", "data.val_count=20")
TASKS = GENERATED


#: Every task with the probes of a run that says nothing of them, and a number, a class and an
#: answer per step with all; the other tasks with all take a minute.
WITH_ALL = ("adding", "recall", "copying")
PROBED = [
    *((data, "default") for data in TASKS),
    *(
        pytest.param(data, "all", marks=() if data in WITH_ALL else pytest.mark.long)
        for data in TASKS
    ),
]


@pytest.mark.parametrize(("data", "probes"), PROBED)
@pytest.mark.parametrize("model", ["lstm", "bag"])
def test_every_task_goes_through_trainer_probes_and_figures(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], data: str, probes: str, model: str
) -> None:
    words = ["probes=all"] if probes == "all" else []
    outcome = rnnexp(f"data={data}", f"model={model}", "seq_len=12", *SMALL, *words)
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    summary = run.summary
    assert summary.synthetic
    assert summary.memory == (data != "flip_flop")
    assert "(synthetic)" in outcome.out
    headline = summary.headline
    assert headline is not None
    assert summary.test is not None
    assert summary.test_interval is not None
    assert summary.chance[headline] == pytest.approx(
        {
            "adding": 1 / 6, "copying": 1 / 8, "temporal_order": 1 / 4, "selective_copying": 1 / 8,
            "modular_counting": 1 / 3, "associative_recall": 1 / 4,
        }.get(data, 1 / 2)
    )  # fmt: skip
    low, high = summary.test_interval[headline]
    assert low <= summary.test[headline] <= high
    assert summary.perfect[headline] == (0.0 if headline == "mse" else 1.0)
    svg = (run.plots / "learning_curves.svg").read_text()
    for words in ("chance", "synthetic", "training step"):
        assert words in svg
    assert [row["step"] for row in run.metrics] == [4]
    with np.load(run.path / "predictions" / "test.npz") as predictions:
        assert len(predictions["outputs"]) == len(predictions[headline]) == 30
        assert predictions[headline].mean() == pytest.approx(summary.test[headline], rel=1e-5)


def test_the_same_seed_gives_the_same_bytes_whatever_is_measured(
    rnnexp: Rnnexp, workdir: Path
) -> None:
    words = ("data=recall", "seq_len=9", *SMALL, "trainer.steps=120", "plots=false")
    for extra in ((), ("probes=all",), ("data.eval_lengths=[5,20]",), ("seed=1",)):
        assert rnnexp(*words, *extra).status == 0
    runs = [RunDirectory.open(path) for path in sorted((workdir / "outputs/runs").iterdir())]
    first, probed, tested, other = ((r.path / "metrics.csv").read_bytes() for r in runs)
    assert first == probed == tested != other
    assert [row["step"] for row in runs[0].metrics] == [100, 120]
    # the test split is the same for all seeds
    targets = []
    for run in runs:
        with np.load(run.path / "predictions/test.npz") as predictions:
            targets.append(predictions["targets"])
    assert np.array_equal(targets[0], targets[3])


def test_epochs_of_a_task_without_a_corpus_are_500_steps(
    rnnexp: Rnnexp, run_directory: Callable[[], Path]
) -> None:
    words = ("data=parity", "seq_len=3", *SMALL[:1], "trainer.epochs=2", "trainer.batch_size=4")
    assert rnnexp(*words, "plots=false", "probes=none").status == 0
    assert [row["step"] for row in RunDirectory.open(run_directory()).metrics] == [500, 1000]


def test_a_corpus_can_be_trained_by_steps(
    rnnexp: Rnnexp, run_directory: Callable[[], Path], csv_file: Callable[..., Path]
) -> None:
    csv_file(rows=60)  # 48 to train on, three batches of 16
    words = ("data=csv", "data.path=texts.csv", "seq_len=4", "model=bag", "trainer.batch_size=16")
    outcome = rnnexp(*words, "trainer.steps=250", "probes=grad_norm")
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    assert [(row["epoch"], row["step"]) for row in run.metrics] == [(1, 100), (2, 200), (3, 250)]
    assert run.summary.steps == 250
    assert "step 250/250" in outcome.out
    assert "training step" in (run.plots / "learning_curves.svg").read_text()
    norms = run.probe("grad_norm")
    assert norms is not None
    assert norms["step"].tolist() == [100, 200, 250]


@pytest.mark.parametrize("data", [*TASKS, "csv"])
def test_other_lengths_are_tested_and_drawn(
    rnnexp: Rnnexp,
    run_directory: Callable[[], Path],
    csv_file: Callable[..., Path],
    data: str,
) -> None:
    csv_file(rows=200)
    small = SMALL if data != "csv" else ("data.path=texts.csv", *SMALL[:2])
    outcome = rnnexp(f"data={data}", "seq_len=12", *small, "data.eval_lengths=[10,12,24]")
    assert outcome.status == 0, outcome.err
    run = RunDirectory.open(run_directory())
    at_lengths = run.summary.at_lengths
    assert list(at_lengths) == ["10", "12", "24"]
    headline = run.summary.headline
    # at its own length it is the test itself
    assert at_lengths["12"].test == run.summary.test
    assert at_lengths["12"].test_interval == run.summary.test_interval
    if data == "copying":
        assert at_lengths["24"].chance["loss"] == pytest.approx(10 * np.log(8) / 44)
    assert f"at length 24: test {headline}" in outcome.out
    svg = (run.plots / "carrying_over.svg").read_text()
    for words in ("length tested at", "chance", "trained at", "over test examples"):
        assert words in svg
    assert (run.path / "predictions" / "test_T24.npz").is_file()


def test_a_bag_trained_at_one_length_knows_the_parity_of_none(rnnexp: Rnnexp) -> None:
    """Where nothing can be learned every length is at chance, and no run beats it."""
    words = ("data=parity", "model=bag", "seq_len=8,12", "seed=0,1", "trainer.steps=30")
    outcome = rnnexp("-m", *words, "study=p", "plots=false", "data.eval_lengths=[20]")
    assert outcome.status == 0, outcome.err
    groups = json.loads(Path("outputs/studies/p/study.json").read_text())["groups"]
    assert [group["beats_chance"]["successes"] for group in groups] == [0, 0]
    assert [group["solved"]["n"] for group in groups] == [2, 2]
    assert "trainability: L50" in outcome.out
    assert Path("outputs/studies/p/plots/trainability.png").is_file()


def test_a_study_compares_its_models_seed_by_seed(rnnexp: Rnnexp) -> None:
    words = ("data=recall", "model=rnn,lstm", "seq_len=3", "seed=0,1,2", *SMALL)
    outcome = rnnexp("-m", *words, "study=c", "plots=false")
    assert outcome.status == 0, outcome.err
    assert "lstm - rnn" in outcome.out
    written = json.loads(Path("outputs/studies/c/study.json").read_text())
    (difference,) = written["comparisons"]
    assert (difference["factor"], difference["values"]) == ("model", ["rnn", "lstm"])
    assert difference["seeds"] == [0, 1, 2]
    assert difference["p"] >= 0.25
    study = Study.read(Path("outputs/studies/c"))
    a, b = (group.by_seed("test_accuracy") for group in study.groups())
    assert difference["difference"] == pytest.approx(np.mean([b[s] - a[s] for s in range(3)]))
    assert written["groups"][0]["test_accuracy"]["standard_deviation"] is not None


# -- models that answer at every step, or with numbers --------------------------------------------

MODELS: list[Callable[..., SequenceModel]] = [RNN, LSTM, GRU, Linear, Unrolled]


def per_step(make: Callable[..., SequenceModel], task: Copying) -> SequenceModel:
    torch.manual_seed(0)
    return make(OneHot(task.vocabulary), task.output_size, hidden_size=6, per_step=True)


@pytest.mark.parametrize("make", MODELS)
def test_the_rollout_answers_at_every_step_as_the_model_does(make: Any) -> None:
    task = Copying(seq_len=4, test_count=3)
    model, batch = per_step(make, task), task.split("test").as_batch()
    outputs = model(batch)
    assert outputs.shape == (3, 24, 9)
    rollout = model.rollout(batch)
    assert torch.allclose(rollout.outputs.float(), outputs, atol=1e-6)
    assert torch.allclose(rollout.outputs_at(7).float(), outputs[:, 7], atol=1e-6)


@pytest.mark.parametrize("make", MODELS)
def test_the_gradient_of_the_last_answer_by_finite_differences(make: Any) -> None:
    task = Copying(seq_len=2, test_count=2)
    model, batch = per_step(make, task).double(), task.split("test").as_batch()
    view = ProbeView(model, task, 0, batch, batch, {})
    rollout = model.rollout(batch)
    (gradient,) = torch.autograd.grad(view.total_loss(rollout, batch), rollout.inputs[3:4])
    x_TBE = torch.stack([x.detach() for x in rollout.inputs])

    def loss(x_TBE: torch.Tensor) -> torch.Tensor:
        outputs = model.head(model.states(x_TBE)).transpose(0, 1)
        return task.followed_loss(outputs, batch)

    shift = torch.zeros_like(x_TBE)
    shift[3, 1, 2] = 1e-5
    with torch.no_grad():
        numeric = (loss(x_TBE + shift) - loss(x_TBE - shift)) / 2e-5
    assert gradient[1, 2].item() == pytest.approx(numeric.item(), rel=1e-4, abs=1e-9)
    measurement = GradientFlow(at_start=True).measure(view)
    assert measurement["examples"] == measurement["compared"] == 2
    # the loss of the last answer enters through the last state: nothing is left out
    assert measurement["recurrence_alone"] == 0


def test_numbers_have_a_column_each() -> None:
    model = RNN(Features(2), 2, hidden_size=4, regression=True)
    task = Adding(seq_len=5, test_count=3)
    assert model(task.split("test").as_batch()).shape == (3, 2)
    with pytest.raises(ValueError, match="the data asks for numbers"):
        RNN(Features(2), 1, head="sigmoid", regression=True)


def test_the_readout_of_a_per_step_task_reads_no_pads_and_no_single_step() -> None:
    model = RNN(Features(2), 3, hidden_size=4, per_step=True)
    assert not model.reads_pads
    assert not model.reads_one_step
    with pytest.raises(ValueError, match="readout=mean chooses one state"):
        RNN(Features(2), 3, per_step=True, readout="mean")


def test_the_distance_follows_from_the_length_where_none_is_given(rnnexp: Rnnexp) -> None:
    words = ("data=recall", "model=rnn", "data.distance=null,3", "seq_len=8", "seed=0,1", *SMALL)
    outcome = rnnexp("-m", *words, "study=d", "plots=false")
    assert outcome.status == 0, outcome.err
    study = json.loads(Path("outputs/studies/d/study.json").read_text())
    assert sorted(group["data.distance"] for group in study["groups"]) == [3, 7]
    (line,) = study["trainability"]
    assert (line["axis"], line["lengths"]) == ("data.distance", [3, 7])


def test_a_fixed_distance_has_no_l50_over_lengths(rnnexp: Rnnexp) -> None:
    words = ("data=recall", "model=rnn", "data.distance=0", "seq_len=6,12", "seed=0,1", *SMALL)
    outcome = rnnexp("-m", *words, "study=f", "plots=false")
    assert outcome.status == 0, outcome.err
    assert "trainability" not in outcome.out


def test_a_study_shows_other_lengths(rnnexp: Rnnexp) -> None:
    words = ("data=recall", "model=rnn,lstm", "seq_len=6", "seed=0,1", *SMALL)
    outcome = rnnexp("-m", *words, "data.eval_lengths=[9,30]", "study=o", "plots=false")
    assert outcome.status == 0, outcome.err
    assert "at other lengths than trained at" in outcome.out
    assert "test_accuracy_at_30" in Path("outputs/studies/o/study.csv").read_text()
    svg = Path("outputs/studies/o/plots/carrying_over.svg").read_text()
    for words_there in ("RNN", "LSTM", "synthetic", "2 seeds", "chance"):
        assert words_there in svg


def test_an_overflow_at_another_length_costs_that_length_alone(rnnexp: Rnnexp) -> None:
    words = ("data=adding", "model=rnn", "model.nonlinearity=relu", "init=identity", "init.scale=3",
             "seq_len=5", "seed=0,1", *SMALL, "data.eval_lengths=[8,3000]")  # fmt: skip
    outcome = rnnexp("-m", *words, "study=x", "plots=false", "optimizer.lr=1e-9")
    assert outcome.status == 0, outcome.err
    assert outcome.err == ""
    assert "at 3000" in outcome.out
