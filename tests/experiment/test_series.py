"""Runs on series of the user's own: what is there is learned, what is not stays at chance."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnnexp as package
from rnnexp.data.series_scaling import Scaling
from rnnexp.errors import Terminated
from rnnexp.experiment.load import load_model
from rnnexp.results.runs import RunDirectory
from rnnexp.training.checkpoint import Saver
from tests.conftest import TASKS, Outcome, read_npz

Rnnexp = Callable[..., Outcome]

QUICK = ("model=gru", "model.hidden_size=8", "plots=false", "threads=1", "probes=none",
         "optimizer.lr=0.02", "trainer.epochs=10")  # fmt: skip


def pulses(shuffled: bool = False, count: int = 600, steps: int = 12) -> None:
    """Noise whose class is the sign of a pulse at its third step, nine steps before the answer."""
    generator = np.random.default_rng(1)
    sign_N = generator.choice([-1, 1], size=count)
    values_NT = 0.3 * generator.normal(size=(count, steps))
    values_NT[:, 2] += 2 * sign_N
    told_N = generator.permutation(sign_N) if shuffled else sign_N
    table = pd.DataFrame(values_NT.round(5)).assign(label=np.where(told_N > 0, "up", "down"))
    table.to_csv("pulses.csv", index=False)


def waves(count: int = 60, steps: int = 20) -> None:
    """Sines of a frequency each, about a level of 1000, in long form."""
    generator = np.random.default_rng(2)
    rows = []
    for i in range(count):
        rate, phase = generator.uniform(0.2, 1.0), generator.uniform(0, 6)
        rows += [(i, t, 1000 + 50 * np.sin(rate * t + phase), rate) for t in range(steps)]
    pd.DataFrame(rows, columns=["id", "time", "value", "rate"]).to_csv("waves.csv", index=False)


WAVES = ("data.path=waves.csv", "data.id_column=id", "data.time_column=time", "seq_len=20",
         *QUICK)  # fmt: skip


def run_of(*words: str) -> RunDirectory:
    run = package.run(list(words)).directory
    assert isinstance(run, RunDirectory)
    return run


@pytest.mark.parametrize("shuffled", [False, True])
def test_an_early_pulse_is_learned_and_shuffled_labels_are_not(shuffled: bool) -> None:
    pulses(shuffled)
    summary = run_of("data=series", "data.path=pulses.csv", "data.split=60/10/30", "seq_len=12",
                     *QUICK).summary  # fmt: skip
    score, interval = summary.score(), (summary.test_interval or {})["accuracy"]
    assert score is not None
    assert summary.test is not None
    assert score.beats_chance(interval) == (not shuffled)
    if shuffled:
        assert interval[0] < score.chance < interval[1]
    else:
        assert summary.test["accuracy"] > 0.95


def test_a_forecast_is_compared_with_the_last_value(rnnexp: Rnnexp) -> None:
    waves()
    outcome = rnnexp("data=series_forecast", "data.value_columns=[value]", *WAVES,
                     "trainer.epochs=40", "probes=[gradient_flow,grad_norm]")  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "the last value as the answer (persistence) has mse" in outcome.out
    assert "1 number per step" in outcome.out
    summary = RunDirectory(next(Path("outputs/runs").iterdir())).summary
    assert re.search(r"test mse \S+ \(.*\), chance \S+, persistence \d", outcome.out)
    persistence = summary.data_report["baselines"]["persistence"]["mse"]
    assert summary.test is not None
    assert summary.test["mse"] < persistence < summary.chance["mse"]


def test_a_regression_in_the_users_units_is_loaded_without_its_data() -> None:
    waves()
    words = ("data=series_regression", "data.label_column=rate", *WAVES)
    run = run_of(*words)
    summary = run.summary
    assert summary.test is not None
    assert summary.scores["mse"].axis == "mse (rate²)"
    kept = read_npz(run.path / "predictions" / "test.npz")
    assert np.isclose(np.square(kept["targets"] - kept["outputs"]).mean(), summary.test["mse"])
    assert 0.2 < kept["targets"].min() < kept["targets"].max() < 1.0

    Path("waves.csv").unlink()
    assert load_model(run).encoder.output_size == 1
    state = (run.task.model_extra or {})["series"]
    scaling, targets = Scaling.of(state["scaling"]), Scaling.of(state["targets"])
    assert scaling.names == ("value",)
    assert np.allclose(scaling.undone(scaling(np.array([[1000.0]]))), 1000)
    assert targets.names == ("rate",)


def test_it_is_resumed_to_the_same_bytes(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch) -> None:
    pulses(count=80)
    words = ("data=series", "data.path=pulses.csv", "seq_len=12", *QUICK, "trainer.epochs=3",
             "trainer.batch_size=16", "checkpoint.every_seconds=0")  # fmt: skip
    assert rnnexp(*words, "name=whole").status == 0
    save, saved = Saver.save, 0

    def save_and_stop(self: Saver) -> None:
        nonlocal saved
        save(self)
        saved += 1
        if saved == 6:
            raise Terminated

    monkeypatch.setattr(Saver, "save", save_and_stop)
    assert rnnexp(*words, "name=stopped").status == 143
    monkeypatch.setattr(Saver, "save", save)
    (whole,), (stopped,) = (Path("outputs/runs").glob(f"*_{n}") for n in ("whole", "stopped"))
    assert rnnexp("resume", str(stopped)).status == 0
    for name in ("metrics.csv", "weights.safetensors", "predictions/test.npz", "task.json"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("data", ["series", "series_regression", "series_steps", "series_forecast"])
def test_every_probe_measures_or_says_why_not(
    rnnexp: Rnnexp, series_file: Callable[..., Path], data: str
) -> None:
    series_file()
    columns = ("data.path=series.csv", "data.id_column=id", "data.time_column=time",
               "data.value_columns=[value,other]", "seq_len=8")  # fmt: skip
    columns += ("data.label_column=target",) if data == "series_regression" else ()
    small = ("trainer.epochs=1", "model.hidden_size=4", "plots=false", "threads=1")
    outcome = rnnexp(f"data={data}", *columns, *small, "model=lstm", "probes=all")
    assert outcome.status == 0, outcome.err
    summary = RunDirectory(next(Path("outputs/runs").iterdir())).summary
    assert not summary.failed_probes
    measured = set(summary.probes)
    assert {"gradient_flow", "grad_norm", "jacobian", "lyapunov"} <= measured
    assert set(summary.skipped_probes) <= {
        "hidden_dynamics", "padding_survival", "class_separation", "effective_memory",
    }  # fmt: skip
    for words in ("vocabulary", " texts", " words", "word by word", "token"):
        assert words not in outcome.out, words


@pytest.mark.parametrize("data", ["series", "series_regression", "series_steps", "series_forecast"])
def test_a_file_is_answered_as_the_test_split_was(
    rnnexp: Rnnexp, series_file: Callable[..., Path], data: str
) -> None:
    path = series_file()
    small = ("model.hidden_size=4", "trainer.epochs=1", "plots=false", "threads=1", "probes=none")
    run = run_of(f"data={data}", *TASKS[data], *small)
    outcome = rnnexp("predict", str(run.path), "--series", str(path), "--to", "out.csv")
    assert outcome.status == 0, outcome.err
    answers, kept = pd.read_csv("out.csv"), read_npz(run.path / "predictions" / "test.npz")
    test = answers[answers.sequence.isin([f"s{i}" for i in range(54, 60)])]
    if data == "series":
        assert np.allclose(test.p_low, 1 / (1 + np.exp(-kept["outputs"][:, 0])), atol=1e-5)
    elif data == "series_regression":
        assert np.allclose(test.target, kept["outputs"][:, 0], atol=1e-5)
    elif data == "series_steps":
        classes = test[test.sequence == "s54"].label.map({"high": 0, "low": 1})
        assert classes.tolist() == kept["outputs"][0].argmax(axis=1).tolist()
    else:
        # the last step has a forecast too, whose target nobody knows
        first = test[test.sequence == "s54"].value.to_numpy()
        assert len(first) == 8
        assert np.allclose(first[:-1], kept["outputs"][0, :7, 0], atol=1e-4)
    again = rnnexp("predict", str(run.path), "--series", str(path), "--to", "out.csv")
    assert (again.status, "is there already" in again.error) == (2, True)
    alone = rnnexp("predict", str(run.path), "--series", str(path))
    assert (alone.status, "--series FILE needs --to" in alone.error) == (2, True)


def test_labels_that_begin_behind_what_is_read_make_nothing_diverge(rnnexp: Rnnexp) -> None:
    """A third of the sequences are labelled from their step 13 on, and ten steps are read."""
    waves()
    table = pd.read_csv("waves.csv")
    table["state"] = np.where(table.value > 1000, "high", "low")
    table.loc[(table.id % 3 == 0) & (table.time < 12), "state"] = ""
    table.to_csv("waves.csv", index=False)
    outcome = rnnexp(
        "data=series_steps", "data.value_columns=[value]", "data.label_column=state", *WAVES,
        "data.missing_labels=drop", "seq_len=10", "trainer.epochs=2", "trainer.batch_size=1",
        "trainer.accumulate=4",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "left out: 20 sequences without a target in the first 10 steps" in outcome.out
    run = RunDirectory(next(Path("outputs/runs").iterdir()))
    assert run.summary.status == "finished"
    assert run.summary.data_report["without_a_target_in_the_first_10_steps"] == 20
    rows = [row[name] for row in run.metrics for name in ("train_accuracy", "val_accuracy")]
    assert np.isfinite(rows).all()
    test = run.summary.test or {}
    assert all(value is not None for value in test.values())
