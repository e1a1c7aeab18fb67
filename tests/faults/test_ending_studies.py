"""Studies that are stopped: their jobs save their work and end, and nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.conftest import HANGS, wait_until
from tests.faults.conftest import TORTURE

WORDS = ("-m", "data=parity", "seq_len=20", "data.val_count=5", "data.test_count=20", "model=rnn",
         "model.hidden_size=4", "plots=false", "probes=none", "threads=1", "study=s",
         "seed=0,1")  # fmt: skip
STUDY = Path("outputs/studies/s")
#: How many jobs run at once, and the words for it.
LAUNCHERS = {
    "basic": (1, ["hydra/launcher=basic"]),
    "auto": (2, ["hydra.launcher.n_jobs=2"]),
    "two_at_a_time": (2, ["hydra/launcher=two_at_a_time"]),
    "submitit_local": (2, ["hydra/launcher=submitit_local"]),
}
EXIT = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}


@contextmanager
def study(launcher: str, steps: int) -> Iterator[subprocess.Popen[str]]:
    """A command whose jobs have begun to train."""
    at_once, words = LAUNCHERS[launcher]
    command = [sys.executable, "-m", "rnnexp", *WORDS, f"trainer.steps={steps}", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, start_new_session=True,
        # a job of a shell in the background inherits an ignored Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        wait_until(lambda: len(list(STUDY.glob("*/rnnexp.log"))) >= at_once)
        yield process
    finally:
        process.kill()
        process.communicate()


def statuses() -> list[str]:
    return [json.loads(file.read_text())["status"] for file in sorted(STUDY.glob("*/summary.json"))]


def is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


CASES = [
    (launcher, signum, whole_group)
    for launcher in ("basic", "auto", "two_at_a_time")
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
    for whole_group in (False, True)
    if not (whole_group and signum == signal.SIGKILL)  # nothing could be done
]
SHORT = [
    ("auto", signal.SIGINT, True),
    ("auto", signal.SIGKILL, False),
    ("two_at_a_time", signal.SIGTERM, False),
    ("two_at_a_time", signal.SIGKILL, False),
]


@pytest.mark.parametrize(
    ("launcher", "signum", "whole_group"),
    CASES if TORTURE else SHORT,
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_the_jobs_end_with_their_study(
    workdir: Path,
    tally: Callable[..., None],
    launcher: str,
    signum: signal.Signals,
    whole_group: bool,
) -> None:
    """A signal to the command alone, or to all its processes, as of a terminal and `timeout`."""
    with study(launcher, steps=1_000_000) as process:
        tree = psutil.Process(process.pid).children(recursive=True)
        (os.killpg if whole_group else os.kill)(process.pid, signum)
        _, errors = process.communicate(timeout=HANGS)
        assert process.returncode == EXIT[signum], errors
        wait_until(lambda: not any(map(is_there, tree)))
    assert statuses() == ["interrupted"] * LAUNCHERS[launcher][0]
    assert "Traceback" not in errors
    tally(f"studies stopped, {launcher}, {signum.name}", tried=1, left_running=0)


@pytest.mark.skipif(not TORTURE, reason="half a minute")
def test_a_preempted_job_is_queued_again(workdir: Path, tally: Callable[..., None]) -> None:
    """SLURM's signal, through submitit: the job saves its work, ends and begins again."""
    with study("submitit_local", steps=2000) as process:
        workers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "submitit.core._submit" in child.cmdline()
        ]
        workers[0].send_signal(signal.SIGUSR2)
        _, errors = process.communicate(timeout=HANGS)
        assert process.returncode == 0, errors
    logs = "".join(path.read_text() for path in STUDY.glob(".submitit/*/*_log.out"))
    assert logs.count("Requeued job") == 1
    assert statuses() == ["finished"] * 2
    tally("jobs preempted and queued again by submitit", tried=1, finished=1)


def test_two_equal_studies_share_the_work(workdir: Path, tally: Callable[..., None]) -> None:
    """Each job is run once, and both end with the whole table."""
    command = [sys.executable, "-m", "rnnexp", *WORDS, "trainer.steps=300", "seed=0,1,2,3"]
    studies = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=HANGS) for process in studies]
    assert [process.returncode for process in studies] == [0, 0], told
    for out, _ in told:
        assert "unfinished" not in out
        assert re.search(r"^rnn .* \d of 4 \(", out, re.MULTILINE), out
    assert statuses() == ["finished"] * 4
    assert not list(STUDY.glob("superseded/*"))
    jobs = [line for out, _ in told for line in re.findall(r"^#.* test .*", out, re.MULTILINE)]
    run = sum("done before" not in line for line in jobs)
    assert run == 4
    tally("equal studies at once", studies=2, jobs=4, run=run)
