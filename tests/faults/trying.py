"""Commands tried one after the other in a process of their own, and what each came to."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.faults import worker

#: Seconds of computing after which a command is taken to hang: each takes a third of a second.
LIMIT = 20.0

#: Seconds after which one that waits for something is: the machine may be busy with other things,
#: and one that computes is to be ended by what it has computed.
WAITING = 600.0

#: A line on a terminal that somebody reads.
LONGEST_LINE = 1200


@dataclass
class Tried:
    """What a command came to. status: None where it hung, and where it took its process down."""

    words: Sequence[str]
    status: int | None
    err: str = ""
    written: Sequence[str] = ()
    kind: str = ""

    @property
    def line(self) -> str:
        """The line that says what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("rnnexp: ")]
        return lines[-1] if lines else ""

    def names(self, *names: str) -> bool:
        """Whether the line that says what went wrong holds one of the names."""
        return any(name in self.line for name in names)


@dataclass
class Trials:
    """The process of the commands, in a folder of its own."""

    folder: Path
    bounds: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def each(self, commands: Iterable[Sequence[str]]) -> Iterator[Tried]:
        try:
            for words in commands:
                yield self.one(words)
        finally:
            self.end()

    def one(self, words: Sequence[str]) -> Tried:
        if self.process is None:
            self.process = self._start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(list(words)) + "\n")
        self.process.stdin.flush()
        if not self._has_answered(self.process):
            self.end()
            return Tried(words, None, kind="hang")
        line = self.process.stdout.readline()
        if not line:
            self.end()
            return Tried(words, None, kind="abort")
        answer = json.loads(line)
        tried = Tried(words, answer["status"], answer["err"], answer["written"])
        if answer["raised"] or "Traceback" in tried.err:
            tried.kind, tried.err = "traceback", answer["raised"] or tried.err
        return tried

    def _has_answered(self, process: subprocess.Popen[str]) -> bool:
        """Wait for an answer; whether there is one before the command is taken to hang."""
        there = psutil.Process(process.pid)
        begun, computed = time.monotonic(), _seconds(there)
        with selectors.DefaultSelector() as waiting:
            assert process.stdout is not None
            waiting.register(process.stdout, selectors.EVENT_READ)
            while not waiting.select(1.0):
                computing = _seconds(there) - computed
                if computing > LIMIT or time.monotonic() - begun > WAITING:
                    return False
        return True

    def _start(self) -> subprocess.Popen[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "RNNEXP_BOUNDS": json.dumps(self.bounds),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        return subprocess.Popen(
            [sys.executable, worker.__file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=self.folder, env=environment,
        )  # fmt: skip

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def _seconds(process: psutil.Process) -> float:
    """Of computing so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def judged(tried: Tried, names: Sequence[str]) -> str:
    """What kind of an end it is, by what must be true of each; `names`: one of which is told.

    `ran`, `refused` and `failed` are right; whatever else is a fault.
    """
    if tried.kind:
        return tried.kind
    if tried.status == 0:
        return "ran"
    told = [line for line in tried.err.splitlines() if line.startswith("rnnexp: ")]
    if tried.status == 2:
        if tried.written:
            return "refused and written"
        if len(told) != 1 or not tried.line.startswith("rnnexp: error: "):
            return "refused in several lines"
        if len(tried.line) > LONGEST_LINE:
            return "refused at length"
        return "refused" if tried.names(*names) else "refused without a name"
    if tried.status == 1:
        named = tried.names("outputs/", *names) and len(tried.line) <= LONGEST_LINE
        return "failed" if named else "bare"
    return f"status {tried.status}"


#: The ends that are right.
RIGHT = ("ran", "refused", "failed")


def counts(ends: Iterable[str]) -> dict[str, int]:
    """How many of each, those that are right first."""
    counted = Counter(ends)
    return {end: counted.pop(end, 0) for end in (*RIGHT, "bare", "hang", "abort")} | counted
