"""hydra/sweeper=adaptive: lengths in rounds, checked round by round, gone on with after any end."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import rnnexp as package
from rnnexp.command.adaptive import lines_of
from rnnexp.experiment import run_spec
from rnnexp.results import report
from rnnexp.results.plan import rounds_left
from rnnexp.results.status import StudyReader
from rnnexp.results.study import Study
from tests.conftest import Outcome
from tests.results.findings.test_trainability import WINDOW

Rnnexp = Callable[..., Outcome]

STUDY = Path("outputs/studies/w")
#: A network that sees its last four inputs and no others: it learns distances up to three.
WORDS = (
    "model=window", "data=recall", "seq_len=26", "seed=0,1", "trainer.steps=60", "study=w",
    "optimizer.lr=0.05", "embedding=one_hot", "plots=false", "data.test_count=200",
    "data.val_count=200", "probes=none", "threads=1", "hydra/sweeper=adaptive",
    "hydra.sweeper.setting=data.distance", "hydra.sweeper.first=[2,7,24]",
)  # fmt: skip
#: The lengths of the whole study.
WHOLE = [2, 3, 4, 7, 24]


@pytest.fixture(autouse=True)
def window(monkeypatch: pytest.MonkeyPatch, workdir: Path) -> None:
    """The network, in a package of its own; no figures, which take most of the time."""
    Path("mywindow.py").write_text(WINDOW)
    Path("myconf/model").mkdir(parents=True)
    Path("myconf/model/window.yaml").write_text(
        "_target_: mywindow.Window\nwindow: 4\nreadout: last_valid\nhead: auto\n"
    )
    monkeypatch.syspath_prepend(str(workdir))
    monkeypatch.setattr(report, "draw", lambda *arguments: None)


def lengths(study: Path = STUDY) -> list[int]:
    """Of the runs that have a result, each once."""
    return sorted(
        {run.factors["data.distance"] for run in Study.read(study).runs if run.summary.done}
    )


def test_rounds_go_where_half_the_seeds_learn(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("--config-dir", "myconf", "-m", *WORDS)
    assert outcome.status == 0, outcome.err
    assert "study w: 6 runs in" in outcome.out
    assert "round 2 of at most 3, 2 runs; data.distance chosen by the results" in outcome.out
    chosen = [n for n in lengths() if n not in (2, 7, 24)]
    assert len(chosen) == 2
    assert all(2 < n < 7 for n in chosen)
    assert lengths() == WHOLE
    (line,) = json.loads((STUDY / "study.json").read_text())["trainability"]
    assert line["lengths"] == lengths()
    assert line["runs"] == 10
    assert "no run of" not in outcome.out
    assert rounds_left(STUDY) == 0
    again = rnnexp("--config-dir", "myconf", "-m", *WORDS)
    assert again.out.count("done before") == 10
    assert len(lengths()) == 5


def test_each_line_has_its_own_lengths(rnnexp: Rnnexp) -> None:
    words = [*WORDS, "model.window=4,12", "hydra.sweeper.rounds=2"]
    outcome = rnnexp("--config-dir", "myconf", "-m", *words)
    assert outcome.status == 0, outcome.err
    assert "model.window=4: " in outcome.out
    own = {
        group.factors["model.window"]: group.factors["data.distance"]
        for group in Study.read(STUDY).groups()
        if group.factors["data.distance"] not in (2, 7, 24)
    }
    assert own[4] < 7 < own[12]


@pytest.mark.parametrize("job", [3, 7], ids=["first round", "second round"])
def test_a_study_that_was_cut_short_goes_on_and_ends_alike(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch, job: int
) -> None:
    begun: list[int] = []
    whole = run_spec.run_spec

    def interrupted(spec: object) -> object:
        begun.append(1)
        if len(begun) == job:
            raise KeyboardInterrupt
        return whole(spec)  # type: ignore[arg-type]

    command = ("--config-dir", "myconf", "-m", *WORDS)
    with monkeypatch.context() as patch:
        patch.setattr(run_spec, "run_spec", interrupted)
        outcome = rnnexp(*command)
    assert outcome.status == 130
    assert "the same command goes on" in outcome.out
    assert len([r for r in Study.read(STUDY).runs if r.summary.done]) == job - 1
    left = {3: 2, 7: 1}[job]
    status = StudyReader(STUDY).read()
    assert (status.rounds_left, f"up to {left} more rounds" in status.text()) == (left, left > 0)
    outcome = rnnexp(*command)
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("done before") == job - 1
    assert lengths() == WHOLE


def test_a_study_between_two_rounds_is_unfinished(rnnexp: Rnnexp) -> None:
    """Its plan says that lengths are still to be chosen, though all its jobs have a result."""
    assert rnnexp("--config-dir", "myconf", "-m", *WORDS, "hydra.sweeper.rounds=2").status == 0
    assert Study.read(STUDY).unfinished == ""
    for file in (STUDY / ".planned").glob("*.json"):
        if json.loads(file.read_text())["rounds_left"] == 0:
            file.unlink()
    assert Study.read(STUDY).unfinished == "unfinished: up to 1 more rounds choose further lengths"


def test_a_job_that_fails_costs_its_own_result_alone(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_spec.run_spec

    def failing(spec: object) -> object:
        if "seed=1" in spec.words and "data.distance=24" in spec.words:  # type: ignore[attr-defined]
            raise RuntimeError("a fault of one job")
        return whole(spec)  # type: ignore[arg-type]

    monkeypatch.setattr(run_spec, "run_spec", failing)
    outcome = rnnexp("--config-dir", "myconf", "-m", *WORDS)
    assert outcome.status == 1
    assert "a fault of one job" in outcome.err
    assert len(lengths()) == 5


def test_lengths_that_are_given_are_taken(rnnexp: Rnnexp) -> None:
    outcome = rnnexp("--config-dir", "myconf", "-m", *WORDS, "data.distance=3,5")
    assert outcome.status == 0, outcome.err
    assert "data.distance is given: no lengths are chosen" in outcome.out
    assert lengths() == [3, 5]


def test_from_python_it_is_the_same(rnnexp: Rnnexp, workdir: Path) -> None:
    words = [*WORDS, "hydra.sweeper.rounds=2", "seed=0,1"]
    study = package.run(words, multirun=True, config_dir="myconf").study
    assert isinstance(study, Study)
    assert len(study.runs) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hydra.sweeper.first=[5]",), "hydra.sweeper.first must be two whole numbers from 1 on"),
        (("hydra.sweeper.first=5",), "hydra.sweeper.first must be a list, as in [5,20,80]"),
        (("hydra.sweeper.first=[9,3]",), "ascending, as in [5,20,80] (got [9, 3])"),
        (("hydra.sweeper.rounds=0",), "hydra.sweeper.rounds must be a whole number from 1 on"),
        (("hydra.sweeper.each=x",), "hydra.sweeper.each must be a whole number from 1 on (got x)"),
        (("hydra.sweeper.precise=1",), "hydra.sweeper.precise must be a factor greater than 1"),
        (("hydra.sweeper.setting=seed",), "hydra.sweeper.setting must be one of seq_len, data.di"),
        (("hydra.sweeper.frist=[5,9]",), "unknown setting 'hydra.sweeper.frist'"),
        (("hydra.sweeper.first=[2,40]",), "distance"),
        (("hydra.sweeper.first=[true,5]",), "hydra.sweeper.first must be two whole numbers"),
        (("++data.train_lengths=[2,9]",), "of networks that are trained at one length"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_nothing_is_written(
    rnnexp: Rnnexp, words: Sequence[str], message: str
) -> None:
    outcome = rnnexp("--config-dir", "myconf", "-m", *WORDS, *words)
    assert outcome.status == 2
    assert message in outcome.error
    assert not Path("outputs").exists()


def test_on_a_single_run_it_has_no_effect_and_is_refused(rnnexp: Rnnexp) -> None:
    error = rnnexp("data=recall", "hydra/sweeper=adaptive").error
    assert "hydra/sweeper=adaptive has no effect on a single run: add -m" in error


def test_lines_are_told_apart_by_what_varies_beside_length_and_seed() -> None:
    jobs = [
        [f"model={model}", "clip=norm", f"seed={seed}", f"seq_len={n}"]
        for model in ("rnn", "lstm") for seed in (0, 1) for n in (5, 20)
    ]  # fmt: skip
    lines = lines_of("seq_len", jobs)
    assert list(lines) == [("model=rnn",), ("model=lstm",)]
    assert lines[("model=rnn",)].at("seq_len", 9) == [
        ["model=rnn", "clip=norm", f"seed={seed}", "seq_len=9"] for seed in (0, 1)
    ]
