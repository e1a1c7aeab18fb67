"""What is shown of a study while it runs."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.command import monitor
from rnnexp.command.monitor import study_shown
from rnnexp.results.liveness import this_process
from rnnexp.results.plan import record_plan
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from tests.conftest import Outcome, wait_until

WORDS = ("-m", "data=parity", "seq_len=5", "trainer.steps=1", "data.val_count=5",
         "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "probes=none",
         "threads=1", "study=s")  # fmt: skip


@pytest.fixture
def study() -> Path:
    path = Path("study")
    summary = Summary(status="running", seed=0, process=this_process(), fingerprint="0")
    RunDirectory.create_at(path / "rnn_T5_s0_00000000", summary, "{}\n")
    record_plan(path, ["0", "1"])
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at once, and a line at each."""
    for name, value in (("LOOK", 0.01), ("PATIENCE", 0), ("LINE", 0.0)):
        monkeypatch.setattr(monitor, name, value)


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "rnnexp study"]


@pytest.mark.usefixtures("quick")
def test_without_a_terminal_a_line_now_and_then(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ""
    with study_shown(lambda: study):
        wait_until(lambda: bool(capsys.readouterr().err) or not watching())
        (study / "rnn_T5_s0_00000000" / "progress.json").write_text(
            '{"phase": "training", "epoch": 1, "epochs": 2, "step": 5, "steps": 10, "share": 0.5, '
            '"seconds": 60, "seconds_left": 60}'
        )

        def there() -> bool:
            nonlocal said
            said += capsys.readouterr().err
            return "epoch" in said

        wait_until(there)
    assert said == (
        "0 of 2 jobs done, 25%, about 3 min left; rnn_T5_s0 epoch 1/2, 50%, 1 min left\n"
    )
    assert not watching()


def test_a_study_that_ends_soon_is_not_spoken_of(rnnexp: Callable[..., Outcome]) -> None:
    outcome = rnnexp(*WORDS)
    assert (outcome.status, outcome.err) == (0, "")
    assert not watching()


@pytest.mark.usefixtures("quick")
def test_on_a_terminal_there_is_one_bar(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    said = ""

    def there() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "no step taken yet" in said

    with study_shown(lambda: study):
        wait_until(there)
    said += capsys.readouterr().err
    assert re.search(r"\r0 of 2 jobs done \|[ ]{20}\| 0%; rnn_T5_s0 no step taken yet", said)
    assert "\n" not in said
    assert said.endswith("\r")  # and what stood there is gone


@pytest.mark.usefixtures("quick")
def test_what_goes_wrong_in_it_costs_nothing(
    rnnexp: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(monitor.StudyReader, "read", broken)
    outcome = rnnexp(*WORDS)
    assert (outcome.status, outcome.err) == (0, "")
    monkeypatch.setattr(sys, "stderr", None)  # as in a program without a console
    with study_shown(lambda: Path("nowhere")):
        pass
    assert not watching()


def test_an_error_inside_ends_it(study: Path) -> None:
    with pytest.raises(KeyboardInterrupt), study_shown(lambda: study):
        raise KeyboardInterrupt
    assert not watching()
