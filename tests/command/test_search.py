"""hydra/sweeper=optuna: a search by a validation score, from the command to what is left of it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rnnexp.command.space import Space
from rnnexp.experiment import run_spec
from rnnexp.results import report
from rnnexp.results.claims import claimed
from rnnexp.results.search import NAME, Search
from rnnexp.results.status import StudyReader
from rnnexp.results.study import Study
from rnnexp.scores.classes import ClassAnswers
from tests.conftest import Outcome, wait_until

Rnnexp = Callable[..., Outcome]

STUDY = Path("outputs/studies/s")
SMALL = (
    "data=parity", "seq_len=5", "trainer.steps=2", "data.val_count=20", "data.test_count=20",
    "model=rnn", "model.hidden_size=4", "plots=false", "probes=none", "study=s", "threads=1",
)  # fmt: skip
LR = "optimizer.lr"
WORDS = ("-m", *SMALL, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=3",
         "hydra.sweeper.at_once=1",
         f"{LR}=tag(log,interval(1e-4,1e-1))")  # fmt: skip


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda *arguments: None)


def found(study: Path = STUDY) -> Search:
    there = Search.read(study)
    assert there is not None
    return there


def test_a_search_and_the_same_command_again(rnnexp: Rnnexp) -> None:
    outcome = rnnexp(*WORDS, "model=rnn,gru", "seed=0,1")
    assert outcome.status == 0, outcome.err
    assert "search for the lowest validation loss: 3 trials, each with seeds 0, 1" in outcome.out
    assert "3 of 3 trials ended: 3 complete" in outcome.out
    assert "the lowest of 3 validation scores is also the luckiest" in outcome.out
    assert "no run of" not in outcome.out
    trials = found().trials
    assert len(Study.read(STUDY).runs) == 6
    for trial in trials:
        assert trial.value == pytest.approx(sum(trial.by_seed.values()) / 2)
        assert set(trial.by_seed) == {0, 1}
    best = json.loads((STUDY / "study.json").read_text())["search_trials"]["best"]
    assert best["validation"] == min(trial.value or 9 for trial in trials)
    assert best["test"] is not None
    again = rnnexp(*WORDS, "model=rnn,gru", "seed=0,1")
    assert again.status == 0
    assert found().trials == trials
    assert "#1 " not in again.out
    more = rnnexp(*WORDS, "model=rnn,gru", "seed=0,1", "hydra.sweeper.n_trials=4")
    assert more.status == 0
    assert found().trials[:3] == trials
    assert len(found().trials) == 4
    status = StudyReader(STUDY).read()
    assert "study s: 4 of 4 trials ended, 100%" in status.text()
    assert "best validation loss" in rnnexp("study", "status", "s").out
    assert "trial  optimizer.lr" in rnnexp("report", str(STUDY)).out


def test_cut_short_it_goes_on_to_the_same_trials(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rnnexp(*WORDS, "study=whole").status == 0
    whole, begun = run_spec.run_spec, []

    def interrupted(spec: object) -> object:
        begun.append(spec)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return whole(spec)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(run_spec, "run_spec", interrupted)
        assert rnnexp(*WORDS).status == 130
    assert [trial.state for trial in found().trials] == ["complete", "running"]
    assert Study.read(STUDY).unfinished == "unfinished: 1 of 3 trials have ended"
    outcome = rnnexp(*WORDS)
    assert outcome.status == 0, outcome.err
    assert [t.values for t in found().trials] == [
        t.values for t in found(Path("outputs/studies/whole")).trials
    ]


def test_a_job_that_fails_has_its_trial_run_again_by_the_same_command(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, begun = run_spec.run_spec, []

    def failing(spec: object) -> object:
        begun.append(spec)
        if len(begun) == 1:
            raise RuntimeError("a fault of one job")
        return whole(spec)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(run_spec, "run_spec", failing)
        outcome = rnnexp(*WORDS)
    assert outcome.status == 1
    assert "a fault of one job" in outcome.err
    assert [trial.state for trial in found().trials] == ["running", "complete", "complete"]
    values = found().trials[0].values
    assert rnnexp(*WORDS).status == 0
    assert found().trials[0].values == values
    assert found().trials[0].state == "complete"


def test_a_trial_that_diverges_has_no_value_and_is_told(rnnexp: Rnnexp) -> None:
    words = [*WORDS, "hydra.sweeper.sampler=grid", f"{LR}=choice(0.001,1e30)", "trainer.steps=5"]
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    assert "sampler=grid: 2 points, all of them are tried" in outcome.out
    good, bad = found().trials
    assert (good.state, bad.state, bad.value) == ("complete", "diverged", None)
    assert "trial 1 diverged: seed 0: " in outcome.out
    assert found().ranked == [good]


def test_a_score_that_cannot_be_computed_is_no_divergence(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As AUROC of a validation split that has one class, which is refused before it begins."""
    monkeypatch.setattr("rnnexp.training.contradictions._check_monitored", lambda *_: None)
    monkeypatch.setattr(ClassAnswers, "auroc", None)
    outcome = rnnexp(*WORDS, "trainer.monitor=auroc", "hydra.sweeper.n_trials=1", "seed=0,1")
    assert outcome.status == 0, outcome.err
    (trial,) = found().trials
    assert (trial.state, trial.value, trial.by_seed) == ("unscored", None, {})
    assert "trial 0 unscored: seed 0, seed 1: no epoch has a validation auroc" in outcome.out
    assert "1 of 1 trials ended: 1 unscored" in outcome.out
    assert "diverged" not in outcome.out


def test_settings_that_contradict_each_other_inside_the_space_cost_their_trial(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corner that was not looked at."""
    monkeypatch.setattr(Space, "corners", lambda self: [
        self.jobs({"seq_len": length, "data.distance": distance})[0]
        for length, distance in (("5", "3"), ("20", "15"))])  # fmt: skip
    outcome = rnnexp(
        *[word for word in WORDS if LR not in word], "data=recall", "seq_len=5,20",
        "data.distance=3,15", "hydra.sweeper.sampler=grid", "hydra.sweeper.n_trials=9",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert [t.state for t in found().trials] == ["complete", "refused", "complete", "complete"]
    assert "trial 1 is refused: data.distance" in outcome.out


@pytest.mark.isolated
def test_trials_are_pruned_whatever_the_speed(rnnexp: Rnnexp) -> None:
    """The worse ones are stopped, told, not counted as failed and not run again."""
    words = [
        *WORDS, "hydra.sweeper.n_trials=9", "hydra.sweeper.sampler=random", "trainer.steps=300",
        "hydra.sweeper.pruner=median", "hydra.sweeper.at_once=5",
    ]  # fmt: skip
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    pruned = [trial for trial in found().trials if trial.state == "pruned"]
    assert pruned
    assert all("worse than other trials were (median)" in str(t.reason) for t in pruned)
    assert all(trial.value is None for trial in pruned)
    assert "pruned: validation loss" in outcome.out
    trials = found().trials
    again = rnnexp(*words)
    assert again.status == 0
    assert found().trials == trials
    assert "#1 " not in again.out
    other = rnnexp(*words, "study=other", "hydra/launcher=basic")
    assert other.status == 0, other.err
    assert [t.state for t in found(Path("outputs/studies/other")).trials] == [
        t.state for t in trials
    ]


@pytest.mark.isolated
def test_a_search_that_is_killed_goes_on_with_the_trial_that_was_lost(
    rnnexp: Rnnexp, workdir: Path
) -> None:
    words = [*WORDS, "trainer.steps=3000", "hydra.sweeper.at_once=1", "hydra.sweeper.n_trials=1"]
    process = subprocess.Popen([sys.executable, "-m", "rnnexp", *words], start_new_session=True)
    try:
        wait_until(lambda: any(STUDY.glob("*/metrics.csv")))
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (lost,) = found().trials
    assert lost.state == "running"
    outcome = rnnexp(*words)
    assert outcome.status == 0, outcome.err
    (trial,) = found().trials
    assert (trial.state, trial.values) == ("complete", lost.values)


def test_two_processes_do_not_search_in_one_study(rnnexp: Rnnexp) -> None:
    with claimed(STUDY / ".locks" / "search.lock") as free:
        assert free
        outcome = rnnexp(*WORDS)
    assert outcome.status == 2
    assert "another process searches in study s: wait for it, or name another" in outcome.error
    assert not (STUDY / NAME).exists()


def test_a_search_that_goes_on_is_the_same_one(rnnexp: Rnnexp) -> None:
    assert rnnexp(*WORDS, "hydra.sweeper.n_trials=1").status == 0
    before = (STUDY / NAME).read_bytes()
    for words, what in (
        ([f"{LR}=tag(log,interval(1e-4,1))"], "values to search over (optimizer.lr="),
        (["seed=0,1"], "seeds (0)"),
        (["trainer.batch_size=7"], "fixed settings ("),
    ):
        outcome = rnnexp(*WORDS, *words)
        assert outcome.status == 2
        assert f"study s holds a search with other {what}" in outcome.error
    assert rnnexp("-m", *SMALL, "seed=0,1").error.startswith(
        "rnnexp: error: study s holds a search"
    )
    assert (STUDY / NAME).read_bytes() == before
    assert rnnexp(*WORDS, "hydra.sweeper.n_trials=2", "hydra.sweeper.sampler=random").status == 0
    assert rnnexp("-m", *SMALL, "study=plain", "seed=0,1").status == 0
    assert "study plain holds runs of no search" in rnnexp(*WORDS, "study=plain").error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials must be a whole number from 1 on"),
        (["hydra.sweeper.n_trials=2.5"], "hydra.sweeper.n_trials must be a whole number"),
        (["hydra.sweeper.seed=-1"], "hydra.sweeper.seed must be a whole number from 0 on"),
        (["hydra.sweeper.at_once=0"], "hydra.sweeper.at_once must be a whole number from 1 on"),
        (["hydra.sweeper.sampler=cma"], "hydra.sweeper.sampler must be one of tpe, random, grid"),
        (["hydra.sweeper.pruner=best"], "hydra.sweeper.pruner must be one of none, median, hyper"),
        (["hydra.sweeper.timeout=0"], "hydra.sweeper.timeout must be a number of seconds above 0"),
        (["hydra.sweeper.timeout=soon"], "hydra.sweeper.timeout must be a number of seconds"),
        (["hydra.sweeper.trials=5"], "unknown setting 'hydra.sweeper.trials'"),
        (["hydra.sweeper.pruner=median", "jobs.isolate=false"], "jobs.isolate=false gives it none"),
        (["hydra.sweeper.sampler=grid"], "sampler=grid tries every value, and optimizer.lr"),
        (["data.val_count=0"], "the data have no validation split: use data.val_count=1000"),
        ([f"{LR}=interval(-1,1)"], "optimizer.lr must be"),
        (["optimizer.lrr=interval(0.1,1)"], "unknown setting 'optimizer.lrr'"),
        (["model.hidden_size=interval(0,8)"], "model.hidden_size must be"),
        (["model=rnn,lstmm"], "model=lstmm is no option"),
        (["clip=choice(none,7)"], "Config group override must be a string"),
        ([f"{LR}=0.1"], "has nothing to search over"),
        (["name=a,b"], "name cannot be searched over"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_trial_and_nothing_is_written(
    rnnexp: Rnnexp, words: Sequence[str], message: str
) -> None:
    outcome = rnnexp(*WORDS, *words)
    assert outcome.status == 2, outcome.err
    assert message in outcome.error
    assert not Path("outputs").exists()


def test_without_optuna_the_words_to_type_are_told(
    rnnexp: Rnnexp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    outcome = rnnexp(*WORDS)
    assert outcome.status == 2
    assert "pip install 'rnnexp[optuna]'" in outcome.error


def test_on_a_single_run_it_has_no_effect_and_is_refused(rnnexp: Rnnexp) -> None:
    error = rnnexp(*SMALL[:-2], "hydra/sweeper=optuna").error
    assert "hydra/sweeper=optuna has no effect on a single run: add -m" in error


def test_a_search_has_an_end_in_time(rnnexp: Rnnexp) -> None:
    assert rnnexp(*WORDS, "hydra.sweeper.n_trials=1").status == 0
    outcome = rnnexp(*WORDS, "hydra.sweeper.timeout=1e-6")
    assert outcome.status == 0, outcome.err
    assert "hydra.sweeper.timeout=1e-06: no further trials are begun" in outcome.out
    assert "unfinished: 1 of 3 trials have ended" in outcome.out
    assert rnnexp(*WORDS).status == 0
    assert len(found().complete) == 3


def test_what_is_damaged_is_told(rnnexp: Rnnexp) -> None:
    assert rnnexp(*WORDS, "hydra.sweeper.n_trials=1").status == 0
    (STUDY / "optuna.db").write_bytes(b"not a database" * 100)
    outcome = rnnexp(*WORDS)
    assert outcome.status == 2
    assert "optuna.db is damaged" in outcome.error
    (STUDY / "optuna.db").unlink()
    assert "done before" in rnnexp(*WORDS).out
    (STUDY / NAME).write_text("{")
    assert "search.json is damaged: move it away" in rnnexp(*WORDS).error
    assert "search.json is damaged" in rnnexp("report", str(STUDY)).out
    (STUDY / NAME).unlink()  # as the line says
    assert rnnexp(*WORDS).status == 0
    assert found().ended == 3


@pytest.mark.realdata
def test_on_real_reviews(rnnexp: Rnnexp, realdata: Path) -> None:
    outcome = rnnexp(
        "-m", "data=imdb", f"data.path={realdata / 'imdb_30k.csv.gz'}", "data.limit=120",
        "seq_len=10", "trainer.epochs=1", "model=bag,rnn", "embedding.dim=4", "plots=false",
        "probes=none", "study=s", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=2",
        f"{LR}=tag(log,interval(1e-3,1e-1))",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert len(found().complete) == 2
