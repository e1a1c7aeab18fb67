"""A job in a process of its own: the child's side.

It tells its parent over a connection what it says, prints and comes to, and is told when to stop.
The parent imports this module too, so torch is imported where a job begins.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Literal

from rnnexp import plugins
from rnnexp.errors import JobFailed, Terminated, UserError, first_line
from rnnexp.experiment.checked import Checked
from rnnexp.experiment.job import Elsewhere
from rnnexp.experiment.lines import MARKS
from rnnexp.experiment.spec import RunSpec

#: Seconds that a job has to end in order, once it was asked to.
GRACE = 60.0

# -- what is told ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A record of the log. marks: what it carries for the terminal, as `lines.headline_of`."""

    logger: str
    level: int
    text: str
    marks: Mapping[str, object]


@dataclass(frozen=True)
class Printed:
    """What a component has written to the terminal."""

    stream: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True)
class Ended:
    """What became of the job: a score for a search, or the error to raise.

    checked: of one that was only built.
    """

    score: float | None = None
    checked: Checked | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a process that was started earlier lacks: the parent's state as it is now.

    threads: torch's number in the parent; None where it has not imported torch.
    """

    folder: str
    environment: dict[str, str]
    places: list[str]
    plugin_folders: list[Path]
    threads: int | None

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> "Surroundings":
        """environment: of the job; None for that of this process."""
        threads = None
        if "torch" in sys.modules:
            from rnnexp.experiment.build import default_threads

            threads = default_threads()
        variables = dict(os.environ if environment is None else environment)
        return cls(os.getcwd(), variables, list(sys.path), plugins.named(), threads)

    def take_over(self) -> None:
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.path[:] = self.places
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)
        for folder in self.plugin_folders:
            plugins.register(folder)


# -- the job --------------------------------------------------------------------------------------


def work(parent: Connection, surroundings: Surroundings, spec: RunSpec, check: bool) -> None:
    """Carry a job out, or only build it, and tell the parent."""
    told = _Told(parent)
    _listen_for_signals(parent)
    sys.stdout, sys.stderr = _Stream(told, "stdout"), _Stream(told, "stderr")
    package_log = logging.getLogger("rnnexp")
    package_log.setLevel(logging.DEBUG)
    package_log.propagate = False
    package_log.addHandler(_LogToParent(told))
    try:
        surroundings.take_over()
        told.send(Ended(checked=_checked(spec)) if check else Ended(score=_score(spec)))
    except BaseException as error:
        told.send(Ended(error=_picklable(error)))


def _checked(spec: RunSpec) -> Checked:
    from rnnexp.experiment.build import build

    return Checked.of(build(spec))


def _score(spec: RunSpec) -> float | None:
    from rnnexp.experiment.run_spec import run_spec, validation_score

    _, summary = run_spec(spec)
    return None if summary is None else validation_score(spec, summary)


def _picklable(error: BaseException) -> Exception:
    """The error as the parent may raise it: its own class may be known in this process alone."""
    if isinstance(error, KeyboardInterrupt | Terminated):
        return JobFailed("stopped by a signal to its process")
    if isinstance(error, Elsewhere) or type(error).__module__ == UserError.__module__:
        assert isinstance(error, Exception)
        return error
    if isinstance(error, UserError):
        return UserError(str(error))
    failed = JobFailed(f"{type(error).__name__}: {first_line(error)}")
    failed.add_note("".join(traceback.format_exception(error)))
    return failed


class _Told:
    """The parent's end, for all threads; where it is gone, nothing is told."""

    def __init__(self, parent: Connection) -> None:
        self._parent, self._lock = parent, threading.Lock()

    def send(self, message: Line | Printed | Ended) -> None:
        with self._lock, suppress(OSError):
            self._parent.send(message)


class _LogToParent(logging.Handler):
    def __init__(self, told: _Told) -> None:
        super().__init__(logging.INFO)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        marks = {name: value for name in MARKS if (value := getattr(record, name, None))}
        self._told.send(Line(record.name, record.levelno, self.format(record), marks))


class _Stream:
    """A terminal's stream that is the parent's; it is no terminal to draw bars on."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, told: _Told, name: Literal["stdout", "stderr"]) -> None:
        self._told, self._name = told, name

    def write(self, text: str) -> int:
        if text:
            self._told.send(Printed(self._name, text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


# -- signals --------------------------------------------------------------------------------------


def _listen_for_signals(parent: Connection) -> None:
    """End in order at a signal, at the parent's word and with the parent, but once.

    A terminal's Ctrl-C, or a `timeout`, signals parent and child, and the parent passes its signal
    on: what the child has had already does not interrupt it again while it saves its work.
    """
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGHUP", "SIGUSR1", "SIGUSR2"):  # for the parent, which passes on what matters
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave_to_parent)
    arrived, arrives = socket.socketpair()
    arrives.setblocking(False)
    signal.set_wakeup_fd(arrives.fileno(), warn_on_full_buffer=False)
    threading.Thread(
        target=_obey, args=(parent, arrived, arrives), name="rnnexp.parent", daemon=True
    ).start()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated


def _leave_to_parent(signum: int, frame: FrameType | None) -> None:
    pass


def _obey(parent: Connection, arrived: socket.socket, _arrives: socket.socket) -> None:
    """Pass the parent's word on to the main thread, unless the same came by itself.

    _arrives: kept, since it would be closed with its last reference.
    """
    had: set[int] = set()
    while True:
        ready = wait([parent, arrived])
        if arrived in ready:
            had |= set(arrived.recv(64))
            continue
        try:
            stop = int(parent.recv())
            gone = False
        except (EOFError, OSError):
            stop, gone = int(signal.SIGTERM), True
        if not had & {signal.SIGTERM, signal.SIGINT}:
            # one to the whole group may be on its way here
            if wait([arrived], 0.1):
                had |= set(arrived.recv(64))
            if not had & {signal.SIGTERM, signal.SIGINT}:
                os.kill(os.getpid(), stop)
        if gone:
            time.sleep(GRACE)
            os._exit(128 + stop)
