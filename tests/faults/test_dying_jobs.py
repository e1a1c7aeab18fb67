"""Jobs that die in each way there is: each costs itself alone, and the next command retries it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import HANGS
from tests.faults.conftest import TORTURE, amount

#: An initialisation whose number says how the job dies: in the third step, once it has a log.
DYING = '''
import ctypes, os, signal
import torch
from rnnexp.init.base import WeightInit


class Dying(WeightInit):
    """case: how the job dies, 0 for one that does not."""

    def __init__(self, case: int = 0) -> None:
        self.case = case

    def fill(self, weight_HH, generator):
        weight_HH.normal_(0, 0.1, generator=generator)

    def __call__(self, model, generator):
        super().__call__(model, generator)
        if self.case and os.path.exists("armed"):
            model.register_forward_pre_hook(self._die)

    def _die(self, model, inputs):
        if not model.training:
            return
        model.steps = getattr(model, "steps", 0) + 1
        if model.steps < 3:
            return
        if self.case == 1:
            raise RuntimeError("a component's own error")
        if self.case == 2:
            with torch.no_grad():
                next(model.parameters()).fill_(float("nan"))
        if self.case == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.case == 4:
            os._exit(7)
        if self.case == 5:
            ctypes.string_at(0)
        if self.case == 6:
            import errno
            from rnnexp import durable

            def full(descriptor):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            durable.sync = full
'''

#: What each case comes to: status, and what the reason says.
CASES = {
    1: ("failed", "RuntimeError: a component's own error"),
    2: ("diverged", "step"),
    3: ("killed", "killed by SIGKILL (out of memory?); last line of its log: "),
    4: ("failed", "its process ended with exit status 7, and no result; last line of its log: "),
    5: ("killed", "killed by SIGSEGV; last line of its log: "),
    6: ("failed", "cannot be written: No space left on device"),
}
FAULTS = sorted(case for case, (status, _) in CASES.items() if status != "diverged")

WORDS = ("--config-dir", "mypkg/conf", "-m", "data=parity", "seq_len=5", "trainer.steps=6",
         "trainer.batch_size=8", "data.val_count=5", "data.test_count=20", "model=rnn",
         "model.hidden_size=4", "plots=false", "probes=none", "threads=1", "init=dying",
         "study=s")  # fmt: skip


@pytest.fixture
def package(workdir: Path) -> Path:
    folder = workdir / "mypkg"
    (folder / "conf" / "init").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "dying.py").write_text(DYING)
    (folder / "conf/init/dying.yaml").write_text("_target_: mypkg.dying.Dying\ncase: 0\n")
    return folder


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rnnexp", *WORDS, *words],
        capture_output=True, text=True, timeout=HANGS,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def summaries(study: Path) -> dict[str, dict[str, object]]:
    """By the directory of the job."""
    return {file.parent.name: json.loads(file.read_text()) for file in study.glob("*/summary.json")}


LAUNCHERS = {
    "basic": ("hydra/launcher=basic",),
    "auto": ("hydra.launcher.n_jobs=3",),
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    "submitit_local": ("hydra/launcher=submitit_local",),
}


@pytest.mark.parametrize(
    "launcher",
    [
        pytest.param(name, marks=[] if TORTURE or name == "auto" else pytest.mark.skip)
        for name in LAUNCHERS  # tests of jobs by themselves are in test_study_jobs.py
    ],
)
def test_a_job_that_dies_costs_itself_alone(
    workdir: Path, package: Path, tally: Callable[..., None], launcher: str
) -> None:
    """20 jobs of which five die: 15 have a result, and the second command runs exactly the five."""
    healthy = amount(2, 14)
    # those that die stand among the others, and not at the end
    cases = [*CASES, *range(-healthy, 0)]
    order = sorted(cases, key=lambda case: (case * 7) % 5)
    words = (f"init.case={','.join(str(case) for case in order)}", *LAUNCHERS[launcher])
    (workdir / "armed").touch()
    first = command(*words)
    assert first.returncode == 1, first.stderr
    study = workdir / "outputs" / "studies" / "s"
    rows = summaries(study)
    assert len(rows) == len(cases)
    by_case: dict[int, dict[str, object]] = {}
    for name, row in rows.items():
        by_case[int(name.partition("init.case=")[2].partition("_")[0])] = row
    for case in cases:
        status, reason = CASES.get(case, ("finished", None))
        assert by_case[case]["status"] == status, by_case[case]
        assert reason is None or reason in str(by_case[case]["reason"])
    assert "Traceback" not in first.stderr
    times = {name: (study / name / "summary.json").stat().st_mtime_ns for name in rows}

    (workdir / "armed").unlink()
    second = command(*words)
    assert second.returncode == 0, second.stderr
    run_again = {
        name for name in rows if (study / name / "summary.json").stat().st_mtime_ns != times[name]
    }
    assert len(run_again) == len(FAULTS)
    ended = [row["status"] for row in summaries(study).values()]
    assert sorted(set(ended)) == ["diverged", "finished"]
    assert ended.count("finished") == healthy + len(FAULTS)
    assert not list(study.glob(".locks/*.failed"))
    tally(
        f"jobs of a study that die, {launcher}",
        jobs=len(cases), results=healthy + 1, died=len(FAULTS), run_again=len(run_again),
    )  # fmt: skip
