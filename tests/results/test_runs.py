import json
import math
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rnnexp.durable import make_directory, write_json, write_text
from rnnexp.errors import DataError, UserError
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary, TaskRecord


def test_names_begin_with_the_time_to_the_microsecond() -> None:
    run = RunDirectory.create("lstm_T400_s0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}_lstm_T400_s0", run.path.name)


def test_two_runs_never_share_a_directory() -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: RunDirectory.create("same"), range(64)))
    assert len({run.path for run in runs}) == 64


def test_an_earlier_attempt_is_moved_and_kept(tmp_path: Path) -> None:
    for attempt in range(3):
        run = RunDirectory.create_at(tmp_path / "job")
        (run.path / "note").write_text(str(attempt))
    kept = sorted((tmp_path / "superseded").glob("*/note"))
    assert [path.read_text() for path in kept] == ["0", "1"]
    assert (tmp_path / "job" / "note").read_text() == "2"


def test_json_is_strict_and_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": None}, "é": "ü"})
    assert json.loads(path.read_text()) == {"a": None, "b": [None, 1.5], "c": {"d": None}, "é": "ü"}
    assert list(tmp_path.iterdir()) == [path]


def test_summary_and_task_come_back_as_they_were_written() -> None:
    run = RunDirectory.create("x")
    summary = Summary(status="finished", seed=3, test_interval={"loss": [math.nan, 1.0]})
    run.write_summary(summary)
    assert run.summary.test_interval == {"loss": [None, 1.0]}
    assert "NaN" not in (run.path / "summary.json").read_text()
    assert run.summary.seed == 3
    run.write_task(TaskRecord(vocabulary=["<pad>", "a"], embedding_dim=4))
    assert run.task == TaskRecord(vocabulary=["<pad>", "a"], embedding_dim=4)


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_text(path, "old")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_epoch_rows_and_empty_cells() -> None:
    run = RunDirectory.create("x")
    run.append_epoch(
        {"epoch": 1, "train_loss": 1 / 3, "val_loss": None}, {"epoch": 1, "seconds": 2}
    )
    run.append_epoch({"epoch": 2, "train_loss": 1e-9, "val_loss": 0.5}, {"epoch": 2, "seconds": 3})
    text = (run.path / "metrics.csv").read_text()
    assert text == "epoch,train_loss,val_loss\n1,0.333333333,\n2,1e-09,0.5\n"
    assert math.isnan(run.metrics[0]["val_loss"])
    assert run.metrics[1] == {"epoch": 2.0, "train_loss": 1e-9, "val_loss": 0.5}


def test_checkpoints_keep_the_last_two_with_their_digests() -> None:
    run = RunDirectory.create("x")
    for epoch in (1, 2, 3):
        run.save_checkpoint(epoch, lambda path, e=epoch: path.write_text(f"weights {e}") and None)
    names = sorted(p.name for p in (run.path / "checkpoints").iterdir())
    assert names == [
        "epoch_000002.pt",
        "epoch_000002.pt.sha256",
        "epoch_000003.pt",
        "epoch_000003.pt.sha256",
    ]
    assert run.last_checkpoint.name == "epoch_000003.pt"
    run.last_checkpoint.write_text("damaged")
    assert run.last_checkpoint.name == "epoch_000002.pt"
    run.last_checkpoint.write_text("damaged too")
    with pytest.raises(DataError, match="no checkpoint that is whole"):
        _ = run.last_checkpoint


def test_opening_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such run directory"):
        RunDirectory.open(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"has no summary\.json"):
        RunDirectory.open(tmp_path)
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        _ = RunDirectory.open(tmp_path).summary


def test_a_place_that_cannot_be_written(workdir: Path) -> None:
    Path("outputs").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        RunDirectory.create("x")
    with pytest.raises(UserError, match="cannot be written"):
        make_directory(Path("outputs/studies/a"))


def test_runs_are_read_without_torch() -> None:
    import subprocess

    modules = (
        "sys, rnnexp.results.runs, rnnexp.results.study, rnnexp.results.figures.score_vs_length"
    )
    code = f"import {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
