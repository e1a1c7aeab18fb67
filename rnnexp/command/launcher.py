"""Hydra's launcher, whichever was chosen, with what a study asks of it.

The largest jobs come first, those that failed before last. A job that another process is at is
waited for, and then looked at again: two equal studies share the work, and both end with all of it.
"""

import logging
import secrets
import signal
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from rnnexp import config as settings
from rnnexp.command.output import output
from rnnexp.command.specs import OfCommand
from rnnexp.command.study_jobs import ELSEWHERE, commands_here
from rnnexp.errors import DataError
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.job import Job
from rnnexp.experiment.spec import RunSpec
from rnnexp.results.reading import folders_by_fingerprint
from rnnexp.results.runs import RunDirectory

log = logging.getLogger(__name__)

#: Seconds between two looks at a job that another process is at.
POLL = 0.5


#: What was found when the jobs of the study that is about to begin were checked, by their words.
checked_jobs: dict[tuple[str, ...], Checked] = {}


def known(words: Sequence[str]) -> Checked | None:
    """What was found when a job was checked; None of one that a sweeper decides on as it goes."""
    return checked_jobs.get(tuple(word for word in words if not OfCommand.is_word(word)))


class StudyLauncher(Launcher):
    """inner: what starts the jobs. config: of the study, without what varies.

    known: what was found when a job was checked; None of one that a sweeper decides on as it goes.
    end_workers: ends the jobs of workers in order; called before a signal does anything else.
    spec_of: a job's settings from its words.
    """

    def __init__(
        self,
        inner: Launcher,
        config: DictConfig,
        known: Callable[[Sequence[str]], Checked | None],
        end_workers: Callable[[], None],
        spec_of: Callable[[Sequence[str]], RunSpec],
    ) -> None:
        self._inner, self._known, self._end_workers = inner, known, end_workers
        self._config, self._spec_of = config, spec_of
        self._study = Path(config.hydra.sweep.dir)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """The inner one has been set up."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        jobs = {initial_job_idx + i: list(words) for i, words in enumerate(job_overrides)}
        command = secrets.token_hex(4)
        commands_here.add(command)
        results: dict[int, JobReturn] = {}
        try:
            with _first(self._end_workers):
                there = folders_by_fingerprint(self._study)
                todo = sorted(jobs, key=lambda number: self._turn(jobs[number], there))
                again = self._trained_together(jobs)
                while todo:
                    words = [[*jobs[n], self._told(command, n, again)] for n in todo]
                    launched = self._inner.launch(words, initial_job_idx=initial_job_idx)
                    results |= dict(zip(todo, launched, strict=True))
                    todo = self._freed({n: r for n, r in results.items() if _left(r)})
                    again = set(todo)
        finally:
            commands_here.discard(command)
            OfCommand(command, 0).failure(self._study).unlink(missing_ok=True)
        for number in jobs:
            result = results[number]
            if result.status == JobStatus.FAILED:  # else Hydra writes a line of its own first
                raise result._return_value
        return [results[number] for number in jobs]

    def _told(self, command: str, number: int, again: Container[int]) -> str:
        return OfCommand(command, number, number in again, output.get()).word()

    def _trained_together(self, jobs: Mapping[int, Sequence[str]]) -> set[int]:
        """The jobs that were trained as one program, which the inner launcher then finds done."""
        if settings.jobs(settings.plain(self._config)).replicas is None:
            return set()
        from rnnexp.experiment.together import train_jobs_together

        specs = [
            replace(self._spec_of(words), study=self._study, job=number)
            for number, words in jobs.items()
        ]
        return train_jobs_together(specs)

    def _turn(
        self, words: Sequence[str], there: Mapping[str, Sequence[Path]]
    ) -> tuple[bool, float]:
        """The largest first, so that none is left alone at the end; what failed before last.

        there: the folders of the study's jobs, by the beginning of their fingerprints.
        """
        known = self._known(words)
        if known is None:
            return False, 0.0
        return _failed_before(there.get(known.identity.fingerprint[:8], ())), -known.work

    def _freed(self, waiting: Mapping[int, JobReturn]) -> list[int]:
        """The jobs that no other process is at any more, once there are any."""
        if not waiting:
            return []
        jobs = {number: self._job(result) for number, result in waiting.items()}
        first = ", ".join(str(job) for job in list(jobs.values())[:3])
        more = f" and {len(jobs) - 3} more" if len(jobs) > 3 else ""
        log.info("waiting for %s%s, which another process runs (Ctrl-C ends this)", first, more)
        while True:
            free = [number for number, job in jobs.items() if job.is_free()]
            if free:
                return free
            time.sleep(POLL)

    def _job(self, result: JobReturn) -> Job:
        assert result.cfg is not None
        assert result.hydra_cfg is not None
        spec = replace(
            RunSpec.of_config(settings.plain(result.cfg)),
            words=tuple(result.overrides or ()),
            study=self._study,
            job=OfCommand.of(result.hydra_cfg.hydra.job).number,
        )
        return Job.of(spec)


def _failed_before(paths: Sequence[Path]) -> bool:
    """Whether the first of a job's folders that can be read says so."""
    for path in paths:
        try:
            return RunDirectory.open(path).summary.status in ("failed", "killed")
        except DataError:
            continue
    return False


def _left(result: JobReturn) -> bool:
    return result.status == JobStatus.COMPLETED and result.return_value == ELSEWHERE


@contextmanager
def _first(end_workers: Callable[[], None]) -> Iterator[None]:
    """Inside the block a signal to end calls `end_workers` and then does what it did before.

    Only a process' main thread may say what a signal does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    before = {signum: handler for signum, handler in before.items() if callable(handler)}

    def end(signum: int, frame: FrameType | None) -> None:
        put_back()  # a second signal does not wait
        end_workers()
        before[signum](signum, frame)

    def put_back() -> None:
        for signum, handler in before.items():
            signal.signal(signum, handler)

    for signum in before:
        signal.signal(signum, end)
    try:
        yield
    finally:
        put_back()
