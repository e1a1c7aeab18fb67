"""Jobs of a study that are trained as one program: ordinary runs, equal to those made one by one.

On the CPU, where the command refuses it: what is computed is the same.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnexp.errors import Terminated
from rnnexp.experiment import together
from rnnexp.results.check import check_run
from rnnexp.results.runs import RunDirectory
from rnnexp.training.checkpoint import Saver
from tests.conftest import TINY_MODEL, Outcome

UNROLLED = (*TINY_MODEL, "model=unrolled", "trainer.batch_size=32", "probes=none")
TWO = (*UNROLLED, "seq_len=6", "trainer.epochs=2", "data.limit=60", "embedding.dim=4")
TOGETHER = ("jobs.replicas=4", "jobs.isolate=false")

Command = Callable[..., Outcome]


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "has_gain", lambda experiment: True)


def runs_of(study: str) -> dict[str, RunDirectory]:
    """By what they are."""
    paths = Path("outputs/studies", study).glob("[!.]*/summary.json")
    runs = [RunDirectory.open(path.parent) for path in paths]
    return {str(run.summary.fingerprint): run for run in runs}


def assert_equal(made_together: RunDirectory, made_alone: RunDirectory) -> None:
    """The same files, and numbers equal within what rounding makes of them."""
    sides = made_together, made_alone
    names = [
        {
            path.relative_to(run.path).as_posix()
            for path in run.path.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        for run in sides
    ]
    assert names[0] == names[1]
    here, there = (run.summary for run in sides)
    for name in ("status", "epochs", "steps", "best_epoch", "chance", "parameters", "choices"):
        assert getattr(here, name) == getattr(there, name), name
    assert (here.replicas is not None, there.replicas) == (True, None)
    assert [list(row) for row in made_together.metrics] == [list(row) for row in made_alone.metrics]
    for row, row_alone in zip(made_together.metrics, made_alone.metrics, strict=True):
        numbers, alone = (list(part.values()) for part in (row, row_alone))
        assert np.allclose(numbers, alone, rtol=1e-4, atol=1e-6, equal_nan=True)
    assert made_together.probe_names == made_alone.probe_names
    for name in made_together.probe_names:
        measured, measured_alone = made_together.probe(name), made_alone.probe(name)
        assert measured is not None
        assert measured_alone is not None
        assert measured.keys() == measured_alone.keys()
        for key, values in measured.items():
            assert np.allclose(values, measured_alone[key], rtol=1e-3, atol=1e-5, equal_nan=True)
    checked = check_run(made_together.path)
    assert (checked.faults, checked.lacks) == ([], "")


@pytest.mark.parametrize(
    "words",
    [
        (*TWO, "optimizer.lr=0.1,0.01", "clip=norm", "init=orthogonal",
         "model.cell=gru", "probes=grad_norm"),
        (*TWO, "seq_len=5,6", "seed=0,1", "model.readout=last"),
        (*UNROLLED, "data=copying", "seq_len=12", "trainer.steps=3", "seed=0,1",
         "data.val_count=5", "data.test_count=20"),
    ],
    ids=["settings", "seeds and lengths", "every step"],
)  # fmt: skip
def test_each_is_an_ordinary_run(rnnexp: Command, anywhere: None, words: Sequence[str]) -> None:
    outcome = rnnexp("-m", *words, *TOGETHER, "study=together")
    assert outcome.status == 0, outcome.err
    assert rnnexp("-m", *words, "study=alone").status == 0
    made, alone = runs_of("together"), runs_of("alone")
    assert made.keys() == alone.keys()
    assert {run.path.name for run in made.values()} == {run.path.name for run in alone.values()}
    for key, run in made.items():
        assert_equal(run, alone[key])


def test_each_log_is_of_its_own_run(rnnexp: Command, anywhere: None) -> None:
    assert rnnexp("-m", *TWO, *TOGETHER, "seed=0,1", "study=together").status == 0
    for run in runs_of("together").values():
        log = (run.path / "rnnexp.log").read_text(encoding="utf-8")
        summary = json.loads((run.path / "summary.json").read_text())
        assert (summary["replicas"], summary["engine"]) == (2, "autograd")
        assert log.count("epoch 1/2:") == 1
        assert str(run.path.name) in log


def test_one_that_diverges_does_so_alone(rnnexp: Command, anywhere: None) -> None:
    words = (*TWO, "model.nonlinearity=relu", "optimizer=sgd", "study=together")
    assert rnnexp("-m", *words, *TOGETHER, "optimizer.lr=0.1,1e38").status == 0
    assert sorted(run.summary.status for run in runs_of("together").values()) == [
        "diverged", "finished",
    ]  # fmt: skip


def test_what_is_done_is_not_done_again(rnnexp: Command, anywhere: None) -> None:
    words = ("-m", *TWO, *TOGETHER, "study=together")
    assert rnnexp(*words, "seed=0,1").status == 0
    before = {key: run.summary.started for key, run in runs_of("together").items()}
    assert rnnexp(*words, "seed=0,1,2").status == 0
    after = runs_of("together")
    assert {key: after[key].summary.started for key in before} == before
    # the one that is left is an ordinary job
    assert [run.summary.replicas for run in after.values()].count(None) == 1


def test_what_is_stopped_goes_on(
    rnnexp: Command, anywhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are saved at the same step and go on from there: together, or each by itself."""
    words = ("-m", *TWO, *TOGETHER, "seed=0,1", "checkpoint.every_seconds=0")
    assert rnnexp(*words, "study=whole").status == 0
    save, saved = Saver.save, 0

    def save_and_stop(self: Saver) -> None:
        nonlocal saved
        save(self)
        saved += 1
        if saved == 3:  # of the first run the second step; the other is saved as it ends
            raise Terminated

    with monkeypatch.context() as patched:
        patched.setattr(Saver, "save", save_and_stop)
        assert rnnexp(*words, "study=stopped").status == 143
    stopped = runs_of("stopped")
    assert [run.summary.status for run in stopped.values()] == ["interrupted"] * 2
    saved_steps = [max((run.path / "checkpoints").iterdir()).name[-1] for run in stopped.values()]
    assert saved_steps == ["2", "2"]
    one = next(iter(stopped.values()))
    outcome = rnnexp("resume", str(one.path))
    assert outcome.status == 0, outcome.err
    assert "runs in its program 2 before, 1 now" in one.summary.resumed[0]
    assert rnnexp(*words, "study=stopped").status == 0
    for key, run in runs_of("whole").items():
        went_on = runs_of("stopped")[key]
        for row, expected in zip(went_on.metrics, run.metrics, strict=True):
            assert np.allclose(list(row.values()), list(expected.values()), rtol=1e-4, atol=1e-6)


def test_what_fails_together_is_run_one_by_one(
    rnnexp: Command, anywhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(together, "train_together", fail)
    outcome = rnnexp("-m", *TWO, *TOGETHER, "seed=0,1", "study=together")
    assert outcome.status == 0, outcome.err
    assert "not trained together: RuntimeError: CUDA out of memory" in outcome.out + outcome.err
    assert [run.summary.status for run in runs_of("together").values()] == ["finished"] * 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "jobs.replicas=4 trains runs as one program on a GPU, and device=cpu is none: use "
             "jobs.replicas=null"),
        (("jobs.isolate=true",), "jobs.replicas=4 trains jobs in one process, and isolate=true "
                                 "gives each its own: use jobs.isolate=false"),
        (("jobs.replicas=1",), "jobs.replicas must be at least 2 (got 1)"),
    ],
)  # fmt: skip
def test_where_it_is_refused(rnnexp: Command, words: Sequence[str], line: str) -> None:
    asked = {word.partition("=")[0]: word for word in (*TOGETHER, *words)}.values()
    outcome = rnnexp("-m", *TWO, *asked, "seed=0,1", "device=cpu")
    assert outcome.status == 2
    assert line in outcome.error
    assert not Path("outputs").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("model=lstm", "model=lstm is computed by cuDNN, which takes the weights of one model: use "
                       "model=unrolled model.cell=lstm, or jobs.replicas=null"),
        ("model=bag", "model=bag has no recurrence that could be computed together"),
        ("regulariser=flossing regulariser.steps_before=1",
         "jobs.replicas=4 minimises the task's loss alone and the regulariser adds to it: use "
         "jobs.replicas=null or regulariser=none"),
        ("probes.gradient_flow.every_step=true", "jobs.replicas=4 computes by autograd and "
         "probes.gradient_flow.every_step=true notes what engine=bptt computes: use "
         "jobs.replicas=null"),
    ],
)  # fmt: skip
def test_runs_that_are_refused(rnnexp: Command, anywhere: None, words: str, line: str) -> None:
    left_out = {
        "model=bag": "model.hidden_size=4",
        "regulariser=flossing regulariser.steps_before=1": "model.hidden_size=4",
        "probes.gradient_flow.every_step=true": "probes=none",
    }
    common = [word for word in TWO if word != left_out.get(words)]
    outcome = rnnexp("-m", *common, *words.split(" "), *TOGETHER, "seed=0,1")
    assert (outcome.status, line in outcome.error) == (2, True), outcome.err
