"""Studies of many runs: what is read and listed grows with the runs, and no faster.

Counted and not timed: how often files of the study are opened, and how many entries its listings
have, which is the same on every machine.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from rnnexp.command.launcher import StudyLauncher
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.identity import fingerprint
from rnnexp.experiment.job import Job, _earlier_jobs
from rnnexp.experiment.spec import RunSpec
from rnnexp.results import report
from rnnexp.results.check import check_study, told
from rnnexp.results.figures import style
from rnnexp.results.findings.comparisons import Comparisons
from rnnexp.results.reuse import Identity, studies_holding, taken_as_they_are
from rnnexp.results.runs import RunDirectory
from rnnexp.results.status import StudyReader
from rnnexp.results.study import Study
from tests.conftest import TINY, Outcome
from tests.results.many_runs import copy_runs
from tests.results.test_study import add_run

FEW = 20


class Work:
    """opened: files below a folder. listed: entries of the folders that were listed there."""

    opened, listed = 0, 0


_counted: list[tuple[str, Work]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for below, work in _counted:
        if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(below):
            if event == "open":
                work.opened += 1
            elif (folder := Path(arguments[0])).is_dir():
                with uncounted():
                    work.listed += len(list(folder.iterdir()))


sys.addaudithook(_audit)


@contextmanager
def uncounted() -> Iterator[None]:
    counted = _counted.copy()
    _counted.clear()
    yield
    _counted.extend(counted)


@contextmanager
def work_in(study: Path) -> Iterator[Work]:
    work = Work()
    _counted.append((str(study.absolute()), work))
    try:
        yield work
    finally:
        _counted.clear()


@pytest.fixture
def model(rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]) -> RunDirectory:
    """The run that others are made of, with what the default probes measured."""
    assert rnnexp(*TINY, "threads=1").status == 0
    return RunDirectory.open(run_directory())


def study_of(model: RunDirectory, runs: int) -> tuple[Path, list[Identity]]:
    study = Path(f"outputs/studies/of_{runs}").absolute()
    groups = [{"model.hidden_size": 4 + i % 10, "seed": i // 10} for i in range(runs)]
    return study, copy_runs(model, study, groups)


def test_copies_are_the_runs_that_they_say_they_are(
    rnnexp: Callable[..., Outcome], model: RunDirectory
) -> None:
    copy_runs(model, Path("outputs/studies/s"), [{"seed": seed} for seed in range(3)])
    outcome = rnnexp("-m", *TINY, "threads=1", "seed=0,1,2", "study=s")
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("done before") == 3


def readers(study: Path, wanted: list[Identity]) -> dict[str, Callable[[], object]]:
    """What reads a study of many runs."""
    specs = [RunSpec.of_run(RunDirectory(folder)) for folder in sorted(study.glob("*_*"))]
    launcher = StudyLauncher(
        SimpleNamespace(launch=_launched),  # type: ignore[arg-type]
        OmegaConf.create({"hydra": {"sweep": {"dir": str(study)}}}),
        lambda words: Checked(wanted[int(words[0])], work=0.0, threads=1, device="cpu"),
        lambda: None,
        lambda words: specs[int(words[0])],
    )
    return {
        "its table": lambda: report.report_study(Study.read(study), plots=False, to=Path("to")),
        "its status": lambda: StudyReader(study).read().text(),
        "its check": lambda: told(study, *check_study(study, fingerprint)),
        "reuse": lambda: (studies_holding(study.parent, wanted), taken_as_they_are(study, wanted)),
        "the order of its jobs": lambda: launcher.launch([[str(i)] for i in range(len(wanted))], 0),
        "the places of its jobs": lambda: [_job_in(study, spec) for spec in specs],
    }


def _launched(words: list[list[str]], initial_job_idx: int) -> list[JobReturn]:
    return [JobReturn(status=JobStatus.COMPLETED) for _ in words]


def _job_in(study: Path, spec: RunSpec) -> Job:
    job = Job.of(RunSpec(spec.config, spec.choices, spec.words, study=study))
    assert job.there.is_dir()
    return job


def test_the_work_is_as_many_times_as_much_as_the_runs(model: RunDirectory) -> None:
    Path("to").mkdir()
    few, many = (readers(*study_of(model, runs)) for runs in (FEW, 2 * FEW))
    for name in few:
        with work_in(Path("outputs/studies/of_20")) as of_few:
            few[name]()
        with work_in(Path("outputs/studies/of_40")) as of_many:
            many[name]()
        if name == "its table":
            assert of_few.opened > FEW  # it is counted
        # a constant makes it less than twice as much, a square more
        assert of_many.opened <= 2 * of_few.opened, name
        assert of_many.listed <= 2 * of_few.listed, name


def test_a_job_that_is_not_there_reads_none_of_the_others(model: RunDirectory) -> None:
    """Each job is a process of its own, which remembers nothing of those before it."""
    study, _ = study_of(model, FEW)
    spec = RunSpec.of_run(model)
    _earlier_jobs.cache_clear()
    with work_in(study) as work:
        job = Job.of(RunSpec({**spec.config, "seed": 99}, spec.choices, study=study))
    assert job.there == job.path
    assert not job.path.exists()
    assert work.opened == 1  # which jobs the study is to have


def test_many_values_are_compared_with_the_next_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnnexp.results.comparisons.MAX_COMPARED", 5)
    for number in range(8):
        settings = {"model.hidden_size": 4 + number // 2, "seed": number % 2}
        add_run(tmp_path, number, 0.6 + 0.01 * number, **settings)
    comparisons = Comparisons.of(Study.read(tmp_path))
    assert comparisons is not None
    assert [pair.values for pair in comparisons.comparisons] == [(4, 5), (5, 6), (6, 7)]
    assert "pairs of values of model.hidden_size: each is compared with the next alone" in (
        comparisons.text()
    )


def test_of_many_groups_the_best_are_drawn_and_the_figure_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnnexp.results.figures.scores.MAX_ROWS", 2)
    for number, accuracy in enumerate((0.9, 0.6, 0.8)):
        add_run(tmp_path, number, accuracy, **{"model.hidden_size": 4 + number})
    report.draw(report.study_findings(Study.read(tmp_path)), tmp_path / "plots")
    drawn = (tmp_path / "plots" / "scores.svg").read_text()
    assert "the best 2 of 3 settings; all are in study.csv" in drawn
    assert "chance 50.0%" in drawn
    rows = [size in drawn for size in ("hidden size 4", "hidden size 5", "hidden size 6")]
    assert rows == [True, False, True]


def test_a_figure_that_nobody_could_look_at_is_said_not_to_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(style, "MAX_HEIGHT", 1.0)
    for number in range(2):
        add_run(tmp_path, number, 0.8, **{"model.hidden_size": 4 + number})
    report.draw(report.study_findings(Study.read(tmp_path)), tmp_path / "plots")
    assert "no figure 'scores': it would be" in caplog.text
    assert not (tmp_path / "plots" / "scores.png").exists()
