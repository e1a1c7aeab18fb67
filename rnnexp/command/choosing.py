"""Sweepers of rnnexp's own, which choose jobs by the results of those before.

Each lot of jobs is what any study is: checked before the first of them, planned, and carried out by
the launcher that was chosen. What is chosen next follows from results on disk and from nothing
else, so that the same command goes on with a study that was cut short.
"""

import importlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp.command.launcher import checked_jobs
from rnnexp.errors import DataError
from rnnexp.experiment.checked import Checked
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study_run import StudyRun

#: Checks and plans jobs that were chosen, before the first of them; told how many rounds may
#: follow, None of a study that has none.
CheckRound = Callable[[DictConfig, Sequence[Sequence[str]], int | None], None]

#: The jobs of words with several values each: Hydra's own way to make them.
AllJobs = Callable[[Sequence[str]], list[list[str]]]


class ChoosingSweeper(Sweeper):
    """jobs: the words of those that were checked before the study began.

    begins_with_them: whether these are its first jobs; else they only stand for those to come.
    """

    begins_with_them: ClassVar[bool] = True

    def __init__(self, jobs: Sequence[Sequence[str]], check_round: CheckRound) -> None:
        self._jobs, self._check_round = jobs, check_round
        self._failure: Exception | None = None

    @classmethod
    @abstractmethod
    def first_jobs(
        cls, config: DictConfig, words: Sequence[str], all_jobs: AllJobs
    ) -> list[list[str]]:
        """The jobs that are checked before the first of them. Raises ConfigError for what is wrong
        in `hydra.sweeper`.

        words: those of the command and of `hydra.sweeper.params`.
        """

    @classmethod
    def rounds_to_come(cls, config: DictConfig) -> int | None:
        """How many rounds may follow the first; None where that is not known, or nothing follows"""
        return None

    @classmethod
    def check_study(
        cls, config: DictConfig, study: Path, jobs: Sequence[Sequence[str]],
        checked: Sequence[Checked],
    ) -> None:  # fmt: skip
        """Raise ConfigError where the study's directory holds what this one may not go on with."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self._config = config
        self._launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._study = Path(config.hydra.sweep.dir)

    def sweep(self, arguments: list[str]) -> Any:
        """All of it. A job that fails costs its own result; it is raised once all are done."""
        OmegaConf.save(self._config, self._study / "multirun.yaml")  # as Hydra's own sweeper does
        launched = self.choose()
        if self._failure is not None:
            raise self._failure
        return launched

    @abstractmethod
    def choose(self) -> Any:
        """Choose jobs and launch them, as long as there is something to choose."""

    def launch(self, jobs: Sequence[Sequence[str]], first: int) -> Any:
        """What became of the jobs; None where one has failed, which is remembered.

        first: the place of the first among all jobs of the study.
        """
        try:
            return self._launcher.launch(jobs, initial_job_idx=first)
        except Exception as error:  # of a job: the others of its lot have been run
            self._failure = self._failure or error
            if settings.jobs(settings.plain(self._config)).fail_fast:
                raise
            return None


def sweeper_type(config: DictConfig) -> type[ChoosingSweeper] | None:
    """The sweeper of a study that chooses its jobs as it goes; None of Hydra's and other ones."""
    module, _, name = str(config.hydra.sweeper.get("_target_")).rpartition(".")
    if module.partition(".")[0] != __name__.partition(".")[0]:
        return None  # not imported here: Hydra does so itself, and tells what is wrong
    kind = getattr(importlib.import_module(module), name, None)
    return kind if isinstance(kind, type) and issubclass(kind, ChoosingSweeper) else None


def run_of(words: Sequence[str], folders: Mapping[str, Sequence[Path]]) -> StudyRun | None:
    """The run of a job that was checked; None where it left none that can be read.

    folders: of the study, by the beginnings of fingerprints.
    """
    fingerprint = checked_jobs[tuple(words)].identity.fingerprint
    for path in folders.get(fingerprint[:8], ()):
        try:
            run = RunDirectory.open(path)
            summary = run.summary
        except (DataError, OSError):
            continue
        if summary.fingerprint == fingerprint:
            return StudyRun(run, summary)
    return None
