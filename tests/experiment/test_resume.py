"""`rnnexp resume RUN`, and the same study command again, end as if nothing had happened."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.errors import StorageError, Terminated
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.runs import RunDirectory
from rnnexp.training.checkpoint import Saver
from tests.conftest import TINY, Outcome

Rnnexp = Callable[..., Outcome]

WORDS = (*TINY, "trainer.epochs=3", "trainer.batch_size=16", "threads=1", "model.num_layers=2",
         "model=gru", "model.dropout=0.3", "probes=[grad_norm,gradient_flow]",
         "probes.gradient_flow.every_step=true", "data.eval_lengths=[6]",
         "checkpoint.every_seconds=0")  # fmt: skip


def left(run: Path) -> dict[str, bytes]:
    """What must be the same, by name."""
    names = ["metrics.csv", "weights.safetensors", "config.yaml", "task.json"]
    paths = [run / name for name in names]
    paths += [*sorted(run.glob("probes/*")), *sorted(run.glob("predictions/*"))]
    return {path.name: path.read_bytes() for path in paths}


def the_run(root: str = "outputs/runs/*") -> Path:
    (path,) = Path().glob(root)
    return path


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """SIGTERM comes with the n-th checkpoint from now on; with 0 never."""
    save = Saver.save

    def stop(number: int) -> None:
        saved = 0

        def save_and_stop(self: Saver) -> None:
            nonlocal saved
            save(self)
            saved += 1
            if saved == number:
                raise Terminated

        monkeypatch.setattr(Saver, "save", save_and_stop)

    return stop


_whole: dict[str, bytes] = {}


@pytest.fixture
def whole(rnnexp: Rnnexp) -> dict[str, bytes]:
    """What a run leaves that is never stopped; run once for all tests."""
    if not _whole:
        assert rnnexp(*WORDS).status == 0
        _whole.update(left(the_run()))
        assert len(_whole) == 9
        shutil.rmtree("outputs")
    return dict(_whole)


@pytest.fixture
def stopped(rnnexp: Rnnexp, stopped_after: Callable[[int], None]) -> Path:
    """A run that was stopped inside its second epoch; it can be gone on with."""
    stopped_after(8)
    assert rnnexp(*WORDS).status == 143
    stopped_after(0)
    return the_run()


def test_it_goes_on_to_the_same_bytes(
    rnnexp: Rnnexp, whole: dict[str, bytes], stopped: Path
) -> None:
    before = RunDirectory(stopped).summary
    assert (before.status, before.reason) == ("interrupted", "Terminated")
    newest = StoredCheckpoint.of_run(stopped)[0].place
    answer = rnnexp("predict", str(stopped), "a good film").out
    assert f"weights:        of {newest}: the run has not finished (interrupted)" in answer
    assert rnnexp("report", str(stopped)).status == 0

    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    assert f"goes on from {newest}" in outcome.out
    assert left(stopped) == whole
    after = RunDirectory(stopped).summary
    assert after.status == "finished"
    assert after.started == before.started
    assert [line.partition(": ")[2] for line in after.resumed] == [f"goes on from {newest}"]
    assert not (stopped / "checkpoints").exists()
    assert not (stopped / ".lock").exists()


def test_best_weights_that_were_not_kept_are_not_made_up(rnnexp: Rnnexp, stopped: Path) -> None:
    outcome = rnnexp("resume", str(stopped), "checkpoint.keep=best")
    assert outcome.status == 2
    assert "has not the weights of the best epoch" in outcome.error
    assert RunDirectory(stopped).summary.status == "interrupted"
    assert rnnexp("resume", str(stopped)).status == 0


def test_other_conditions_are_said_first(rnnexp: Rnnexp, stopped: Path) -> None:
    environment = json.loads((stopped / "environment.json").read_text())
    environment["packages"]["torch"] = "2.0.0"
    (stopped / "environment.json").write_text(json.dumps({**environment, "threads": 3}))
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    said = "not the same bytes as without the interruption, perhaps: torch"
    assert said in outcome.err
    assert "threads 1, was 3" in outcome.err
    (resumed,) = RunDirectory(stopped).summary.resumed
    assert resumed.endswith("; threads 1, was 3")


def test_it_can_be_stopped_again_and_again(
    rnnexp: Rnnexp, whole: dict[str, bytes], stopped: Path, stopped_after: Callable[[int], None]
) -> None:
    for number in (1, 2, 5, 3):
        stopped_after(number)
        assert rnnexp("resume", str(stopped)).status == 143
    stopped_after(0)
    assert rnnexp("resume", str(stopped)).status == 0
    assert left(stopped) == whole
    assert len(RunDirectory(stopped).summary.resumed) == 5


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_serves(
    rnnexp: Rnnexp, whole: dict[str, bytes], stopped: Path
) -> None:
    newest, older = StoredCheckpoint.of_run(stopped)
    path = newest.path / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    answer = rnnexp("predict", str(stopped), "a good film")
    assert answer.status == 2  # another epoch's answer would be another answer
    assert "weights.safetensors is damaged" in answer.error
    assert f"rnnexp resume goes on from {older.place}" in answer.error

    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    assert "weights.safetensors is damaged" in outcome.err
    assert f"goes on from {older.place}" in outcome.out
    assert left(stopped) == whole


def test_without_a_whole_checkpoint_it_is_refused(rnnexp: Rnnexp, stopped: Path) -> None:
    for one in StoredCheckpoint.of_run(stopped):
        (one.path / "state.json").write_text("{}")
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 2
    assert "cannot go on (" in outcome.err
    assert RunDirectory(stopped).summary.status == "interrupted"


def test_files_that_lost_their_beginning_are_refused(rnnexp: Rnnexp, stopped: Path) -> None:
    path = stopped / "metrics.csv"
    path.write_bytes(path.read_bytes()[:-1])
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 2
    assert "metrics.csv is damaged" in outcome.err.splitlines()[-1]


def test_before_the_first_checkpoint_it_begins_anew(
    rnnexp: Rnnexp, whole: dict[str, bytes], stopped: Path
) -> None:
    shutil.rmtree(stopped / "checkpoints")
    answer = rnnexp("predict", str(stopped), "a good film")
    assert "has no checkpoint" in answer.error
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    assert "begins anew, since no checkpoint had been made" in outcome.out
    assert left(stopped) == whole


def test_a_killed_run_is_called_so(rnnexp: Rnnexp, stopped: Path, workdir: Path) -> None:
    summary = json.loads((stopped / "summary.json").read_text())
    (stopped / "summary.json").write_text(json.dumps({**summary, "status": "running"}))
    outcome = rnnexp("resume", str(stopped))  # by this process, as far as the file says
    assert outcome.status == 2
    assert "is running on" in outcome.error
    gone = {**summary["process"], "created": 5.0}
    (stopped / "summary.json").write_text(
        json.dumps({**summary, "status": "running", "process": gone})
    )
    assert RunDirectory(stopped).summary.status == "killed"
    assert rnnexp("resume", str(stopped)).status == 0


def test_other_data_are_refused(
    rnnexp: Rnnexp, csv_file: Callable[..., Path], stopped_after: Callable[[int], None]
) -> None:
    csv_file(rows=60)
    stopped_after(2)
    words = ("data=csv", "data.path=texts.csv", "seq_len=8", "plots=false",
             "checkpoint.every_seconds=0", "trainer.batch_size=8")  # fmt: skip
    assert rnnexp(*words).status == 143
    csv_file(rows=61)
    stopped_after(0)
    outcome = rnnexp("resume", str(the_run()))
    assert outcome.status == 2
    assert "the data are not what they were when the run began" in outcome.error


def test_a_finished_run_is_trained_further_as_another(rnnexp: Rnnexp) -> None:
    kept = (*WORDS[:-1], "checkpoint.keep=all")
    assert rnnexp(*kept, "trainer.epochs=5", "name=long").status == 0
    assert rnnexp(*kept, "name=short").status == 0
    long, short = the_run("outputs/runs/*_long"), the_run("outputs/runs/*_short")
    before = left(short)
    outcome = rnnexp("resume", str(short), "trainer.epochs=5")
    assert outcome.status == 0, outcome.err
    (new,) = set(Path("outputs/runs").iterdir()) - {long, short}
    assert left(short) == before
    expected = left(long)
    for files in (expected, made := left(new)):
        del files["config.yaml"]  # it holds the name
    assert made == expected
    summary = RunDirectory(new).summary
    assert summary.continues == str(short.absolute())
    assert "trainer.epochs=5" in summary.words
    again = rnnexp("resume", str(new))
    assert "nothing is left to do" in again.error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing is left to do"),
        (("trainer.epochs=9",), "checkpoint.keep=all"),
        (("model.hidden_size=9",), "resume: model.hidden_size is as it was when the run began"),
        (("trainer.epoch=9",), "did you mean 'trainer.epochs'?"),
    ],
)
def test_what_a_finished_run_cannot_do(
    rnnexp: Rnnexp, words: tuple[str, ...], message: str
) -> None:
    assert rnnexp(*TINY).status == 0
    run = the_run()
    before = left(run)
    outcome = rnnexp("resume", str(run), *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert left(run) == before


@pytest.mark.parametrize("again", ["resume", "study"])
def test_what_a_process_was_removing_when_it_was_killed_goes(rnnexp: Rnnexp, again: str) -> None:
    assert rnnexp("-m", *TINY, "seed=0", "study=one").status == 0
    run = the_run("outputs/studies/one/*/summary.json").parent
    going = run / ".partial-123-gone-checkpoints"
    going.mkdir()
    (going / "weights.safetensors").write_bytes(b"half")
    words = ("resume", str(run)) if again == "resume" else ("-m", *TINY, "seed=0", "study=one")
    rnnexp(*words)
    assert not going.exists()


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (("trainer.epochs=2",), "trainer.epochs=2", "has trained 2 epochs: ask for more"),
        (("trainer.steps=3",), "trainer.steps=5", "a multiple of 100"),
        (("trainer.epochs=50", "trainer.patience=1", "optimizer.lr=0.5"),
         "trainer.epochs=60", "no better validation loss for 1 epochs"),
    ],
)  # fmt: skip
def test_what_would_not_be_the_longer_training(
    rnnexp: Rnnexp, first: tuple[str, ...], then: str, message: str
) -> None:
    assert rnnexp(*TINY, *first, "checkpoint.keep=all").status == 0
    outcome = rnnexp("resume", str(the_run()), then)
    assert outcome.status == 2
    assert message in outcome.error
    assert len(list(Path("outputs/runs").iterdir())) == 1


def test_a_study_goes_on_with_a_job_that_was_stopped(
    rnnexp: Rnnexp, stopped_after: Callable[[int], None]
) -> None:
    command = ("-m", *WORDS, "seed=0,1")
    assert rnnexp(*command, "study=whole").status == 0
    stopped_after(27)  # inside the second job
    assert rnnexp(*command, "study=stopped").status == 143
    stopped_after(0)
    outcome = rnnexp(*command, "study=stopped")
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("done before") == 1
    study = Path("outputs/studies/stopped")
    assert not (study / "superseded").exists()
    jobs = sorted(path.parent for path in study.glob("*/summary.json"))
    assert [len(RunDirectory(job).summary.resumed) for job in jobs] == [0, 1]
    for job in jobs:
        made, expected = left(job), left(Path("outputs/studies/whole") / job.name)
        for files in (made, expected):
            del files["config.yaml"]  # it holds the study's name
        assert made == expected


def test_what_may_differ_makes_no_other_run(
    rnnexp: Rnnexp, whole: dict[str, bytes], stopped: Path, stopped_after: Callable[[int], None]
) -> None:
    before = RunDirectory(stopped).summary
    stopped_after(2)
    assert rnnexp("resume", str(stopped), "threads=2").status == 143
    stopped_after(0)
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    after = RunDirectory(stopped).summary
    assert after.fingerprint == before.fingerprint
    assert after.wall_seconds is not None
    assert before.wall_seconds is not None
    assert after.wall_seconds > before.wall_seconds
    assert left(stopped) == whole


def test_a_checkpoint_that_was_gone_on_from_is_not_written_anew(
    rnnexp: Rnnexp, stopped_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while it is tested, it has one checkpoint, and keeps it whatever happens."""
    words = [word for word in WORDS if not word.startswith("checkpoint")]

    def full(*arguments: object, **more: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(RunDirectory, "save_predictions", full)
        assert rnnexp(*words).status == 1
    run = the_run()
    (only,) = StoredCheckpoint.of_run(run)
    with monkeypatch.context() as patched:
        patched.setattr(RunDirectory, "save_checkpoint", full)
        assert rnnexp("resume", str(run)).status == 0
    assert not only.path.exists()  # it has its result


def test_damaged_measurements_let_a_job_begin_anew(
    rnnexp: Rnnexp, stopped_after: Callable[[int], None]
) -> None:
    command = ("-m", *WORDS, "seed=0", "study=s")
    stopped_after(14)
    assert rnnexp(*command).status == 143
    stopped_after(0)
    (job,) = Path("outputs/studies/s").glob("gru*")
    probe = job / "probes" / "gradient_flow.npz"
    probe.write_bytes(probe.read_bytes()[:100])
    refused = rnnexp("resume", str(job))
    assert refused.status == 2
    assert "gradient_flow.npz cannot be read" in refused.err
    assert "give its command again, and it begins anew" in refused.err
    outcome = rnnexp(*command)
    assert outcome.status == 0, outcome.err
    assert "begins anew" in outcome.err
    assert len(list(Path("outputs/studies/s/superseded").iterdir())) == 1


def test_checkpoints_of_an_earlier_version_are_left(rnnexp: Rnnexp, stopped: Path) -> None:
    shutil.rmtree(stopped / "checkpoints")
    (stopped / "checkpoints").mkdir()
    earlier = stopped / "checkpoints" / "epoch_000001.pt"
    earlier.write_bytes(b"weights")
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 2
    assert "whose checkpoints this version does not go on from" in outcome.error
    assert earlier.read_bytes() == b"weights"
    assert (stopped / "metrics.csv").is_file()


def test_a_run_of_a_machine_that_is_gone(
    rnnexp: Rnnexp, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stopped / "summary.json"
    summary = json.loads(path.read_text())
    elsewhere = {**summary["process"], "host": "another"}
    path.write_text(json.dumps({**summary, "status": "running", "process": elsewhere}))
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 2
    assert "is running on another" in outcome.error
    assert "or once nothing was heard of it for 10 minutes" in outcome.error
    for name in ("summary.json", "progress.json"):
        if (stopped / name).exists():
            os.utime(stopped / name, (time.time() - 700,) * 2)
    outcome = rnnexp("resume", str(stopped))
    assert outcome.status == 0, outcome.err
    assert "nothing was heard for 11 minutes: taken for killed" in outcome.err


def test_a_run_that_could_not_be_sealed_has_failed(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **more: object) -> None:
        raise StorageError("manifest.json cannot be written: the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("rnnexp.manifest.Manifest.seal", full)
        assert rnnexp(*TINY, "checkpoint.every_seconds=1000").status == 1
    summary = RunDirectory(the_run()).summary
    assert (summary.status, summary.sealed) == ("failed", False)
    assert rnnexp("resume", str(the_run())).status == 0


def test_nothing_is_trained_on_from_no_training(rnnexp: Rnnexp) -> None:
    assert rnnexp(*TINY, "trainer.epochs=0", "checkpoint.keep=all", "name=none").status == 0
    assert rnnexp(*TINY, "trainer.epochs=2", "checkpoint.keep=all", "name=two").status == 0
    none, two = the_run("outputs/runs/*_none"), the_run("outputs/runs/*_two")
    assert rnnexp("resume", str(none), "trainer.epochs=2").status == 0
    (new,) = set(Path("outputs/runs").iterdir()) - {none, two}
    assert (new / "metrics.csv").read_bytes() == (two / "metrics.csv").read_bytes()
    assert (new / "weights.safetensors").read_bytes() == (two / "weights.safetensors").read_bytes()


@pytest.mark.parametrize(
    "model",
    [
        ("model=unrolled", "model.cell=ln_gru", "model.recurrent_dropout=0.3"),
        ("model=lstm", "model.bidirectional=true"),
    ],
    ids=["recurrent dropout", "two directions"],
)
def test_every_dropout_draws_what_it_would_have_drawn(
    rnnexp: Rnnexp, stopped_after: Callable[[int], None], model: tuple[str, ...]
) -> None:
    words = (*TINY, *model, "trainer.epochs=2", "trainer.batch_size=16", "threads=1",
             "model.num_layers=2", "model.dropout=0.3", "embedding.dropout=0.2",
             "data.word_dropout=0.2", "probes=[grad_norm]",
             "checkpoint.every_seconds=0")  # fmt: skip
    assert rnnexp(*words).status == 0
    expected = left(the_run())
    shutil.rmtree("outputs")
    stopped_after(7)
    assert rnnexp(*words).status == 143
    stopped_after(0)
    assert rnnexp("resume", str(the_run())).status == 0
    assert left(the_run()) == expected
    shutil.rmtree("outputs")
    fewer = [word for word in words if "word_dropout" not in word]
    assert rnnexp(*fewer).status == 0
    assert left(the_run())["metrics.csv"] != expected["metrics.csv"]  # it acts
