"""A job of a study as a launcher calls it, here or in a worker: in a process of its own, and alone.

What a worker must know of the command it works for travels with the job's configuration.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from rnnexp import config as settings
from rnnexp.command.specs import OfCommand
from rnnexp.errors import JobFailed, Terminated, first_line
from rnnexp.experiment.isolated import GRACE
from rnnexp.experiment.isolation import run_isolated
from rnnexp.experiment.job import Elsewhere, Job, Pruned
from rnnexp.experiment.lines import HEADLINE, headline_of
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.stop import Stop
from rnnexp.results.stops import asked_to_stop

log = logging.getLogger(__name__)

#: What a job returns that another process is at: a text, since it comes from a worker.
ELSEWHERE = "elsewhere"


#: The commands of this process; a worker has none.
commands_here: set[str] = set()


def job_of_study(
    spec: RunSpec,
    command: OfCommand,
    stop: Stop | None = None,
    environment: Mapping[str, str] | None = None,
) -> float | str | None:
    """Run a job, and return its score, `ELSEWHERE`, or None where there is none.

    stop, environment: see `run_isolated`.
    """
    assert spec.study is not None
    jobs = settings.jobs(spec.config)
    failure = command.failure(spec.study)
    if jobs.fail_fast and failure.exists():
        log.info(
            "%s  not begun: another job has failed (jobs.fail_fast)", Job.of(spec), extra=HEADLINE
        )
        return None
    with _worker_of(command):
        try:
            if (reason := asked_to_stop(spec.study, spec.fingerprint)) is not None:
                raise Pruned(reason)
            if isolates(spec):
                return run_isolated(spec, jobs.timeout, stop, environment)
            return _run_here(spec)
        except Elsewhere:
            log.info("%s  runs in another process", Job.of(spec), extra=HEADLINE)
            return ELSEWHERE
        except Pruned as reason:
            log.info("%s  pruned: %s", Job.of(spec), reason, extra=HEADLINE)
            return None
        except Exception as error:
            log.warning("%s  %s", Job.of(spec), _shown(error), extra=headline_of("fault"))
            if jobs.fail_fast:
                failure.touch()
            raise  # Hydra goes on with the next job and remembers this one


def isolates(spec: RunSpec) -> bool:
    """Whether the job gets a process of its own."""
    return settings.jobs(spec.config).isolate


def _run_here(spec: RunSpec) -> float | None:
    """In this process. What a component raises to end the process ends the job alone."""
    from rnnexp.experiment.run_spec import run_spec, validation_score

    try:
        _, summary = run_spec(spec)
    except (Exception, KeyboardInterrupt, Terminated):
        raise
    except BaseException as error:
        if _is_of_submitit(error):
            raise
        raise JobFailed(_shown(error)) from error
    return None if summary is None else validation_score(spec, summary)


def _shown(error: BaseException) -> str:
    line = first_line(error)
    return line if isinstance(error, JobFailed) else f"{type(error).__name__}: {line}"


def _is_of_submitit(error: BaseException) -> bool:
    """Whether submitit ends the process, which it does once it has queued the job again."""
    step = error.__traceback__
    while step is not None:
        if str(step.tb_frame.f_globals.get("__name__")).startswith("submitit."):
            return True
        step = step.tb_next
    return False


# -- a launcher's worker --------------------------------------------------------------------------

_stopping = threading.Event()
_at_work = threading.Event()


@contextmanager
def _worker_of(command: OfCommand) -> Iterator[None]:
    """In a launcher's worker: a signal ends its job in order, and it ends with its parent.

    Once it was stopped it begins no other job, whatever the launcher still hands to it.
    """
    if command.id in commands_here or threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGTERM) is not _stop_work:
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, _stop_work)
        threading.Thread(target=_end_with_parent, name="rnnexp.parent", daemon=True).start()
    if _stopping.is_set():
        raise Terminated
    _at_work.set()
    try:
        yield
    finally:
        _at_work.clear()


def _stop_work(signum: int, frame: FrameType | None) -> None:
    first = not _stopping.is_set()
    _stopping.set()
    if first and _at_work.is_set():
        raise KeyboardInterrupt if signum == signal.SIGINT else Terminated


def _end_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(int(GRACE / 0.1)):
        if not _at_work.is_set():
            break
        time.sleep(0.1)
    os._exit(128 + signal.SIGTERM)
