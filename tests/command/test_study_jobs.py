"""Jobs of a study in processes of their own: what they take over, show, and are retried for."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import rnnexp as package
from rnnexp.errors import ConfigError, JobFailed
from rnnexp.experiment import isolation
from rnnexp.results import report
from tests.conftest import HANGS, Outcome, wait_until

Rnnexp = Callable[..., Outcome]

WORDS = ("-m", "data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=5",
         "data.test_count=20", "model=rnn", "model.hidden_size=4", "plots=false", "probes=none",
         "threads=1", "study=s")  # fmt: skip
STUDY = Path("outputs/studies/s")

#: An initialisation that does what a file says, where it is that of a job and not of a check.
OBEDIENT = '''
import logging, os, sys
from pathlib import Path
from rnnexp import errors
from rnnexp.init.default import Default


class Obedient(Default):
    """case: tells one job from another."""

    def __init__(self, case: int = 0) -> None:
        self.case = case

    def __call__(self, model, generator):
        super().__call__(model, generator)
        model.register_forward_pre_hook(self._obey)

    def _obey(self, model, inputs):
        order = Path(f"order_{self.case}")
        if model.training and order.exists():
            exec(order.read_text())
'''


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda *arguments: None)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package is known to a process by its name once and for all."""
    package = tmp_path_factory.mktemp("own") / "obedient_package"
    (package / "conf" / "init").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "obedient.py").write_text(OBEDIENT)
    (package / "conf" / "init" / "obedient.yaml").write_text(
        "_target_: obedient_package.obedient.Obedient\ncase: 0\n"
    )
    return package / "conf"


@pytest.fixture
def words(own: Path) -> tuple[str, ...]:
    return (*WORDS, "--config-dir", str(own), "init=obedient")


def order(case: int, code: str) -> None:
    """Say what a job does in its training."""
    Path(f"order_{case}").write_text(code)


def summaries() -> list[dict[str, object]]:
    """In the order of the jobs."""
    read = [json.loads(file.read_text()) for file in STUDY.glob("*/summary.json")]
    return sorted(read, key=lambda summary: int(summary["job"]))


def shown_jobs(out: str) -> list[str]:
    return re.findall(r"^#\d+", out, re.MULTILINE)


# -- as in one process ----------------------------------------------------------------------------


@pytest.mark.isolated
def test_it_gives_the_same_as_in_one_process(rnnexp: Rnnexp, workdir: Path) -> None:
    words = (*WORDS, "trainer.steps=20", "seed=0,1")
    apart = rnnexp(*words)
    assert apart.status == 0, apart.err
    here = rnnexp(*words, "study=here", "jobs.isolate=false")
    assert here.status == 0, here.err
    assert [summary["process"]["pid"] == os.getpid() for summary in summaries()] == [False] * 2  # type: ignore[index]
    for file in STUDY.glob("*/metrics.csv"):
        other = Path("outputs/studies/here") / file.parent.name / file.name
        assert file.read_bytes() == other.read_bytes()
    said = [
        re.sub(r", [\d.]+ s$", "", outcome.out, flags=re.MULTILINE) for outcome in (apart, here)
    ]
    jobs = [sorted(line for line in out.splitlines() if line.startswith("#")) for out in said]
    assert len(jobs[0]) == 2
    assert jobs[0] == jobs[1]
    assert rnnexp(*words).out.count("done before") == 2


@pytest.mark.isolated
def test_where_it_may_not_be_forked(rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on CUDA, on macOS and Windows."""
    monkeypatch.setattr(isolation, "_may_be_cuda", lambda device: True)
    outcome = rnnexp(*WORDS, "seed=0")
    assert outcome.status == 0, outcome.err
    assert outcome.err == ""
    assert [summary["status"] for summary in summaries()] == ["finished"]


@pytest.mark.isolated
def test_what_a_job_takes_over_and_shows(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Of the process as it is now, and not as it was when the first job began."""
    code = """
log = logging.getLogger("rnnexp.mine")
log.info("not shown in a study")
log.warning("%s in %s", os.environ.get("MINE"), os.getcwd())
print("printed")
"""
    for name in ("one", "two"):
        folder = workdir / name
        folder.mkdir()
        (folder / "order_0").write_text(code)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MINE", f"the value {name}")
        outcome = rnnexp(
            *words, "trainer.steps=1", f"study={name}"
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert outcome.err == f"the value {name} in {folder}\n"
        assert "printed\n#1 rnn_T5_s0" in outcome.out
        assert "not shown" not in outcome.out
        (log,) = Path(f"outputs/studies/{name}").glob("*/rnnexp.log")
        assert "not shown in a study" in log.read_text()


@pytest.mark.isolated
def test_errors_of_a_job(rnnexp: Rnnexp, own: Path, words: tuple[str, ...]) -> None:
    """The user's own stay so; others are told without the class of what carries them over."""
    words = (*words, "init.case=1,2,3")
    order(1, "raise SystemExit('out of here')")
    order(2, "class Mine(BaseException): pass\nraise Mine('two\\nlines')")
    outcome = rnnexp(*words)
    assert outcome.status == 1
    assert sorted(outcome.err.splitlines()[:2]) == [  # side by side, in either order
        "#1 rnn_T5_s0_init.case=1  SystemExit: out of here",
        "#2 rnn_T5_s0_init.case=2  Mine: two",
    ]
    assert outcome.err.splitlines()[-1] == "rnnexp: failed: SystemExit: out of here"
    assert [summary["status"] for summary in summaries()] == ["failed", "failed", "finished"]
    with pytest.raises(JobFailed, match="out of here"):
        package.run(
            [word for word in words if word not in ("-m", "--config-dir", str(own))],
            multirun=True, config_dir=own,
        )  # fmt: skip
    order(1, "raise errors.ConfigError('init.case=1 is wrong')")
    Path("order_2").unlink()
    outcome = rnnexp(*words)
    assert outcome.status == 2
    assert outcome.err.splitlines()[-1] == "rnnexp: error: init.case=1 is wrong"


def test_in_one_process_an_exit_of_a_component_ends_its_job_alone(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...]
) -> None:
    order(0, "sys.exit(0)")
    outcome = rnnexp(*words, "init.case=0,1", "jobs.isolate=false")
    assert outcome.status == 1
    assert [summary["status"] for summary in summaries()] == ["failed", "finished"]
    assert "rnnexp: failed: SystemExit: 0" in outcome.err


def test_a_script_without_a_guard(workdir: Path) -> None:
    """multiprocessing would run it again in each job."""
    words = [word for word in WORDS if word != "-m"] + ["seed=0,1"]
    Path("script.py").write_text(
        "import rnnexp\n"
        "print('begins')\n"
        f"study = rnnexp.run({words!r}, multirun=True)\n"
        "print(len(study.runs), set(study.runs.status))\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("begins") == 1
    assert done.stdout.splitlines()[-1] == "2 {'finished'}"


@pytest.mark.isolated
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="the system has no such signals")
def test_a_second_ctrl_c_waits_for_no_job(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...]
) -> None:
    """Two jobs side by side that hang, and hear no signal."""
    for case in (0, 1):
        order(case, "import signal, time\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])\n"
              "Path(f'begun_{self.case}').write_text(str(os.getpid()))\n"
              f"time.sleep({2 * HANGS})\n")  # fmt: skip

    def insist() -> None:
        wait_until(lambda: len(list(workdir.glob("begun_*"))) == 2)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    threading.Thread(target=insist, daemon=True).start()
    started = time.monotonic()
    outcome = rnnexp(*words, "init.case=0,1", "hydra.launcher.n_jobs=2")
    assert outcome.status == 130
    assert time.monotonic() - started < 2 * HANGS  # which is what they sleep
    assert not any(psutil.pid_exists(int(f.read_text())) for f in workdir.glob("begun_*"))


# -- what is retried ------------------------------------------------------------------------------


@pytest.mark.isolated
def test_a_job_that_takes_too_long(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that jumps while the first job trains: on a busy machine all take long."""

    def clock() -> float:
        return time.monotonic() + 1000 * Path("begun").exists()

    monkeypatch.setattr(isolation, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(isolation, "GRACE", HANGS)
    words = (*words, "trainer.steps=100", "hydra.launcher.n_jobs=1")
    order(0, "import time; Path('begun').touch(); time.sleep(0.2)")
    outcome = rnnexp(*words, "init.case=0,1", "jobs.timeout=900")
    assert outcome.status == 1
    over = "jobs.timeout=900: stopped after so many seconds; the same command goes on with it"
    assert [(s["status"], s["reason"]) for s in summaries()] == [
        ("interrupted", over),
        ("finished", None),
    ]
    assert over in outcome.err
    Path("order_0").unlink()
    again = rnnexp(*words, "init.case=0,1", "jobs.timeout=800")
    assert again.status == 0
    assert again.out.count("done before") == 1


@pytest.mark.isolated
def test_which_jobs_are_run_again(rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...]) -> None:
    words = (*words, "init.case=0,1,2", "hydra/launcher=basic")
    order(0, "os._exit(3)")
    assert rnnexp(*words).status == 1
    reason = "its process ended with exit status 3, and no result"
    outcome = rnnexp(*words, "jobs.retry=none", "init.case=0,1,2,3")
    assert outcome.status == 1
    left = "left as it is (jobs.retry=none): "
    assert f"#1 rnn_T5_s0_init.case=0  {left}failed: {reason}; last line" in outcome.err
    assert f"#2 rnn_T5_s0_init.case=1  {left}test accuracy" in outcome.out
    assert "unfinished: 3 of 4 runs have a result" in outcome.out
    Path("order_0").unlink()

    # that which failed before comes last, under its own number
    outcome = rnnexp(*words)
    assert shown_jobs(outcome.out) == ["#2", "#3", "#1"]
    assert outcome.out.count("done before") == 2
    assert [summary["job"] for summary in summaries()] == [0, 1, 2, 3]

    before = len(list(STUDY.glob("superseded/*")))
    outcome = rnnexp(*words, "jobs.retry=all")
    assert outcome.status == 0
    assert "done before" not in outcome.out
    assert len(list(STUDY.glob("superseded/*"))) == before + 3


@pytest.mark.isolated
def test_no_more_jobs_after_a_failure(
    rnnexp: Rnnexp, workdir: Path, words: tuple[str, ...]
) -> None:
    order(1, "os.abort()")
    words = (*words, "init.case=0,1,2,3", "hydra/launcher=basic")
    outcome = rnnexp(*words, "jobs.fail_fast=true")
    assert outcome.status == 1
    assert outcome.out.count("not begun: another job has failed (jobs.fail_fast)") == 2
    assert [summary["status"] for summary in summaries()] == ["finished", "killed"]
    assert "killed by SIGABRT; last line of its log" in outcome.err
    Path("order_1").unlink()
    assert rnnexp(*words, "jobs.fail_fast=true").status == 0
    assert len(summaries()) == 4


# -- settings without effect ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("study=mine",), "study=mine has no effect on a single run: add -m to make a study of it,"
                          " or type name=mine"),
        (("study=3",), """'study="3"' has no effect on a single run: add -m"""),
        (("jobs.isolate=false",), "jobs.isolate=false has no effect on a single run: add -m"),
        (("jobs.timeout=5",), "jobs.timeout=5.0 has no effect on a single run: add -m"),
        (("jobs.retry=all",), "jobs.retry=all has no effect on a single run: add -m"),
        (("-m", "name=mine", "seed=0,1"), "name=... ends the name of a single run and has no effect"
                                          " on a study: type study=mine to name it"),
        (("-m", "name=a,b"), "type study=NAME to name it"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused(words: tuple[str, ...], message: str) -> None:
    plain = [word for word in (*WORDS[1:-1], *words) if word != "-m"]
    with pytest.raises(ConfigError) as refused:
        package.run(plain, multirun="-m" in words)
    assert message in str(refused.value)
    assert not Path("outputs").exists()


DYING = """
import os

from rnnexp.init.base import WeightInit


class Dying(WeightInit):
    def __init__(self, how: str = "") -> None:
        self.how = how

    def fill(self, weight_HH, generator):
        exec(self.how)
"""


@pytest.mark.isolated
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("os._exit(7)", "its process ended with exit status 7, and no result while it was built"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
    ],
)
def test_a_crash_while_a_job_is_checked_is_told(
    rnnexp: Rnnexp, workdir: Path, how: str, told: str
) -> None:
    """Before the first job, in one line that names the job, and nothing is written."""
    name = f"dying_{len(how)}"  # a process knows a package by its name once and for all
    (workdir / name / "conf" / "init").mkdir(parents=True)
    (workdir / name / "__init__.py").touch()
    (workdir / name / "dying.py").write_text(DYING)
    choice = f"_target_: {name}.dying.Dying\nhow: ''\n"
    (workdir / name / "conf/init/dying.yaml").write_text(choice)
    conf = ("--config-dir", f"{name}/conf")
    outcome = rnnexp(*WORDS, *conf, "init=dying", f'init.how="{how}"')
    assert outcome.status == 1
    assert told in outcome.error
    assert "init.how=" in outcome.error
    assert not Path("outputs").exists()
