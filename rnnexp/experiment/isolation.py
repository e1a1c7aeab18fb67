"""A job in a process of its own, so that a crash costs that job alone: the parent's side.

The child is forked from a template: a process that has imported torch and computed nothing, started
with the first job. multiprocessing calls it the fork server. Where a device is CUDA, and where
there is no such server, the child is started from nothing (spawned). Never imports torch.
"""

import importlib.metadata
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import Any

from rnnexp.errors import JobFailed, StorageError
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.isolated import GRACE, Ended, Line, Printed, Surroundings, work
from rnnexp.experiment.job import Job, Pruned
from rnnexp.experiment.lines import headlines_only
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.stop import Stop
from rnnexp.results.runs import RunDirectory
from rnnexp.results.stops import asked_to_stop
from rnnexp.results.summary import Status, Summary
from rnnexp.variables import safe_path

log = logging.getLogger(__name__)

#: Seconds between two looks at a child; a notebook's interrupt is noticed between them.
POLL = 0.2

#: Seconds that a process has to end once its job has.
LINGER = 10.0

#: Characters of a log's last line that a reason quotes.
QUOTED = 200


def start_template(device: str) -> None:
    """Let the template import what it has to while the caller goes on, as on another core.

    device: of the jobs to come. Without this the first of them waits for it.
    """
    if _context(device).get_start_method() == "forkserver":
        from multiprocessing import forkserver  # not everywhere

        with _start, _plain_parent(), safe_path():
            forkserver.ensure_running()


def run_isolated(
    spec: RunSpec,
    timeout: float | None = None,
    stop: Stop | None = None,
    environment: Mapping[str, str] | None = None,
) -> float | None:
    """Carry a job out in a child, and return the score for a search for good settings.

    timeout: seconds after which it is asked to end. stop: what signals say where this is not the
    main thread. environment: the child's variables, None for those of this process. Raises what
    the job raised, JobFailed where the child died or was stopped. A signal here, or any other
    exception, ends the child in order first.
    """
    shown = headlines_only.set(True)
    child = None
    try:
        child = _Child(spec, stop=stop, environment=environment)
        return _run(child, spec, timeout)
    finally:
        if child is not None:
            child.close()
        headlines_only.reset(shown)


def check_apart(spec: RunSpec) -> Checked:
    """Build a run in a child, as for a check.

    Raises what building it raises, JobFailed where the child dies of it.
    """
    child = _Child(spec, check=True)
    try:
        child.follow()
        if child.ended is None:
            raise JobFailed(f"{_death(child.exit_status)[1]} while it was built, to be checked")
        if child.ended.error is not None:
            raise child.ended.error
        assert child.ended.checked is not None
        return child.ended.checked
    except BaseException:
        child.stop(signal.SIGTERM)
        raise
    finally:
        child.close()


def _run(child: "_Child", spec: RunSpec, timeout: float | None) -> float | None:
    def unwanted() -> str | None:
        return None if spec.study is None else asked_to_stop(spec.study, spec.fingerprint)

    try:
        in_time = child.follow(timeout, unwanted)
    except BaseException as error:
        child.stop(signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM)
        raise
    if not in_time:
        child.stop(signal.SIGTERM, GRACE)
        has_result = _has_result(child, spec)
        if has_result and child.ended is not None and child.ended.error is not None:
            log.info("%s  had its result when it was stopped", Job.of(spec))
            return None
        if not has_result and (child.ended is None or child.ended.error is not None):
            if (reason := unwanted()) is not None:
                _failed(spec, "pruned", reason)
                RunDirectory(Job.of(spec).there).drop_checkpoints()
                raise Pruned(reason)
            over = f"jobs.timeout={timeout:g}: stopped after so many seconds"
            if child.ended is None:
                raise _failed(spec, "killed", f"{over}, and killed since it went on")
            raise _failed(spec, "interrupted", f"{over}; the same command goes on with it")
    if child.ended is None:
        status, how = _death(child.exit_status)
        if _has_result(child, spec):
            log.warning("%s  has its result, and then was lost: %s", Job.of(spec), how)
            return None
        raise _failed(spec, status, f"{how}{_last_line(spec, child.pid)}")
    failure = child.ended.error
    if failure is None:
        return child.ended.score
    attempt = _attempt_of(child.pid, Job.of(spec))
    if attempt is not None and attempt.status in ("running", "killed"):
        _failed(spec, "failed", str(failure))  # as on a full disk, it could not write so itself
    raise failure


class _Child:
    """The process of a job. ended: what it has told of its end, None until then."""

    def __init__(
        self,
        spec: RunSpec,
        check: bool = False,
        stop: Stop | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """check: only build the run, and tell what it is."""
        self._stop, self._heard = stop or Stop(), 0
        context = _context(str(spec.config.get("device")))
        here = Surroundings.here(environment)
        self.ended: Ended | None = None
        self._connection, theirs = context.Pipe()
        self._process: Any = context.Process(  # type: ignore[attr-defined]
            target=work,
            args=(theirs, here, spec, check),
            name="rnnexp.job",
        )
        with _start, _plain_parent(), safe_path():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def exit_status(self) -> int:
        """Negative: the number of the signal that killed it."""
        return int(self._process.exitcode)

    def follow(
        self, seconds: float | None = None, unwanted: Callable[[], object] = lambda: None
    ) -> bool:
        """Show what it says until it has ended; False where it goes on after so many seconds, or
        is `unwanted`.
        """
        end = float("inf") if seconds is None else time.monotonic() + seconds
        heard = [self._connection]
        while True:
            if told := self._stop.since(self._heard):
                self._heard += 1  # a second Ctrl-C soon after the first is heard as one too
                raise told[0]
            left = min(POLL, end - time.monotonic())
            if self.ended is None and (left <= 0 or unwanted() is not None):
                return False
            ready = wait([*heard, self._process.sentinel], max(left, 0))
            if self._connection in ready:
                if not self._hear():
                    heard.clear()
                elif self.ended is not None:
                    end = time.monotonic() + LINGER
            elif self._process.sentinel in ready:
                self._process.join()
                return True
            elif left <= 0:  # a thread that a component has left behind keeps it up
                self._process.kill()

    def stop(self, how: signal.Signals, seconds: float | None = None) -> None:
        """Ask it to end, and wait until it has saved its work; at once at a second signal here."""
        try:
            with suppress(OSError):  # it has ended
                self._connection.send(int(how))
            if self.follow(seconds):
                return
        finally:
            if self._process.exitcode is None:
                self._process.kill()
                self._process.join()

    def close(self) -> None:
        """Let go of what has ended."""
        self._connection.close()
        with suppress(ValueError):  # killed this moment, at a second signal
            self._process.close()

    def _hear(self) -> bool:
        """Take one message; False where none will come any more."""
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            return False
        if isinstance(message, Line):
            to = logging.getLogger(message.logger)
            to.log(message.level, "%s", message.text, extra=message.marks)
        elif isinstance(message, Printed):
            with suppress(OSError, ValueError):  # nobody reads on
                getattr(sys, message.stream).write(message.text)
        else:
            self.ended = message
        return True


# -- how it is started ----------------------------------------------------------------------------

#: What the template imports before it is forked.
TEMPLATE = ["rnnexp.experiment.template"]

_start = threading.Lock()


def _context(device: str) -> BaseContext:
    forks = sys.platform == "linux" and not _may_be_cuda(device)
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload(TEMPLATE)
    return context


def _may_be_cuda(device: str) -> bool:
    """Whether a job may use CUDA, which a forked process should not; told without torch."""
    if device.startswith("cuda"):
        return True
    driver = any(map(os.path.exists, ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")))
    with suppress(importlib.metadata.PackageNotFoundError):
        return device == "auto" and driver and "+cpu" not in importlib.metadata.version("torch")
    return False


@contextmanager
def _plain_parent() -> Iterator[None]:
    """Inside the block multiprocessing takes nothing over from this process that a job lacks.

    It would run the caller's `__main__` again in the child: a script that calls rnnexp.run without
    `if __name__ == "__main__"` would call it again there. And joblib's workers have a way to start
    processes that is known to joblib alone.
    """
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    method = multiprocessing.get_start_method(allow_none=True)
    known = multiprocessing.get_all_start_methods()
    if method is not None and method not in known:
        multiprocessing.set_start_method(known[0], force=True)
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if method is not None and method not in known:
            multiprocessing.set_start_method(method, force=True)


# -- how it died ----------------------------------------------------------------------------------


def _death(exit_status: int) -> tuple[Status, str]:
    """The status of a job whose process ended without a word, and what is said of it."""
    if exit_status >= 0:
        return "failed", f"its process ended with exit status {exit_status}, and no result"
    try:
        name = signal.Signals(-exit_status).name
    except ValueError:
        name = f"signal {-exit_status}"
    return "killed", f"killed by {name}" + " (out of memory?)" * (name == "SIGKILL")


def _last_line(spec: RunSpec, pid: int) -> str:
    """The last line that the process has written to its log, as the end of a sentence."""
    job = Job.of(spec)
    if _attempt_of(pid, job) is None:
        return ", before it had begun"
    with suppress(OSError):
        text = (job.there / "rnnexp.log").read_text(encoding="utf-8", errors="replace")
        if lines := [line for line in text.split("\n") if line.strip()]:
            shown = "".join(c if c.isprintable() else " " for c in lines[-1][:QUOTED])
            return f"; last line of its log: {shown.strip()}"
    return ", with nothing in its log"


def _has_result(child: _Child, spec: RunSpec) -> bool:
    """Whether the job had all but its figures when its process ended."""
    attempt = _attempt_of(child.pid, Job.of(spec))
    return attempt is not None and attempt.done


def _attempt_of(pid: int, job: Job) -> Summary | None:
    """The job's attempt, if that process of this machine has made it."""
    attempt = job.attempt()
    process = attempt.process if attempt is not None else None
    here = process is not None and (process.host, process.pid) == (socket.gethostname(), pid)
    return attempt if here else None


def _failed(spec: RunSpec, status: Status, reason: str) -> JobFailed:
    """Write down how a job ended, unless another process is at it by now; the error to raise."""
    job = Job.of(spec)
    with suppress(StorageError), job.claimed() as free:
        if free:
            job.record_end(status, reason)
    return JobFailed(reason)
