"""`rnnexp check`: what is not as it was written, and what cannot be compared."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnexp.durable import write_json
from rnnexp.experiment.identity import fingerprint
from rnnexp.results.check import check_run, whole_result
from rnnexp.results.plan import record_plan
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Status, Summary
from tests.conftest import Outcome

Rnnexp = Callable[..., Outcome]

CONFIG = {"seq_len": 12, "seed": 0, "model": {"_target_": "x.Y", "size": 3}}


def make(
    path: Path, status: Status = "finished", sealed: bool = True, named: str | None = None
) -> RunDirectory:
    """A run as one leaves it, small; `named`: its fingerprint."""
    print_ = fingerprint(CONFIG) if named is None else named
    summary = Summary(status="running", seed=0, fingerprint=print_, measured="m")
    run = RunDirectory.create_at(path, summary, "{}\n")
    run.write_config(f"# rnnexp\n{json.dumps(CONFIG)}\n")
    run.append_epoch({"epoch": 1, "loss": 0.5}, {"epoch": 1, "seconds": 2})
    run.save_probe("gates", {"epoch": np.array([1])})
    summary.status = status
    if sealed:
        run.finish(summary)
    else:
        run.write_summary(summary)
    return run


def check(rnnexp: Rnnexp, path: Path) -> tuple[int, list[str]]:
    outcome = rnnexp("check", str(path))
    assert outcome.err == ""
    return outcome.status, outcome.out.splitlines()


def test_a_run_that_is_whole(rnnexp: Rnnexp, tmp_path: Path) -> None:
    make(tmp_path / "a")
    (tmp_path / "a" / "notes.txt").write_text("of the user's own")
    assert check(rnnexp, tmp_path / "a") == (0, ["1 run, 6 files: all as they were written"])


def test_each_damaged_file_has_a_line(rnnexp: Rnnexp, tmp_path: Path) -> None:
    run = make(tmp_path / "a")
    (run.path / "metrics.csv").write_bytes(b"")
    (run.path / "config.yaml").unlink()
    os.mkfifo(run.path / "config.yaml")
    shutil.rmtree(run.path / "probes")
    assert check(rnnexp, run.path) == (
        1,
        [
            "config.yaml is a named pipe and no file on a disk: save what is meant in a file",
            "metrics.csv is damaged: it has 0 bytes, and had 17 when it was written",
            "probes/gates.npz is missing",
            "3 damaged files in 1 of 1 run",
        ],
    )


@pytest.mark.parametrize("name", ["summary.json", "manifest.json"])
def test_what_tells_of_the_others_may_be_gone(rnnexp: Rnnexp, tmp_path: Path, name: str) -> None:
    run = make(tmp_path / "a")
    (run.path / name).unlink()
    status, lines = check(rnnexp, run.path)
    assert status == 1
    assert lines[0].startswith(name)
    assert whole_result(run.path) == (None, f"a/{lines[0]}")


def test_a_measurement_that_came_later_is_none_of_the_run(rnnexp: Rnnexp, tmp_path: Path) -> None:
    run = make(tmp_path / "a")
    run.save_probe("lyapunov", {"epoch": np.array([1])})
    status, lines = check(rnnexp, run.path)
    assert status == 1
    assert lines[0].startswith("probes/lyapunov.npz is not in manifest.json: it came there later")


def test_a_study(rnnexp: Rnnexp, tmp_path: Path) -> None:
    study = tmp_path / "s"
    for name in "abcd":
        make(study / f"rnn_{name * 8}", named=name * 16)
    record_plan(study, [name * 16 for name in "abcd"])
    assert check(rnnexp, study) == (0, ["4 runs, 24 files: all as they were written"])

    record_plan(study, [name * 16 for name in "cdef"])
    (study / "rnn_aaaaaaaa" / "summary.json").write_text('{"status": "fin\x1b[2J' + "x" * 10**6)
    (study / "rnn_bbbbbbbb" / "metrics.csv").write_text("")
    shutil.rmtree(study / "rnn_cccccccc")
    (study / "mine").mkdir()
    (study / "mine" / "notes").write_text("x")
    make(study / "rnn_ffffffff", "interrupted", sealed=False)
    status, lines = check(rnnexp, study)
    assert status == 1
    assert lines[0].startswith("rnn_aaaaaaaa/summary.json is damaged: it has 1000")
    assert lines[1:4] == [
        "rnn_bbbbbbbb/metrics.csv is damaged: it has 0 bytes, and had 17 when it was written",
        "2 runs that the study is to have: not there (cccccccc, eeeeeeee)",
        "mine is no run: it has no summary.json",
    ]
    assert lines[4].startswith("2 damaged files in 2 of 4 runs; 1 run without a result, ")


def test_a_folder_that_is_no_run_is_no_fault(rnnexp: Rnnexp, tmp_path: Path) -> None:
    study = tmp_path / "s"
    make(study / "a", named="a")
    record_plan(study, ["a"])
    (study / "mine").mkdir()
    (study / "mine" / "notes").write_text("x")
    status, lines = check(rnnexp, study)
    assert status == 0
    assert lines[0] == "mine is no run: it has no summary.json"


def test_of_an_earlier_version_it_is_said_what_is_not_known(rnnexp: Rnnexp, tmp_path: Path) -> None:
    run = make(tmp_path / "a", sealed=False)
    status, (line,) = check(rnnexp, run.path)
    assert status == 0
    assert line.startswith("1 run, no file of which it is known what was written; 1 run of an ")
    (run.path / "probes" / "gates.npz").write_bytes(b"PK")
    status, lines = check(rnnexp, run.path)
    assert status == 1
    assert lines[0].startswith("probes/gates.npz cannot be read")
    assert whole_result(run.path)[0] is None


def test_settings_that_are_not_those_that_were_run(rnnexp: Rnnexp, tmp_path: Path) -> None:
    """A run that was stopped has no manifest, but its summary says which settings it had."""
    run = make(tmp_path / "a", "interrupted", sealed=False)
    assert check(rnnexp, run.path)[0] == 0
    path = run.path / "config.yaml"
    path.write_text(path.read_text().replace('"size": 3', '"size": 2'))
    status, lines = check(rnnexp, run.path)
    assert status == 1
    assert lines[0] == "config.yaml holds other settings than those that were run"


def test_a_later_version_is_named(rnnexp: Rnnexp, tmp_path: Path) -> None:
    run = make(tmp_path / "a", sealed=False)
    write_json(run.path / "summary.json", {"schema_version": 99, "seed": 0})
    (line, _) = check(rnnexp, run.path)[1]
    assert line.startswith("summary.json was written by a later version")


def test_where_nothing_may_be_written(tmp_path: Path) -> None:
    run = make(tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in [run.path, *run.path.rglob("*")]}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert check_run(run.path).faults == []
        assert {path: path.stat().st_mtime_ns for path in before} == before
    finally:
        for path in before:
            path.chmod(0o755)


def test_what_is_neither(rnnexp: Rnnexp, tmp_path: Path) -> None:
    outcome = rnnexp("check", str(tmp_path))
    assert outcome.status == 2
    assert "is neither a run nor a study" in outcome.error


def test_an_attempt_without_a_result_is_no_damaged_one(tmp_path: Path) -> None:
    """A job that was stopped goes on from a checkpoint; what is damaged is said there."""
    run = make(tmp_path / "a", "interrupted", sealed=False)
    (run.path / "metrics.csv").write_bytes(b"\xff")
    assert whole_result(run.path) == (None, "")
    assert whole_result(tmp_path / "nowhere") == (None, "")
