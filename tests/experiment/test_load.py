"""Every task's model comes back from its directory, and answers as it did."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import rnnexp as package
from rnnexp.errors import DamagedError, DataError
from rnnexp.experiment.build import build
from rnnexp.experiment.load import load_model
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.findings.scores import Scores, weights_tested
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from tests.conftest import TASKS, TINY_MODEL, read_npz


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_model_of_each_task_is_loaded_and_answers_the_same(
    csv_file: Callable[..., Path],
    series_file: Callable[..., Path],
    mnist_files: Callable[..., Path],
    task: str,
) -> None:
    for write in (csv_file, series_file, mnist_files):
        write()
    run = package.run(
        [f"data={task}", *TASKS[task], *TINY_MODEL, "model=gru", "probes=none"]
    ).directory
    assert isinstance(run, RunDirectory)
    model = load_model(run).eval()
    data = build(RunSpec.of_run(run)).task
    with torch.no_grad():
        outputs = data.in_units(model(data.split("test").as_batch()).numpy())
    assert np.allclose(
        outputs, read_npz(run.path / "predictions" / "test.npz")["outputs"], atol=1e-6
    )


OVERFITS = ("data.limit=100", "seq_len=12", "embedding.dim=4", "trainer.epochs=10",
            "optimizer.lr=0.05", "probes=none")  # fmt: skip


@pytest.mark.parametrize(
    ("words", "weights"),
    [
        ((), "last"),
        (("trainer.test_weights=last",), "last"),
        (("trainer.test_weights=best",), "best"),
        (("trainer.patience=2",), "best"),
        (("trainer.patience=2", "trainer.test_weights=last"), "last"),
    ],
)
def test_the_weights_that_were_tested_are_said_and_loaded(
    workdir: Path, words: tuple[str, ...], weights: str
) -> None:
    """The validation loss is lowest some epochs before the last."""
    run = package.run([*OVERFITS, *TINY_MODEL, *words]).directory
    assert isinstance(run, RunDirectory)
    summary, losses = run.summary, [row["val_loss"] for row in run.metrics]
    assert summary.tested is not None
    assert summary.best_epoch == 1 + int(np.argmin(losses)) < summary.epochs == len(losses)
    assert summary.tested.weights == weights
    at = summary.best_epoch if weights == "best" else len(losses)
    assert (summary.tested.epoch, summary.tested.step) == (at, run.metrics[at - 1]["step"])

    # what was tested is what is loaded, and has the validation loss of its epoch
    model, task = load_model(run).eval(), build(RunSpec.of_run(run)).task
    with torch.no_grad():
        outputs = model(task.split("test").as_batch()).numpy()
        val = task.split("val").as_batch()
        assert float(task.loss(model(val), val)) == pytest.approx(losses[at - 1], rel=1e-5)
    tested = read_npz(run.path / "predictions" / "test.npz")["outputs"]
    assert np.allclose(outputs, tested, atol=1e-6)

    log = (run.path / "rnnexp.log").read_text()
    assert (
        f"tested: the weights {'with the lowest' if weights == 'best' else 'after the last'}" in log
    )
    lowest = "" if weights == "best" else f" (validation loss best at {summary.best_epoch})"
    assert f"; weights of epoch {at} of {len(losses)}{lowest}; " in log


def test_a_study_says_which_weights_were_tested(workdir: Path) -> None:
    words = [*OVERFITS, *TINY_MODEL, "study=x"]
    study = package.run([*words, "trainer.test_weights=last,best"], multirun=True).study
    assert isinstance(study, Study)
    notes = weights_tested([run.summary for run in study.runs])
    assert notes == [
        "tested: 1 of 2 runs: the last weights; in 1 of 1 runs earlier ones had a better "
        "validation loss (trainer.test_weights=best)",
        "tested: 1 of 2 runs: the weights with the best validation loss",
    ]
    table = next(iter(Scores.in_study(study))).text()
    assert all(note in table for note in notes)


def test_weights_that_do_not_fit_are_named(workdir: Path) -> None:
    run = package.run(["data=recall", *TASKS["recall"], *TINY_MODEL, "probes=none"]).directory
    assert isinstance(run, RunDirectory)
    path = run.path / "config.yaml"
    path.write_text(path.read_text().replace("hidden_size: 4", "hidden_size: 5"))
    with pytest.raises(DamagedError, match=r"config\.yaml is damaged"):
        load_model(RunDirectory(run.path))
    run.finish(run.summary)  # as if it had been written so
    with pytest.raises(DataError, match=r"the weights do not fit its config\.yaml"):
        load_model(RunDirectory(run.path))
