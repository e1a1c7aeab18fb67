"""What loggers are told of a run, and what becomes of one that fails."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG

import rnnexp as package
from rnnexp import plugins
from rnnexp.errors import Terminated
from rnnexp.experiment import together
from rnnexp.experiment.told import outcome_of, scores_of
from rnnexp.results.runs import RunDirectory
from rnnexp.results.stops import ask_to_stop
from rnnexp.results.summary import AtLength, Summary
from tests.conftest import TINY, Outcome, new_run

Command = Callable[..., Outcome]

#: A logger of the user's own: it notes what it is told, and fails where it is asked to.
DIARY = '''
import json
import time
from pathlib import Path

from rnnexp.logger.base import Logger, Outcome, RunFacts


class Diary(Logger):
    """Lines of a file in the run's directory."""

    def __init__(self, fails_at: str | None = None, hangs_at: str | None = None,
                 timeout: float = 60) -> None:
        super().__init__(timeout)
        self.fails_at, self.hangs_at = fails_at, hangs_at

    def start(self, run: RunFacts):
        self.file = run.folder("diary") / "diary.txt"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lines = self.file.read_text().splitlines() if run.goes_on else []
        self._note("start", run.id, sorted(run.tags))
        return {json.loads(line)[1] for line in lines if line.startswith('["log"')}

    def log(self, step, numbers):
        self._note("log", step, numbers)

    def end(self, outcome: Outcome):
        written = json.loads(outcome.summary.read_text())["status"]
        self._note("end", outcome.status, dict(outcome.scores), written)

    def _note(self, what, *told):
        if self.fails_at == what:
            raise OSError(28, "No space left on device")
        if self.fails_at == f"exit at {what}":
            raise SystemExit(3)
        if self.hangs_at == what:
            for _ in range(60_000):  # ten minutes, where nobody gives it up
                if self.file.with_name("go_on").exists():
                    break
                time.sleep(0.01)
        with self.file.open("a") as file:
            print(json.dumps([what, *told]), file=file)
'''

YAML = """# a diary
diary:
  _target_: scribe.diary.Diary
  fails_at: null
  hangs_at: null
  timeout: 60
"""


@pytest.fixture
def scribe(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of the user's own with a logger; the option that makes it known."""
    conf = Path("scribe/conf/logger")
    conf.mkdir(parents=True)
    Path("scribe/__init__.py").touch()
    Path("scribe/diary.py").write_text(DIARY)
    (conf / "diary.yaml").write_text(YAML)
    monkeypatch.syspath_prepend(str(workdir))
    yield "--config-dir=scribe/conf"
    plugins.forget()
    for name in [name for name in sys.modules if name.partition(".")[0] == "scribe"]:
        del sys.modules[name]


def diary(run: Path) -> list[str]:
    return (run / "logger" / "diary" / "diary.txt").read_text().splitlines()


def test_a_logger_of_ones_own_is_told_of_the_run(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str
) -> None:
    outcome = rnnexp(scribe, *TINY, "trainer.epochs=2", "logger=diary")
    assert outcome.status == 0, outcome.err
    lines = diary(run_directory())
    assert [line.partition(",")[0] for line in lines] == ['["start"', *3 * ['["log"'], '["end"']
    assert '"train/loss"' in lines[2]
    assert '"test/accuracy_low"' in lines[-1]
    assert rnnexp("check", str(run_directory())).status == 0


@pytest.mark.parametrize("what", ["start", "log", "end", "exit at log"])
def test_a_logger_that_fails_costs_one_line(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str, what: str
) -> None:
    words = [scribe, *TINY, "trainer.epochs=2", "logger=[diary,tensorboard]"]
    outcome = rnnexp(*words, f"logger.diary.fails_at={what}")
    assert outcome.status == 0, outcome.err
    said = [line for line in (outcome.out + outcome.err).splitlines() if "given up" in line]
    reason = "SystemExit: 3" if "exit" in what else "OSError: [Errno 28] No space left on device"
    method = what.rpartition(" ")[2]
    assert said == [f"logger diary is given up ({method}: {reason})"]
    summary = RunDirectory.open(run_directory()).summary
    assert summary.status == "finished"
    # the end comes after the result is sealed: the line says it alone
    told = {} if what == "end" else {"diary": f"{method}: {reason}"}
    assert summary.failed_loggers == told
    assert (run_directory() / "logger" / "tensorboard").is_dir()  # others go on
    assert rnnexp("check", str(run_directory())).status == 0


def test_a_logger_that_hangs_is_left_alone(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str
) -> None:
    words = ["logger=diary", "logger.diary.hangs_at=log", "logger.diary.timeout=1"]
    outcome = rnnexp(scribe, *TINY, *words)  # and comes back, though nothing ends what hangs
    try:
        assert outcome.status == 0
        assert "logger diary is given up (log: no answer in 1 s)" in outcome.out + outcome.err
    finally:
        for file in run_directory().rglob("diary.txt"):
            file.with_name("go_on").touch()


def test_a_study_says_of_which_run(rnnexp: Command, scribe: str) -> None:
    outcome = rnnexp(scribe, "-m", *TINY, "seed=0,1", "logger=diary", "logger.diary.fails_at=log")
    said = [line for line in (outcome.out + outcome.err).splitlines() if "given up" in line]
    assert [line.partition(":")[0].rpartition("_")[0] for line in said] == [
        "lstm_T12_s0", "lstm_T12_s1",
    ]  # fmt: skip
    assert outcome.status == 0


def test_a_resumed_run_fills_what_its_record_lacks(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [scribe, *TINY, "trainer.epochs=2", "logger=diary"]

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("rnnexp.experiment.run._test", stops)
        assert rnnexp(*words).status == 130
    path = run_directory() / "logger" / "diary" / "diary.txt"
    lines = diary(run_directory())
    assert lines[-1] == '["end", "interrupted", {}, "interrupted"]'
    path.write_text("\n".join(lines[:2]) + "\n")  # start, and what was measured before training
    plugins.register(Path("scribe/conf"))
    assert rnnexp("resume", str(run_directory())).status == 0
    again = diary(run_directory())
    for then, now in zip(lines[2:4], again[3:5], strict=True):  # the two epochs
        (_, step, numbers), (_, step_now, numbers_now) = json.loads(then), json.loads(now)
        assert step_now == step
        assert numbers_now == pytest.approx(numbers, rel=1e-8)  # metrics.csv has nine digits
    assert again[2] == lines[0]  # the same run
    assert again[5].startswith('["end", "finished"')


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "interrupted"), (Terminated(), "interrupted"),
     (RuntimeError("a fault"), "failed")],
    ids=["interrupt", "terminated", "fault"],
)  # fmt: skip
def test_loggers_hear_of_an_end_that_is_written(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str, error: BaseException,
    status: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stops(*_: object) -> None:
        raise error

    monkeypatch.setattr("rnnexp.experiment.run._test", stops)
    assert rnnexp(scribe, *TINY, "logger=diary").status
    assert diary(run_directory())[-1] == f'["end", "{status}", {{}}, "{status}"]'


def test_loggers_hear_that_a_job_was_pruned(
    rnnexp: Command, scribe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path("outputs/studies/s")

    def stops(*_: object) -> None:
        (path,) = study.glob("*/summary.json")
        ask_to_stop(study, json.loads(path.read_text())["fingerprint"], "worse than others")
        raise Terminated

    monkeypatch.setattr("rnnexp.experiment.run._test", stops)
    rnnexp(scribe, "-m", *TINY, "seed=0", "study=s", "logger=[diary,tensorboard]")
    (run,) = (path.parent for path in study.glob("*/summary.json"))
    assert diary(run)[-1] == '["end", "pruned", {}, "pruned"]'
    assert RunDirectory(run).summary.reason == "worse than others"
    assert "interrupted" not in (run / "rnnexp.log").read_text()
    record = EventAccumulator(str(run / "logger" / "tensorboard")).Reload()
    assert SESSION_END_INFO_TAG in record.summary_metadata


def test_a_logger_that_fails_at_the_end_of_a_run_without_a_result_is_in_its_summary(
    rnnexp: Command, run_directory: Callable[[], Path], scribe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnexp.experiment.run._test", stops)
    rnnexp(scribe, *TINY, "logger=diary", "logger.diary.fails_at=end")
    summary = RunDirectory(run_directory()).summary
    assert summary.status == "interrupted"
    assert list(summary.failed_loggers) == ["diary"]


def test_a_run_can_go_on_without_its_loggers(
    rnnexp: Command, run_directory: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("rnnexp.experiment.run._test", stops)
        assert rnnexp(*TINY, "logger=tensorboard").status == 130
    name = str(run_directory())
    assert "logger=none" in rnnexp("resume", name, "logger=mlflow").error
    lacking(monkeypatch, "tensorboard")
    assert "pip install" in rnnexp("resume", name).error
    assert rnnexp("resume", name, "logger=none").status == 0


def lacking(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr(
        "rnnexp.logger.base.importlib.util.find_spec",
        lambda name: None if name == module else find_spec(name),
    )


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
@pytest.mark.parametrize("several", [False, True], ids=["run", "study"])
def test_a_missing_package_is_told_with_what_to_type(
    rnnexp: Command, workdir: Path, monkeypatch: pytest.MonkeyPatch, name: str, several: bool
) -> None:
    lacking(monkeypatch, name)
    study = ["-m", "seed=0,1"] if several else []
    outcome = rnnexp(*study, *TINY, f"logger={name}")
    assert outcome.status == 2
    line = (outcome.error).partition(" [in ")[0]
    assert line == (
        f"rnnexp: error: logger={name} needs the package {name}, which is not installed: "
        f'pip install "rnnexp[{name}]"'
    )
    assert not (workdir / "outputs").exists()


def test_runs_that_are_trained_as_one_program_are_told_apart(
    rnnexp: Command, scribe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "has_gain", lambda experiment: True)
    words = ["model=unrolled", "jobs.replicas=2", "jobs.isolate=false", "seed=0,1", "study=both"]
    outcome = rnnexp(scribe, "-m", *TINY, *words, "logger=diary")
    assert outcome.status == 0, outcome.err
    runs = sorted(path.parent for path in Path("outputs/studies/both").glob("*/summary.json"))
    assert len(runs) == 2
    logs = [diary(run) for run in runs]
    assert [len(lines) for lines in logs] == [4, 4]  # start, before training, one epoch, end
    assert logs[0][0] != logs[1][0]


def test_from_python(workdir: Path) -> None:
    run = package.run([*TINY, "logger=tensorboard"])
    assert isinstance(run, package.Run)
    assert list((run.path / "logger" / "tensorboard").glob("events.*"))


def test_nothing_is_imported_that_is_not_asked_for() -> None:
    code = (
        "import sys; from rnnexp.command.main import main; "
        f"assert main({[*TINY, 'probes=none']!r}) == 0; "
        "tools = {'tensorboard', 'mlflow', 'wandb', 'sqlalchemy'}; "
        "assert not tools & set(sys.modules), tools & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["logger=tensorbord"], "did you mean 'tensorboard'?"),
        (["logger=null"], "'logger=null' names no loggers: write logger=tensorboard"),
        (["logger=[none,mlflow]"], "names none beside others: write 'logger=[mlflow]'"),
        (["probes=[none,gates]"], "names none beside others: write 'probes=[gates]'"),
        (["logger=mlflow,wandb"], "for all of them type 'logger=[mlflow,wandb]'"),
        (["+logger=mlflow"], "write logger=mlflow"),
        (["+logger.mlflow.foo=1"], "logger.mlflow is no logger of this run: add it with "
         "logger=mlflow"),
        (["logger.mlflow.timeout=5"], "is a setting of mlflow, which this run has not: add "
         "logger=mlflow"),
        (["probes.jacobian.points=5"], "which this run has not: add +probes=jacobian"),
        (["-m", "seed=0,1", "logger=mlflow,wandb"], "loggers do not tell runs apart"),
        (["logger=mlflow", "logger.mlflow.timeout=0"], "timeout must be greater than 0"),
        (["logger=mlflow", "logger.mlflow.tracking_uri=mlruns"], "must be an address"),
        (["logger=mlflow", "logger.mlflow.tracking_uri=file:///x"], "use sqlite:///my.db"),
        (["logger=mlflow", "logger.mlflow.experiment="], "experiment must be a name"),
        (["logger=tensorboard", "logger.tensorboard.folder=3"], "must be a valid string"),
        (["logger=wandb", "logger.wandb.mode=onlin"], "did you mean 'online'?"),
        (["logger=wandb", "logger.wandb.mode=3"], "must be 'offline' or 'online'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_words_are_one_line(
    rnnexp: Command, workdir: Path, words: list[str], said: str
) -> None:
    outcome = rnnexp(*TINY, *words)
    assert outcome.status == 2
    assert said in outcome.error
    assert not (workdir / "outputs").exists()


def test_what_is_no_number_is_told_to_nobody() -> None:
    summary = Summary(
        status="finished", seed=0, headline="accuracy",
        test={"loss": None, "accuracy": 0.75}, test_interval={"accuracy": [None, None]},
        chance={"accuracy": 0.5},
        at_lengths={"9": AtLength(test={"accuracy": 0.5}, test_interval={}, chance={})},
    )  # fmt: skip
    assert scores_of(summary) == {
        "test/accuracy": 0.75, "test/accuracy_chance": 0.5, "test_T9/accuracy": 0.5,
    }  # fmt: skip


def test_a_run_that_diverged_has_a_reason_and_no_scores() -> None:
    summary = Summary(status="diverged", seed=0, reason="the loss is nan at step 3")
    outcome = outcome_of(new_run("lstm"), summary, 3)
    assert (outcome.status, outcome.reason) == ("diverged", "the loss is nan at step 3")
    assert not outcome.goes_on_later
