"""Each tool's record of a run, read back with the tool's own reader."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from rnnexp.command.main import main
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY, Outcome
from tests.logger.readers import ALL, READERS, Record

pytestmark = pytest.mark.filterwarnings("ignore")  # of tools about tools

WORDS = (*TINY, "trainer.epochs=3", "threads=1", "+probes=gates")


def one_run(folder: Path) -> RunDirectory:
    (path,) = (folder / "outputs" / "runs").iterdir()
    return RunDirectory.open(path)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one run was made with all tools."""
    folder = tmp_path_factory.mktemp("logged")
    with chdir(folder):
        assert main([*WORDS, "plots=true", ALL, "data.eval_lengths=[6]"]) == 0
    return folder


@pytest.fixture(scope="module")
def unlogged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unlogged")
    with chdir(folder):
        assert main([*WORDS, "data.eval_lengths=[6]"]) == 0
    return folder


def record(tool: str, folder: Path) -> Record:
    (only,) = READERS[tool](folder / "outputs")
    return only


def rows_of(run: RunDirectory) -> list[dict[str, str]]:
    return list(csv.DictReader((run.path / "metrics.csv").read_text().splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize("tool", READERS)
def test_a_tool_holds_what_the_run_holds(logged: Path, tool: str) -> None:
    run, there = one_run(logged), record(tool, logged)
    assert (there.name, there.status) == (run.path.name, "finished")
    rows = rows_of(run)
    names = {"train_loss": "train/loss", "val_accuracy": "val/accuracy", "grad_norm": "grad/norm",
             "epoch": "epoch", "clipped_fraction": "clipped_fraction"}  # fmt: skip
    for column, name in names.items():
        values = {int(row["step"]): float(row[column]) for row in rows}
        measured = {step: value for step, value in there.values[name] if step}
        assert measured == pytest.approx(values, rel=1e-6), name
    # what probes measure, from before the first step
    gates = run.probe("gates")
    assert gates is not None
    told = dict(zip(gates["step"].tolist(), gates["mean_forget"].tolist(), strict=True))
    assert dict(there.values["gates/mean_forget"]) == pytest.approx(told, rel=1e-6)
    summary = run.summary
    assert summary.test is not None
    assert summary.test_interval is not None
    low, high = summary.test_interval["accuracy"]
    last = {name: values[-1][1] for name, values in there.values.items()}
    scores = {"test/accuracy": summary.test["accuracy"], "test/accuracy_low": low,
              "test/accuracy_high": high,
              "test_T6/accuracy": summary.at_lengths["6"].test["accuracy"]}  # fmt: skip
    assert {name: last[name] for name in scores} == pytest.approx(scores, rel=1e-6)
    assert sorted(there.figures) == sorted(path.stem for path in run.plots.glob("*.png"))
    assert there.settings["model"] == "lstm"
    assert str(there.settings["model.hidden_size"]).removesuffix(".0") == "8"
    assert not [key for key in there.settings if key.startswith("logger")]


@pytest.mark.slow
def test_synthetic_data_are_said_to_be(logged: Path) -> None:
    assert record("tensorboard", logged).tags["synthetic"] == "true"
    assert record("mlflow", logged).tags["synthetic"] == "true"
    assert "synthetic data" in record("wandb", logged).tags["tags"]


@pytest.mark.slow
def test_loggers_change_no_number_and_no_identity(logged: Path, unlogged: Path) -> None:
    with_them, without = one_run(logged), one_run(unlogged)
    assert (with_them.path / "metrics.csv").read_bytes() == (
        without.path / "metrics.csv"
    ).read_bytes()
    assert with_them.summary.fingerprint == without.summary.fingerprint
    assert with_them.summary.test == without.summary.test
    assert with_them.summary.failed_loggers == {}


@pytest.mark.slow
def test_what_a_tool_wrote_is_no_part_of_what_is_checked(
    logged: Path, rnnexp: Callable[..., Outcome]
) -> None:
    run = one_run(logged)
    outcome = rnnexp("check", str(run.path))
    assert (outcome.status, outcome.err) == (0, "")
    assert run.manifest is not None
    assert not [name for name in run.manifest.files if name.startswith("logger")]


#: A run that dies at the third epoch, told or untold.
DYING = """
import os, signal, sys
from rnnexp.experiment import logged
from rnnexp.command.main import main

append = logged._Told.append_epoch

def dies(self, metrics, timings):
    if metrics["epoch"] == 3 and {before}:
        os.kill(os.getpid(), signal.SIGKILL)
    append(self, metrics, timings)
    if metrics["epoch"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)

logged._Told.append_epoch = dies
main({words!r})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(True, id="before it is told"),
        pytest.param(False, id="once it is told", marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_killed_goes_on_in_the_same_records(
    rnnexp: Callable[..., Outcome], workdir: Path, tmp_path: Path, before: bool
) -> None:
    words = [*WORDS, "trainer.epochs=5", ALL, "checkpoint.every_seconds=0"]
    code = DYING.format(before=before, words=words)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert died.returncode == -9, died.stderr.decode()
    run = one_run(workdir)
    elsewhere = tmp_path / "elsewhere"  # the records lie beside the run, wherever one types
    elsewhere.mkdir()
    os.chdir(elsewhere)
    assert rnnexp("resume", str(run.path)).status == 0
    assert not (elsewhere / "outputs").exists()
    steps = [int(row["step"]) for row in rows_of(run)]
    assert len(steps) == 5
    for tool in READERS:
        there = record(tool, workdir)  # one
        assert there.steps("val/loss") == steps, tool
        assert there.steps("gates/mean_forget") == [0, *steps], tool
        assert there.status == "finished"


@pytest.mark.slow
@pytest.mark.isolated
def test_jobs_of_a_study_side_by_side_share_a_new_store(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    outcome = rnnexp("-m", *TINY, "threads=1", "seed=0,1", "study=pair", "hydra.launcher.n_jobs=2",
                     ALL)  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "given up" not in outcome.err + outcome.out
    for tool in READERS:
        records = READERS[tool](workdir / "outputs")
        assert [there.group for there in records] == ["pair", "pair"], tool
        assert {there.status for there in records} == {"finished"}
    assert rnnexp("check", "outputs/studies/pair").status == 0


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (RuntimeError("no"), "failed")]
)
def test_a_run_without_a_result_says_why(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch,
    error: BaseException, status: str,
) -> None:  # fmt: skip
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("rnnexp.experiment.run._test", fails)
    assert rnnexp(*TINY, "logger=tensorboard").status in (1, 130)
    there = record("tensorboard", workdir)
    assert there.status == status
    assert "test/accuracy" not in there.values
    assert there.steps("epoch") == [0, 2]


def test_event_files_go_where_they_are_wanted(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    words = [*TINY, "logger=tensorboard", "logger.tensorboard.folder=board"]
    assert rnnexp(*words).status == 0
    (folder,) = Path("board/runs").iterdir()
    assert folder.name == one_run(workdir).path.name
    assert list(folder.glob("events.out.tfevents.*"))
    assert not (one_run(workdir).path / "logger").exists()


def test_a_study_that_is_made_anew_does_not_add_to_old_event_files(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    words = ["-m", *TINY, "seed=0", "logger=tensorboard", "logger.tensorboard.folder=board",
             "study=again"]  # fmt: skip
    for _ in range(2):
        assert rnnexp(*words, "jobs.retry=all").status == 0
    folders = sorted(Path("board/again").iterdir())
    assert len(folders) == 2
    assert all(len(list(folder.iterdir())) == 1 for folder in folders)


@pytest.mark.realdata
def test_real_reviews_are_not_called_synthetic(
    rnnexp: Callable[..., Outcome], workdir: Path, realdata: Path
) -> None:
    reviews = realdata / "imdb_30k.csv.gz"
    outcome = rnnexp(
        "data=imdb", f"data.path={reviews}", *TINY, "logger=tensorboard", "data.cache_dir=cache"
    )
    assert outcome.status == 0, outcome.err
    there = record("tensorboard", workdir)
    assert there.tags["synthetic"] == "false"
    assert there.settings["data"] == "imdb"
