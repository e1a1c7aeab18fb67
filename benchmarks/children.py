"""A process for each peer, which trains when it is asked to and tells how long it took.

So a round of one peer can follow a round of another, though their frameworks cannot share a
process, nor a mode of denormal numbers. While one trains, the others wait.
"""

import contextlib
import gc
import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.base import Peer, Round, Training

#: Where the time goes is added up over so many: a single step has its moods.
PROFILED_STEPS = 5


@dataclass(frozen=True)
class Done:
    """What a process answers. busy_seconds: the CPU time of the round, of all threads.

    peak_bytes: the most memory that the process has held so far.
    """

    round: Round
    busy_seconds: float
    peak_bytes: int


class Child:
    """A peer's process. Use as `with Child(peer, threads) as child`.

    Raises RuntimeError, with the traceback of the process, where something fails in it.
    """

    def __init__(self, peer: Peer, threads: int) -> None:
        self.peer = peer
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, peer, threads), daemon=True)
        self._process.start()
        far.close()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def works(self) -> bool:
        """Whether the machine has what the peer needs."""
        return bool(self._ask("works"))

    def prepare(self, case: Case) -> None:
        """Make the model and the data of that case; what was before is forgotten."""
        self._ask("prepare", case)

    def train(self, steps: int) -> Done:
        done: Done = self._ask("train", steps)
        return done

    def forget_peak(self) -> int:
        """Count the most memory anew from now on; what the process holds now, in bytes."""
        return int(self._ask("forget_peak"))

    def profile(self) -> str:
        """Where the time of a step goes: the operations of torch that take most of it."""
        return str(self._ask("profile"))

    def _ask(self, *request: Any) -> Any:
        try:
            self._pipe.send(request)
            went_well, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(5)
            raise RuntimeError(
                f"{self.peer.name}: its process ended with status {self._process.exitcode}"
            ) from error
        if not went_well:
            raise RuntimeError(f"{self.peer.name}:\n{answer}")
        return answer


@contextlib.contextmanager
def children(peers: Sequence[Peer], threads: int) -> Iterator[list[Child]]:
    """The processes of all `peers`, which start together."""
    with ExitStack() as stack:
        yield [stack.enter_context(Child(peer, threads)) for peer in peers]


def peak_bytes() -> int:
    """The most memory that this process has held, in bytes.

    Linux's VmHWM where there is one: ru_maxrss counts what the process held before it became
    another program, and so the memory of the one that started it.
    """
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


class _Server:
    """The process' side: a method for each request."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._training: Training | None = None

    def works(self) -> bool:
        return self.peer.works()

    def prepare(self, case: Case) -> None:
        self._training = None
        self._training = self.peer.training(case)

    def train(self, steps: int) -> Done:
        assert self._training is not None
        before = time.process_time()
        done = self._training(steps)
        return Done(done, time.process_time() - before, peak_bytes())

    def forget_peak(self) -> int:
        gc.collect()
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as switch:
            switch.write("5")
        return peak_bytes()

    def profile(self) -> str:
        from torch.profiler import ProfilerActivity, profile

        assert self._training is not None
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for _ in range(PROFILED_STEPS):
                self._training(1)
        averages = profiler.key_averages()
        total = sum(event.self_cpu_time_total for event in averages)
        most = sorted(averages, key=lambda event: event.self_cpu_time_total, reverse=True)[:8]
        return "\n".join(
            f"{event.self_cpu_time_total / total:6.1%}  {event.count // PROFILED_STEPS:6d} x  "
            f"{event.key}"
            for event in most
        )


def _serve(pipe: Connection, peer: Peer, threads: int) -> None:
    os.environ.update(peer.environment(threads))
    if hasattr(os, "sched_setaffinity"):
        # Some frameworks start as many threads as there are cores, whatever they are told.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    failed: str | None = None
    try:
        peer.start(threads)
    except Exception:
        failed = traceback.format_exc()
    server = _Server(peer)
    while (request := _next(pipe)) is not None:
        try:
            if failed is not None:
                pipe.send((False, failed))
                continue
            pipe.send((True, getattr(server, request[0])(*request[1:])))
        except Exception:
            pipe.send((False, traceback.format_exc()))


def _next(pipe: Connection) -> Any:
    """The next request; None at the end, or where who asks is gone."""
    try:
        return pipe.recv()
    except EOFError:
        return None
    except KeyboardInterrupt:
        return None
