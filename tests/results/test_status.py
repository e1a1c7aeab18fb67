"""Where a study stands: counted, told in lines, whatever is in its folder."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnexp.durable import json_text
from rnnexp.errors import UserError
from rnnexp.results import status as rooms
from rnnexp.results.liveness import this_process
from rnnexp.results.plan import Carried, record_plan
from rnnexp.results.progress import NAME, Progress
from rnnexp.results.runs import RunDirectory
from rnnexp.results.status import StudyReader, find_study
from rnnexp.results.summary import Process, Summary
from tests.conftest import Outcome

STUDY = Path("outputs/studies/mine")


def add(seed: int, status: str, study: Path = STUDY, **known: Any) -> Path:
    fingerprint = f"{seed:08d}" * 2
    path = study / f"rnn_T5_s{seed}_{fingerprint[:8]}"
    summary = Summary(status=status, seed=seed, fingerprint=fingerprint, measured="", **known)
    run = RunDirectory.create_at(path, summary, "{}\n")
    if summary.done:
        run.finish(summary)
    return run.path


def stands(run: Path, step: int, left: float | None = 100.0, **known: Any) -> None:
    progress = Progress(
        phase="training", epoch=3, epochs=10, step=step, steps=100, share=step / 100, seconds=50,
        seconds_left=left,
    )  # fmt: skip
    (run / NAME).write_text(json_text(progress.model_copy(update=known).model_dump()))


def plan(count: int) -> None:
    record_plan(STUDY, [f"{seed:08d}" * 2 for seed in range(count)])


def test_every_kind_of_job(rnnexp: Callable[..., Outcome]) -> None:
    add(0, "finished", wall_seconds=140)
    add(1, "diverged", wall_seconds=160)
    stands(add(2, "running", process=this_process()), 34)
    add(3, "failed", reason="ValueError: \x1b[2Jno\nsecond line")
    stands(add(4, "running", process=this_process().model_copy(update={"created": 1.0})), 60)
    stands(add(5, "interrupted", reason="Terminated"), 20)
    there = add(6, "running", process=Process(host="elsewhere", pid=1, created=0.0))
    stands(there, 50, left=None, phase="validation")
    for name in (NAME, "summary.json"):
        os.utime(there / name, (time.time() - 100,) * 2)
    plan(9)
    files = sorted((path, path.stat().st_mtime_ns) for path in STUDY.rglob("*"))
    outcome = rnnexp("study", "status", "mine")
    assert outcome.status == 0, outcome.err
    # shares: 2 done, .34, .6, .2 and .5 of others; two running, one of them with its time left
    assert outcome.out.splitlines() == [
        "study mine: 2 of 9 jobs done, 40%, about 5 min left",
        "1 finished, 1 diverged, 2 running, 1 failed, 1 interrupted, 1 killed, 2 not begun",
        f"running     rnn_T5_s2: epoch 3/10, 34%, 2 min left; process {os.getpid()}",
        "running     rnn_T5_s6: epoch 3/10, 50%, validation; running on elsewhere, last sign 2 min "
        "ago",
        "failed      rnn_T5_s3: ValueError: \\x1b[2Jno\\nsecond line",
        "killed      rnn_T5_s4 at epoch 3/10: its process ended without a word",
        "interrupted rnn_T5_s5 at epoch 3/10: Terminated",
    ]
    assert files == sorted((path, path.stat().st_mtime_ns) for path in STUDY.rglob("*"))


def test_the_time_left_is_that_of_as_many_at_a_time_as_run_now() -> None:
    add(0, "finished", wall_seconds=150)
    for seed in (1, 2):
        stands(add(seed, "running", process=this_process()), 34, left=100)
    plan(7)  # four have not begun
    status = StudyReader(STUDY).read()
    assert status.total == 7
    assert status.seconds_left == pytest.approx((2 * 100 + 4 * 150) / 2)


def test_jobs_count_by_their_work() -> None:
    """What a command has found when it checked them: a long job is more than a short one."""
    add(0, "finished", wall_seconds=150)
    stands(add(1, "running", process=this_process()), 50, left=100)
    add(2, "running", process=this_process())
    fingerprints = [f"{seed:08d}" * 2 for seed in range(4)]
    work = dict(zip(fingerprints, [3e9, 6e9, 2e9, 1e9], strict=True))
    record_plan(STUDY, fingerprints, Carried(work, dict.fromkeys(fingerprints, 1), "2 at a time"))
    status = StudyReader(STUDY).read()
    assert status.share == pytest.approx((3 + 6 / 2) / 12)
    pace = (150 + 50 + 100) / (3e9 + 6e9)
    assert status.seconds_left == pytest.approx((100 + pace * 2e9 + pace * 1e9) / 2)
    assert status.headline == "1 of 4 jobs done, 50%, about 2 min left"

    # one more, by a command of an earlier version, which says nothing of its work
    record_plan(STUDY, [*fingerprints, "4" * 16])
    assert StudyReader(STUDY).read().share == pytest.approx((1 + 0.5) / 5)


def test_a_study_that_is_over_has_no_time_left() -> None:
    add(0, "finished", wall_seconds=150)
    add(1, "failed", reason="no")
    plan(2)
    status = StudyReader(STUDY).read()
    assert status.seconds_left is None
    assert status.line() == "1 of 2 jobs done, 50%"


def test_a_damaged_run_is_named_and_left_out(rnnexp: Callable[..., Outcome]) -> None:
    add(0, "finished")
    damaged = add(1, "finished") / "summary.json"
    damaged.write_text(damaged.read_text().replace("finished", "diverged"))
    (add(2, "finished") / "manifest.json").unlink()
    (add(3, "failed") / "summary.json").write_text("{")
    plan(5)
    outcome = rnnexp("study", "status", str(STUDY))
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    # what a damaged one was cannot be told: it is not counted as one that has not begun
    assert lines[:2] == ["study mine: 1 of 2 jobs done, 50%", "1 finished, 1 not begun"]
    assert [line[:9] for line in lines[2:]] == ["left out "] * 3
    assert "damaged" in lines[2]


def test_a_step_is_what_such_a_training_counts_in() -> None:
    stands(add(0, "running", process=this_process(), unit="step"), 34)
    (job,) = StudyReader(STUDY).read().jobs
    assert job.place == "step 34/100, 34%, 2 min left"


def test_what_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    add(0, "finished")
    changed = add(1, "failed")
    running = add(2, "running", process=this_process())
    reader = StudyReader(STUDY)
    reader.read()
    read: list[str] = []
    summary = RunDirectory.summary.fget  # type: ignore[attr-defined]

    def counted(run: RunDirectory) -> Summary:
        read.append(run.path.name[:9])
        return summary(run)  # type: ignore[no-any-return]

    monkeypatch.setattr(RunDirectory, "summary", property(counted))
    RunDirectory(changed).write_summary(Summary(status="failed", seed=1, reason="otherwise"))
    jobs = reader.read().jobs
    assert read == ["rnn_T5_s1", "rnn_T5_s2"]
    assert jobs[1].summary.reason == "otherwise"
    RunDirectory(running).finish(Summary(status="finished", seed=2))
    assert reader.read().done == 2


def test_a_run_that_is_moved_away_meanwhile_is_no_fault() -> None:
    path = add(0, "failed")
    reader = StudyReader(STUDY)
    assert reader._summary(path.with_name("gone") / "summary.json") == ""


def test_where_nothing_is_there_the_nearest_is_named() -> None:
    with pytest.raises(UserError, match=r"no study 'mine' in outputs/studies, nor at that path$"):
        find_study("mine")
    add(0, "finished", STUDY)
    add(0, "finished", STUDY.with_name("other one"))
    with pytest.raises(UserError, match=r"no study 'mime' .*; did you mean 'mine'\?"):
        find_study("mime")
    with pytest.raises(UserError, match=r"; there are mine, other one$"):
        find_study("quite different")
    assert find_study("mine") == STUDY
    assert find_study(str(STUDY)) == STUDY
    with pytest.raises(UserError, match="is a run and no study"):
        find_study(str(next(STUDY.glob("rnn*"))))
    for nothing in ("", " ", "."):
        with pytest.raises(UserError, match="there is no study"):
            find_study(nothing)


def test_a_study_of_an_earlier_version_has_nothing_that_has_not_begun() -> None:
    """Its fingerprints were others, as when its runs are found done by a command of today."""
    summary = Summary(status="finished", seed=0, fingerprint=None, measured=None)
    RunDirectory.create_at(STUDY / "rnn_T5_s0_aaaaaaaa", summary, "{}\n")
    plan(1)
    assert StudyReader(STUDY).read().total == 1


def test_a_directory_that_is_being_made_is_none_yet() -> None:
    add(0, "finished").rename(STUDY / ".partial-2-y")
    assert StudyReader(STUDY).read().total == 0


def test_many_jobs_of_a_kind_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_LINES", 2)
    for seed in range(5):
        add(seed, "failed", reason="no")
    assert StudyReader(STUDY).read().text().splitlines()[-1] == " " * 12 + "and 3 more"
