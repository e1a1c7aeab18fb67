"""hydra/launcher=auto: the jobs of a study on this machine, as many at a time as it has cores for.

Each is a process of its own, followed by a thread of this one: configurations, the order of the
jobs and signals are the main thread's. Jobs that are to stay in this process are run by Hydra's own
launcher, between the others.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from hydra.core.utils import JobReturn, JobRuntime, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from rnnexp.command import study_jobs
from rnnexp.command.places import Places
from rnnexp.command.specs import OfCommand, spec_of
from rnnexp.errors import ConfigError
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.isolation import POLL
from rnnexp.experiment.stop import Stop


@dataclass(frozen=True)
class _Running:
    """A job that a thread follows. taken: of the places. gpu: that it was given, if one."""

    index: int
    config: DictConfig
    taken: int
    gpu: str | None


class SideBySide(Launcher):
    """places: how many jobs run at a time. here: runs those that get no process of their own.

    known: what was found when a job was checked, by its words; of others nothing is known.
    """

    def __init__(
        self, places: Places, here: Launcher, known: Callable[[Sequence[str]], Checked | None]
    ) -> None:
        self._places, self._here, self._known = places, here, known

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self._context, self._task, self._config = hydra_context, task_function, config
        self._here.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Begin the jobs in their order, and return what became of them in the same."""
        setup_globals()
        results: dict[int, JobReturn] = {}
        running: dict[Future[Any], _Running] = {}
        stop = Stop()
        with ThreadPoolExecutor(self._places.count, thread_name_prefix="rnnexp.job") as threads:
            try:
                for index, words in enumerate(job_overrides):
                    number = initial_job_idx + index
                    config = self._composed(words, number)
                    spec = spec_of(config, config.hydra)
                    apart = study_jobs.isolates(spec)
                    known = self._known(words)
                    taken = self._places.taken_by(known)
                    room = taken if apart else self._places.count
                    while self._places.count - sum(job.taken for job in running.values()) < room:
                        self._collect(running, results)
                    if not apart:
                        (results[index],) = self._here.launch([words], number)
                        continue
                    self._context.callbacks.on_job_start(config=config, task_function=self._task)
                    busy = [job.gpu for job in running.values() if job.gpu is not None]
                    gpu = self._places.gpu_for(known, busy)
                    begun = threads.submit(
                        study_jobs.job_of_study, spec, OfCommand.of(config.hydra.job), stop,
                        _environment(config.hydra.job.env_set, gpu),
                    )  # fmt: skip
                    running[begun] = _Running(index, config, taken, gpu)
                while running:
                    self._collect(running, results)
            except Exception:  # as of a job that cannot be composed: those that run are not stopped
                while running:
                    self._collect(running, results)
                raise
            except BaseException as error:
                stop.tell(error)
                _until_ended(running, stop)
                raise
        return [results[index] for index in sorted(results)]

    def _composed(self, words: Sequence[str], number: int) -> DictConfig:
        loader = self._context.config_loader
        config = loader.load_sweep_config(self._config, list(words))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            config.hydra.runtime.output_dir = os.path.abspath(str(config.hydra.sweep.dir))
        return config

    def _collect(self, running: dict[Future[Any], _Running], results: dict[int, JobReturn]) -> None:
        """Wait until a job has ended, and take what became of it."""
        ended: set[Future[Any]] = set()
        while not ended:  # in short: an interrupt from another thread is noticed in between
            ended, _ = wait(running, timeout=POLL, return_when=FIRST_COMPLETED)
        for future in ended:
            job = running.pop(future)
            result = _returned(job.config, future)
            self._context.callbacks.on_job_end(config=job.config, job_return=result)
            results[job.index] = result


def _until_ended(running: Mapping[Future[Any], _Running], stop: Stop) -> None:
    """Let the jobs save their work; at once at a second signal."""
    left = set(running)
    while left:
        try:
            _, left = wait(left, timeout=POLL)
        except BaseException as error:
            stop.tell(error)


def _environment(set_by_words: Mapping[str, Any], gpu: str | None) -> dict[str, str]:
    """gpu: the one that the job sees, of several; what words set goes before."""
    own = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
    return {**os.environ, **own, **{str(name): str(v) for name, v in set_by_words.items()}}


def _returned(config: DictConfig, future: Future[Any]) -> JobReturn:
    """What Hydra's own launchers return of a job."""
    keys = [str(key) for key in config if key != "hydra"]
    result = JobReturn(
        overrides=list(config.hydra.overrides.task),
        cfg=OmegaConf.masked_copy(config, keys),
        hydra_cfg=OmegaConf.masked_copy(config, ["hydra"]),
        working_dir=os.getcwd(),
        task_name=JobRuntime.instance().get("name"),
    )
    error = future.exception()
    if isinstance(error, Exception):
        result.status, result.return_value = JobStatus.FAILED, error
    elif error is not None:
        raise error
    else:
        result.status, result.return_value = JobStatus.COMPLETED, future.result()
    return result


# -- what a configuration says of it --------------------------------------------------------------

#: The launcher that Hydra brings along: one job after the other, in this process.
HYDRAS_OWN = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def runs_here(config: DictConfig) -> bool:
    """Whether the jobs of a study are started by this process; other launchers have workers."""
    return chooses_itself(config) or _target(config) == HYDRAS_OWN


def chooses_itself(config: DictConfig) -> bool:
    """Whether rnnexp decides how many jobs run at a time (hydra/launcher=auto)."""
    return _target(config) == _path(SideBySide)


def may_run_elsewhere(config: DictConfig) -> bool:
    """Whether the jobs of a study may be carried out by another machine than this one."""
    return not (runs_here(config) or _target(config).startswith("hydra_plugins.hydra_joblib_"))


def _target(config: DictConfig) -> str:
    return str(config.hydra.launcher._target_)


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def jobs_asked_for(config: DictConfig) -> int | None:
    """How many jobs are to run at a time, None where rnnexp decides; Hydra's own knows but one.

    Raises ConfigError for what is no such number, and for what this launcher does not know.
    """
    known = {"_target_", "n_jobs"} if chooses_itself(config) else {"_target_"}
    if unknown := [str(key) for key in config.hydra.launcher if key not in known]:
        raise ConfigError(
            f"hydra.launcher.{unknown[0]} has no effect on the jobs of this machine: leave it out"
        )
    if not chooses_itself(config):
        return 1
    asked = config.hydra.launcher.get("n_jobs")
    if asked is not None and (not isinstance(asked, int) or isinstance(asked, bool) or asked < 1):
        raise ConfigError(f"hydra.launcher.n_jobs must be a whole number from 1 on (got {asked})")
    return asked
