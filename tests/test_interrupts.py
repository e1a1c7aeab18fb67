"""Signals wait for a whole state, and then do what they would have done."""

import signal
import threading
import time

import pytest

from rnnexp.interrupts import deferred, interrupt
from tests.conftest import HANGS


def test_a_signal_waits_until_it_is_delivered() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred() as signals:
        signal.raise_signal(signal.SIGINT)
        assert signals
        with pytest.raises(KeyboardInterrupt):
            signals.deliver()
        assert not signals
    assert signal.getsignal(signal.SIGINT) is before


def test_what_waits_at_the_end_is_delivered() -> None:
    with pytest.raises(KeyboardInterrupt), deferred():
        signal.raise_signal(signal.SIGINT)


def test_a_second_signal_does_not_wait() -> None:
    with deferred() as signals:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signals.deliver()


def test_somebody_elses_handler_is_the_one_that_is_called() -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: calls.append(number))
    try:
        with deferred() as signals:
            signal.raise_signal(signal.SIGUSR2)
            assert not calls
            signals.deliver()
            assert calls == [signal.SIGUSR2]
    finally:
        signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize("waits", [True, False])
def test_a_thread_is_interrupted_between_two_steps(waits: bool) -> None:
    steps: list[str] = []
    begun = threading.Event()

    def work() -> None:
        try:
            if not waits:
                begun.set()
                while True:
                    time.sleep(0.001)
            with deferred() as signals:
                while True:
                    begun.set()
                    time.sleep(0.01)  # a step
                    steps.append("whole")
                    signals.deliver()
        except KeyboardInterrupt:
            steps.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    interrupt(thread.ident or 0, KeyboardInterrupt)
    thread.join(HANGS)
    assert not thread.is_alive()
    assert steps[-1] == "stopped"
    assert steps[:-1] == ["whole"] * (len(steps) - 1)


def test_a_step_that_hangs_is_cut() -> None:
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), deferred(patience=0.2):
        _step_that_is_interrupted()
    assert time.monotonic() - began < HANGS


def _step_that_is_interrupted() -> None:
    signal.raise_signal(signal.SIGINT)
    time.sleep(2 * HANGS)
