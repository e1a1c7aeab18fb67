import json
import math
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rnnexp.durable import make_directory, new_folder, write_json, write_text
from rnnexp.errors import DamagedError, DataError, StorageError, UserError
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.liveness import this_process
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary, TaskRecord
from tests.conftest import new_run


def test_names_begin_with_the_time_to_the_microsecond() -> None:
    run = new_run("lstm_T400_s0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}_lstm_T400_s0", run.path.name)


def test_two_runs_never_share_a_directory() -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: new_run("same"), range(64)))
    assert len({run.path for run in runs}) == 64


def test_an_earlier_attempt_is_moved_and_kept(tmp_path: Path) -> None:
    for attempt in range(3):
        run = RunDirectory.create_at(tmp_path / "job", Summary(status="running", seed=0), "{}\n")
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
    run = new_run("x")
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
    with pytest.raises(StorageError, match=re.escape(f"{path} cannot be written: disk full")):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_epoch_rows_and_empty_cells() -> None:
    run = new_run("x")
    run.append_epoch(
        {"epoch": 1, "train_loss": 1 / 3, "val_loss": None}, {"epoch": 1, "seconds": 2}
    )
    run.append_epoch({"epoch": 2, "train_loss": 1e-9, "val_loss": 0.5}, {"epoch": 2, "seconds": 3})
    text = (run.path / "metrics.csv").read_text()
    assert text == "epoch,train_loss,val_loss\n1,0.333333333,\n2,1e-09,0.5\n"
    assert math.isnan(run.metrics[0]["val_loss"])
    assert run.metrics[1] == {"epoch": 2.0, "train_loss": 1e-9, "val_loss": 0.5}


def save_checkpoint(run: RunDirectory, step: int, keep_all: bool = False) -> str:
    name = f"epoch_000001_step_{step:09d}"
    state = {"step": step, "files": run.file_sizes()}
    run.save_checkpoint(name, {"weights.safetensors": b"w" * step}, state, keep_all)
    return name


def test_checkpoints_keep_the_last_two() -> None:
    run = new_run("x")
    names = [save_checkpoint(run, step) for step in (1, 2, 3)]
    stored = StoredCheckpoint.of_run(run.path)
    assert [one.path.name for one in stored] == names[:0:-1]
    assert [one.place for one in stored] == ["epoch 1, step 3", "epoch 1, step 2"]
    contents, state, _ = stored[0].read()
    assert contents == {"weights.safetensors": b"www"}
    assert state == {"step": 3, "files": {"metrics.csv": 0, "timings.csv": 0}}
    save_checkpoint(run, 4, keep_all=True)
    assert len(StoredCheckpoint.of_run(run.path)) == 3


@pytest.mark.parametrize("name", ["weights.safetensors", "state.json", "manifest.json"])
def test_a_checkpoint_knows_that_it_is_damaged(name: str) -> None:
    run = new_run("x")
    save_checkpoint(run, 3)
    (stored,) = StoredCheckpoint.of_run(run.path)
    content = (stored.path / name).read_bytes()
    (stored.path / name).write_bytes(content.replace(b"3", b"4").replace(b"www", b"wwv"))
    with pytest.raises(DamagedError, match=re.escape(name)):
        stored.read()


def test_growing_files_go_back_to_a_checkpoint() -> None:
    run = new_run("x")
    run.append_epoch({"epoch": 1, "loss": 0.5}, {"epoch": 1, "seconds": 2})
    save_checkpoint(run, 1)
    there = (run.path / "metrics.csv").read_bytes()
    run.append_epoch({"epoch": 2, "loss": 0.25}, {"epoch": 2, "seconds": 2})
    _, _, files = StoredCheckpoint.of_run(run.path)[0].read()
    run.write_grown(run.grown(files))
    assert (run.path / "metrics.csv").read_bytes() == there
    (run.path / "metrics.csv").write_bytes(there.replace(b"0.5", b"0.6"))
    with pytest.raises(DamagedError, match=r"metrics\.csv is damaged"):
        run.grown(files)


def test_a_finished_run_is_read_through_its_manifest() -> None:
    run = new_run("x")
    run.write_config("# rnnexp\nseed: 3\n")
    run.finish(Summary(status="finished", seed=3))
    assert run.summary.sealed
    assert run.config_as_written == {"seed": 3}
    (run.path / "config.yaml").write_text("# rnnexp\nseed: 4\n")
    with pytest.raises(DamagedError, match=r"config\.yaml is damaged"):
        _ = RunDirectory(run.path).config
    summary = run.path / "summary.json"
    summary.write_text(summary.read_text().replace('"seed": 3', '"seed": 5'))
    with pytest.raises(DamagedError, match=r"summary\.json is damaged"):
        _ = RunDirectory(run.path).summary


def test_a_run_whose_process_is_gone_was_killed() -> None:
    run = new_run("x")
    assert run.summary.status == "running"
    mine = this_process()
    for there in (mine.model_copy(update={"created": mine.created - 60}), None):
        run.write_summary(Summary(status="running", seed=0, process=there))
        assert run.summary.status == "killed"
    elsewhere = mine.model_copy(update={"host": "another", "pid": 1})
    run.write_summary(Summary(status="running", seed=0, process=elsewhere))
    assert run.summary.status == "running"  # it cannot be told from here


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
        new_run("x")
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


def test_what_a_killed_process_left_half_made_goes_after_a_day(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".partial-1-old", tmp_path / ".partial-2-fresh"
    for folder in (old, fresh):
        folder.mkdir()
        (folder / "config.yaml").touch()
    os.utime(old, (0, time.time() - 25 * 3600))
    with new_folder(tmp_path / "made"):
        pass
    assert not old.exists()
    assert fresh.exists()
