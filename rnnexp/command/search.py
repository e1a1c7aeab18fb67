"""hydra/sweeper=optuna: a search for the settings with the best validation score.

Every trial is a lot of jobs, one for each seed, that are checked, planned and carried out as those
of any study are. What a trial came to is read off its runs; Optuna keeps it in a file of the study,
and what is tried next is a function of that and of the sampler's seed: a search that was cut short
goes on to the trials that it would have made.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp.command import study_jobs
from rnnexp.command.choosing import AllJobs, ChoosingSweeper, run_of
from rnnexp.command.console import say
from rnnexp.command.launcher import checked_jobs
from rnnexp.command.places import Places
from rnnexp.command.pruning import Watcher
from rnnexp.command.side_by_side import jobs_asked_for, runs_here
from rnnexp.command.space import Space
from rnnexp.command.trials import PRUNERS, SAMPLERS, STORAGE, Trials
from rnnexp.command.words import one_line, user_errors
from rnnexp.errors import ConfigError, DataError, to_type
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.claims import claimed
from rnnexp.results.reading import folders_by_fingerprint, job_folders
from rnnexp.results.search import Search, Trial
from rnnexp.results.stops import asked_to_stop, withdraw
from rnnexp.results.summary import Reading
from rnnexp.scores import Score


@dataclass(frozen=True)
class Plan:
    """The settings of `hydra.sweeper`, checked."""

    n_trials: int
    sampler: str
    seed: int
    startup: int
    pruner: str
    timeout: float | None
    at_once: int | None

    @classmethod
    def of(cls, config: DictConfig) -> "Plan":
        """Raises ConfigError for what is wrong in them."""
        own = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
        assert isinstance(own, dict)
        values: dict[str, Any] = {str(key): value for key, value in own.items()}
        for key, least, may_be_null in (
            ("n_trials", 1, False), ("seed", 0, False), ("startup", 1, False), ("at_once", 1, True),
        ):  # fmt: skip
            value = values[key]
            if value is None and may_be_null:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"hydra.sweeper.{key} must be a whole number from {least} on (got {value})"
                )
        for key, names in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
            if values[key] not in names:
                raise ConfigError(
                    f"hydra.sweeper.{key} must be one of {', '.join(names)} (got {values[key]})"
                )
        timeout = values["timeout"]
        if timeout is not None and (
            not isinstance(timeout, int | float) or isinstance(timeout, bool) or not timeout > 0
        ):
            raise ConfigError(
                f"hydra.sweeper.timeout must be a number of seconds above 0 (got {timeout})"
            )
        jobs = settings.jobs(settings.plain(config))
        if values["pruner"] != "none" and not jobs.isolate:
            raise ConfigError(
                f"hydra.sweeper.pruner={values['pruner']} stops the process of a job, and "
                "jobs.isolate=false gives it none: use hydra.sweeper.pruner=none"
            )
        return cls(**{key: values[key] for key in cls.__dataclass_fields__})


class OptunaSweeper(ChoosingSweeper):
    """Trial after trial, in lots of as many as run at a time."""

    begins_with_them: ClassVar[bool] = False

    @classmethod
    def first_jobs(
        cls, config: DictConfig, words: Sequence[str], all_jobs: AllJobs
    ) -> list[list[str]]:
        """Those at the corners of the space, to be checked; none of them need be a trial."""
        _check_is_installed()
        plan, space = Plan.of(config), Space.of(config, words)
        if plan.sampler == "grid":
            next(space.grid())
        return space.corners()

    @classmethod
    def check_study(
        cls, config: DictConfig, study: Path, jobs: Sequence[Sequence[str]],
        checked: Sequence[Checked],
    ) -> None:  # fmt: skip
        search = _search(config, jobs, checked)
        if (before := Search.read(study)) is None:
            if job_folders(study) and not (study / STORAGE).exists():
                raise ConfigError(
                    f"study {study.name} holds runs of no search: name another, as in "
                    f"{to_type('study', f'{study.name}_search')}"
                )
            return
        if (what := _difference(before, search)) is not None:
            raise ConfigError(
                f"study {study.name} holds a search with other {what}: name another study, as in "
                f"{to_type('study', f'{study.name}_2')}"
            )

    def choose(self) -> Any:
        with claimed(self._study / ".locks" / "search.lock") as free:
            if not free:
                raise ConfigError(
                    f"another process searches in study {self._study.name}: wait for it, or name "
                    f"another, as in {to_type('study', f'{self._study.name}_2')}"
                )
            with _damage_told(self._study):
                return self._search()

    def _search(self) -> Any:
        checked = [checked_jobs[tuple(words)] for words in self._jobs]
        plan, search = Plan.of(self._config), _search(self._config, self._jobs, checked)
        space = Space(search.space, search.fixed, search.seeds)
        trials = Trials(self._study, search, space, plan.seed, plan.startup)
        if plan.sampler == "grid" and trials.most < plan.n_trials:
            say(f"sampler=grid: {trials.most} points, all of them are tried")
        at_once = plan.at_once or self._at_once(len(space.seeds), checked)
        seeds = f", each with seeds {', '.join(map(str, space.seeds))}" * (len(space.seeds) > 1)
        best = "highest" if search.reading.better == "high" else "lowest"
        say(
            f"search for the {best} validation {search.score}: {search.n_trials} trials{seeds}, "
            f"{at_once} at a time; sampler {plan.sampler}, pruner {plan.pruner}"
        )
        began, launched = time.monotonic(), []
        while lot := trials.next_lot(at_once):
            if plan.timeout is not None and time.monotonic() - began > plan.timeout:
                say(f"hydra.sweeper.timeout={plan.timeout:g}: no further trials are begun")
                break
            launched.append(self._run(trials, space, lot, checked[0].rows))
            trials.write()
        trials.write()
        return launched

    def _at_once(self, seeds: int, checked: Sequence[Checked]) -> int:
        """As many trials as run at a time here, with all their seeds; elsewhere eight jobs."""
        if not runs_here(self._config):
            jobs = self._config.hydra.launcher.get("n_jobs")
            jobs = jobs if isinstance(jobs, int) and jobs > 0 else 8
        else:
            isolates = study_jobs.isolates(RunSpec(settings.plain(self._config)))
            places = Places.here(jobs_asked_for(self._config), not isolates, checked)
            jobs = min(max(1, places.count // places.taken_by(job)) for job in checked)
        return max(1, int(jobs) // seeds)

    def _run(self, trials: Trials, space: Space, lot: Sequence[Trial], rows: int) -> Any:
        """Carry out some trials, and tell what they came to."""
        jobs: dict[int, list[list[str]]] = {}
        for trial in lot:
            words = space.jobs(trial.values)
            try:
                self._check_round(self._config, words, None)
            except user_errors() as error:  # what its corners have not shown
                trials.tell(trial, "refused", reason=one_line(error))
                say(f"trial {trial.number} is refused: {one_line(error)}")
                continue
            jobs[trial.number] = words
            trial.fingerprints = {
                seed: checked_jobs[tuple(job)].identity.fingerprint
                for seed, job in zip(space.seeds, words, strict=True)
            }
        lot = [trial for trial in lot if trial.number in jobs]
        if not lot:
            return None
        first = lot[0].number * len(space.seeds)
        with Watcher(self._study, trials, lot, rows):
            launched = self.launch([job for words in jobs.values() for job in words], first)
        folders = folders_by_fingerprint(self._study)
        for trial in lot:
            _tell(trials, trial, self._study, jobs[trial.number], folders)
        return launched


def _tell(
    trials: Trials, trial: Trial, study: Path, jobs: Sequence[Sequence[str]], folders: Any
) -> None:
    """What a trial came to, by what is on disk of its runs."""
    runs = {
        seed: run_of(words, folders) for seed, words in zip(trial.fingerprints, jobs, strict=True)
    }
    stopped = [asked_to_stop(study, fingerprint) for fingerprint in trial.fingerprints.values()]
    scores = {
        seed: run.summary.best_validation
        for seed, run in runs.items()
        if run is not None and run.summary.status == "finished"
    }
    by_seed = {seed: score for seed, score in scores.items() if score is not None}
    if reason := next(filter(None, stopped), None):
        trials.tell(trial, "pruned", by_seed, reason)
        for fingerprint in trial.fingerprints.values():
            withdraw(study, fingerprint)
        return
    diverged = [
        f"seed {seed}: {run.summary.reason}"
        for seed, run in runs.items()
        if run is not None and run.summary.status == "diverged"
    ]
    if not all(run is not None and run.summary.done for run in runs.values()):
        trials.give_up(trial)  # until the same command comes again
    elif diverged:
        trials.tell(trial, "diverged", by_seed, "; ".join(diverged))
    elif unscored := [f"seed {seed}" for seed in runs if seed not in by_seed]:
        reason = f"{', '.join(unscored)}: no epoch has a validation {trials.score}"
        trials.tell(trial, "unscored", by_seed, reason)
    else:
        trials.tell(trial, "complete", by_seed)


# -- what is searched ------------------------------------------------------------------------------


def _search(
    config: DictConfig, jobs: Sequence[Sequence[str]], checked: Sequence[Checked]
) -> Search:
    """The search of a command, without its trials.

    jobs: at the corners of the space. Raises ConfigError where they have no validation score.
    """
    plan = Plan.of(config)
    words = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    space = Space.of(config, [*words, *config.hydra.overrides.task])
    score = _objective(jobs, checked)
    most = sum(1 for _ in space.grid()) if plan.sampler == "grid" else plan.n_trials
    return Search(
        space=list(space.dimensions),
        fixed=list(space.fixed),
        seeds=list(space.seeds),
        score=score.name,
        reading=Reading.of(score),
        perfect=score.perfect,
        identity=checked[0].identity.fingerprint,
        sampler=plan.sampler,
        pruner=plan.pruner,
        n_trials=min(plan.n_trials, most),
    )


def _objective(jobs: Sequence[Sequence[str]], checked: Sequence[Checked]) -> Score:
    scores: dict[str, Score] = {}
    for words, job in zip(jobs, checked, strict=True):
        if job.monitor is None:
            raise ConfigError(
                "hydra/sweeper=optuna searches by a validation score, and the data have no "
                "validation split: use data.val_count=1000 or data.split=80/10/10 "
                f"[in {' '.join(words)}]"
            )
        scores[job.monitor.name] = job.monitor
    if len(scores) > 1:
        raise ConfigError(
            f"hydra/sweeper=optuna searches by one score, and this space has several: "
            f"{', '.join(scores)}"
        )
    return next(iter(scores.values()))


def _difference(before: Search, now: Search) -> str | None:
    """In what a search differs from one that could go on with it, in words; None: in nothing.

    The number of trials, the sampler and the pruner may be others.
    """
    if {d.name: d.distribution() for d in before.space} != {
        d.name: d.distribution() for d in now.space
    }:
        shown = " ".join(f"{d.key}={d.words}" for d in before.space)
        return f"values to search over ({shown})"
    if before.seeds != now.seeds:
        return f"seeds ({', '.join(map(str, before.seeds))})"
    if before.score != now.score:
        return f"score (validation {before.score})"
    if before.identity != now.identity:
        return f"fixed settings ({' '.join(before.fixed)})"
    return None


def _check_is_installed() -> None:
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise ConfigError(
            "hydra/sweeper=optuna needs Optuna: pip install 'rnnexp[optuna]'"
        ) from None


@contextmanager
def _damage_told(study: Path) -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        what = str(error).splitlines()[0]
        raise DataError(
            f"{study / STORAGE} is damaged ({what}): move it away; the same command makes it "
            "anew, with the runs that are there"
        ) from None
