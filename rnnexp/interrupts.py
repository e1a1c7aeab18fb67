"""Signals that end a training: they wait while a step is under way, and come between two steps.

A signal handler runs between any two bytecodes, the middle of an optimizer's step among them. What
is in memory then is no state that an uninterrupted training has ever had. Inside `deferred` a
signal is noted; whoever computes looks at it where the state is whole, saves it, and lets the
signal's own handler do what it would have done.
"""

import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C, a request to end, and those by which schedulers say that a job will be preempted.
SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)

#: Seconds that a step has to end in; one that hangs is cut, and the last checkpoint stands.
PATIENCE = 10.0


class Pending:
    """Whether a signal has come; true until it is delivered."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._deliver: Callable[[], object] | None = None
        self._insist: threading.Timer | None = None

    def __bool__(self) -> bool:
        return self._deliver is not None

    def note(self, deliver: Callable[[], object], again: Callable[[], object]) -> None:
        """A signal has come. A second one does not wait: somebody insists.

        again: sends it a second time; called where what it waits for takes too long.
        """
        if self._deliver is not None:
            deliver()
            return
        self._deliver = deliver
        if self._patience is not None:
            self._insist = threading.Timer(self._patience, again)
            self._insist.daemon = True
            self._insist.start()

    def deliver(self) -> None:
        """Do what the signal's own handler does, which mostly raises; nothing if none has come."""
        deliver, self._deliver = self._deliver, None
        if self._insist is not None:
            self._insist.cancel()
        if deliver is not None:
            deliver()


#: What threads other than the main one wait with, by their identity: signals do not reach them.
_of_threads: dict[int, Pending] = {}


@contextmanager
def deferred(patience: float | None = PATIENCE) -> Iterator[Pending]:
    """Inside the block signals wait for `Pending.deliver`; what waits at its end is delivered.

    patience: seconds that a signal waits at most, None for as long as it takes.
    """
    pending = Pending(patience)
    if threading.current_thread() is threading.main_thread():
        block = _handlers_deferred(pending)
    else:
        block = _thread_deferred(pending)
    with block:
        yield pending
    pending.deliver()


@contextmanager
def _handlers_deferred(pending: Pending) -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    # a signal that nobody handles does what the system does: ends the process, or nothing
    previous = {number: handler for number, handler in handlers.items() if callable(handler)}

    main = threading.main_thread().ident or 0

    def note(number: int, frame: FrameType | None) -> None:
        pending.note(
            lambda: previous[signal.Signals(number)](number, None),
            again=lambda: signal.pthread_kill(main, number),
        )

    for number in previous:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _thread_deferred(pending: Pending) -> Iterator[None]:
    me = threading.get_ident()
    outer = _of_threads.get(me)
    _of_threads[me] = pending
    try:
        yield
    finally:
        if outer is None:
            del _of_threads[me]
        else:
            _of_threads[me] = outer


def interrupt(thread: int, kind: type[BaseException]) -> None:
    """Raise an exception in another thread, between two steps where it trains."""

    def now() -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))

    def later() -> None:
        raise kind

    pending = _of_threads.get(thread)
    if pending is None or pending:
        now()
    else:
        pending.note(later, again=now)
