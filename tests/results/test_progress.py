"""progress.json: what a run says of where it stands, and that it costs the run nothing."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnexp.results import progress
from rnnexp.results.progress import NAME, Progress, ProgressWriter
from rnnexp.results.runs import RunDirectory
from tests.conftest import TINY, Outcome


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return wait


def test_it_is_written_about_once_a_second(workdir: Path, clock: Callable[[float], None]) -> None:
    writer = ProgressWriter(workdir)
    writer.report("training", 1, 2, 0, 100)
    first = Progress.read(workdir)
    assert first is not None
    assert (first.share, first.seconds_left) == (0.0, None)
    for step in range(1, 10):
        clock(0.1)
        writer.report("training", 1, 2, step, 100)
    assert Progress.read(workdir) == first
    clock(0.1)
    writer.report("training", 1, 2, 10, 100)
    assert Progress.read(workdir) == Progress(
        phase="training", epoch=1, epochs=2, step=10, steps=100, share=0.1, seconds=1.0,
        seconds_left=9.0,
    )  # fmt: skip
    clock(0.2)  # another phase is told sooner
    writer.report("validation", 1, 2, 12, 100)
    now = Progress.read(workdir)
    assert now is not None
    assert (now.phase, now.seconds_left) == ("validation", 8.8)


def test_a_training_that_goes_on_counts_its_own_steps(
    workdir: Path, clock: Callable[[float], None]
) -> None:
    """40 of 100 steps were taken before: what is left goes by the pace of the 20 since."""
    writer = ProgressWriter(workdir)
    writer.report("training", 1, 1, 40, 100)
    clock(10)
    writer.report("training", 1, 1, 60, 100)
    now = Progress.read(workdir)
    assert now is not None
    assert (now.share, now.seconds_left) == (0.6, 20.0)


def test_it_never_raises(workdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rnnexp")
    ProgressWriter(workdir / "not there").report("training", 1, 1, 1, 2)
    assert "no progress.json" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "asleep"}', "\udcff" * 3, "[" * 9999])
def test_what_is_no_progress_is_none(workdir: Path, text: str) -> None:
    (workdir / NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert Progress.read(workdir) is None


def test_a_finished_run_has_none(
    rnnexp: Callable[..., Outcome],
    run_directory: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it ran it had one, at the steps of both epochs."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress, "EVERY_PHASE", 0.0)
    report = RunDirectory.report_progress

    def reported(run: RunDirectory, *arguments: Any) -> None:
        report(run, *arguments)
        seen.append(json.loads((run.path / NAME).read_text()))

    monkeypatch.setattr(RunDirectory, "report_progress", reported)
    outcome = rnnexp(*TINY, "trainer.epochs=2", "threads=1")
    assert outcome.status == 0, outcome.err
    assert not (run_directory() / NAME).exists()
    training = [(said["epoch"], said["step"]) for said in seen if said["phase"] == "training"]
    assert training == [(1, 0), (1, 1), (2, 2), (2, 3)]
    assert {said["steps"] for said in seen} == {4}
    assert {said["epochs"] for said in seen} == {2}
    assert {"validation", "probes"} <= {said["phase"] for said in seen}


def test_a_run_on_which_nothing_can_be_said_is_the_same(
    rnnexp: Callable[..., Outcome], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **settings: Any) -> None:
        raise OSError(28, "No space left on device")

    words = (*TINY, "threads=1", "probes=none")
    assert rnnexp(*words).status == 0
    monkeypatch.setattr(progress, "write_bytes", full)
    assert rnnexp(*words).status == 0
    one, other = (file.read_bytes() for file in workdir.glob("outputs/runs/*/metrics.csv"))
    assert one == other
