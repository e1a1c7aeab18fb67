"""A study that was cut short says how many of its runs have a result."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp.results.plan import Carried, plan_faults, planned, planned_work, record_plan
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from tests.conftest import TINY, Outcome


def add(study: Path, fingerprint: str, status: str, measured: str | None = "m") -> None:
    summary = Summary(
        status=status,  # type: ignore[arg-type]
        seed=int(fingerprint),
        fingerprint=fingerprint,
        measured=measured,
    )
    RunDirectory.create_at(study / f"run_{fingerprint}", summary, "{}\n")


def test_what_commands_asked_for_is_counted_once(tmp_path: Path) -> None:
    record_plan(tmp_path, ["1", "2"])
    record_plan(tmp_path, ["2", "1"])
    record_plan(tmp_path, ["2", "3"])
    assert planned(tmp_path) == {"1", "2", "3"}
    assert len(list((tmp_path / ".planned").iterdir())) == 2


def test_what_was_decided_is_checked_too(tmp_path: Path) -> None:
    record_plan(tmp_path, ["1"], Carried({"1": 2.5e9}, {"1": 1}, "1 job at a time"))
    record_plan(tmp_path, ["2"])
    assert planned(tmp_path) == {"1", "2"}
    assert planned_work(tmp_path) == {"1": 2.5e9}
    (file,) = (f for f in (tmp_path / ".planned").iterdir() if "at_once" in f.read_text())
    file.write_text(file.read_text().replace("2500000000.0", "2500000001.0"))
    assert planned_work(tmp_path) == {}
    assert len(plan_faults(tmp_path)) == 1


def test_an_unfinished_study_says_so(tmp_path: Path) -> None:
    record_plan(tmp_path, [str(i) for i in range(12)])
    for i in range(7):
        add(tmp_path, str(i), "diverged" if i == 3 else "finished")
    add(tmp_path, "7", "running")
    study = Study.read(tmp_path)
    assert study.unfinished == "unfinished: 7 of 12 runs have a result"
    assert study.unfinished in study.notes()


def test_a_finished_study_says_nothing(tmp_path: Path) -> None:
    for i in range(3):
        add(tmp_path, str(i), "finished")
    assert Study.read(tmp_path).unfinished == ""
    record_plan(tmp_path, ["0", "1", "2"])
    assert Study.read(tmp_path).unfinished == ""


@pytest.mark.parametrize("content", [b"", b"[]", b'{"fingerprints": ["0", "2"]}', b"\xff", None])
def test_a_damaged_plan_is_named_and_costs_no_table(tmp_path: Path, content: bytes | None) -> None:
    record_plan(tmp_path, ["0", "1"])
    record_plan(tmp_path, ["0", "5"])
    (file,) = (f for f in (tmp_path / ".planned").iterdir() if '"1"' in f.read_text())
    file.unlink()
    file.mkdir() if content is None else file.write_bytes(content)
    add(tmp_path, "0", "finished")
    study = Study.read(tmp_path)
    assert study.unfinished == "unfinished: 1 of 2 runs have a result"
    (note,) = (note for note in study.notes() if "which runs it asks for is not known" in note)
    assert note.startswith(f".planned/{file.name} is damaged")
    if content is not None:
        record_plan(tmp_path, ["0", "1"])
        assert planned(tmp_path) == {"0", "1", "5"}
        assert plan_faults(tmp_path) == []


def test_runs_of_the_first_version_count_as_what_was_asked_for(tmp_path: Path) -> None:
    """Their fingerprints are those of that version."""
    record_plan(tmp_path, ["10", "11", "12"])
    add(tmp_path, "1", "finished", measured=None)
    add(tmp_path, "2", "finished", measured=None)
    assert Study.read(tmp_path).unfinished == "unfinished: 2 of 3 runs have a result"


def test_a_command_writes_its_plan_and_figures_say_what_is_missing(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    words = ["-m", *TINY, "model=rnn,bag", "seed=0", "study=x", "probes=none"]
    assert rnnexp(*words).status == 0
    study = workdir / "outputs" / "studies" / "x"
    assert len(planned(study)) == 2
    assert "unfinished" not in (study / "plots" / "scores.svg").read_text()
    (bag,) = study.glob("bag*")
    shutil.rmtree(bag)
    assert rnnexp("report", str(study)).status == 0
    assert "unfinished: 1 of 2 runs have a result" in (study / "plots" / "scores.svg").read_text()
