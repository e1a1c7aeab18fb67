"""Every write, fsync, rename and mkdir of a run made to fail, as on a full or broken disk."""

import builtins
import errno
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnexp.errors import DamagedError
from rnnexp.results.checkpoints import StoredCheckpoint
from tests.conftest import HANGS
from tests.faults import children
from tests.faults.conftest import amount

#: Of fewer steps: each of its operations is tried.
WORDS = (*(word for word in children.RUN if not word.startswith(("data.limit", "trainer.epochs"))),
         "data.limit=100", "trainer.epochs=4")  # fmt: skip


class Failing:
    """The `number`-th operation below a folder fails with `error`, and those after it for a while.

    A full disk stays full: `lasting` operations fail in all.
    """

    def __init__(self, folder: Path, number: int, error: int, lasting: int = 1) -> None:
        self.folder, self.error = folder, error
        self.failing = range(number, number + lasting)
        self.done = 0

    def __call__(self) -> None:
        """Make the operations of this process count, and fail."""
        for name in ("fsync", "replace", "rename", "mkdir"):
            setattr(os, name, self._counted(getattr(os, name)))
        opened = io.open

        def open_counted(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if not set(mode) & set("wax") or not self._is_below(file):
                return opened(file, mode, *rest, **more)
            self._count(str(file))
            stream = opened(file, mode, *rest, **more)
            write = stream.write
            with_count = self._counted(write, str(file))
            try:
                stream.write = with_count
            except AttributeError:  # a buffered stream has no attributes of its own
                return _Stream(stream, with_count)
            return stream

        io.open = builtins.open = open_counted  # type: ignore[assignment]

    def _counted(self, operation: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            path = name or next((a for a in arguments if isinstance(a, str | os.PathLike)), None)
            if path is None or self._is_below(path):  # fsync has a number alone
                self._count(str(path))
            return operation(*arguments, **more)

        return counted

    def _is_below(self, path: Any) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        return self.folder / "outputs" in Path(os.path.abspath(path)).parents

    def _count(self, what: str) -> None:
        self.done += 1
        if self.done in self.failing:
            raise OSError(self.error, os.strerror(self.error))


class _Stream:
    """A file whose `write` is another."""

    def __init__(self, stream: Any, write: Callable[..., Any]) -> None:
        self._stream, self.write = stream, write

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Counting(Failing):
    """None fails; how many there are is written down."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1 << 60, 0)

    def _count(self, what: str) -> None:
        self.done += 1
        descriptor = os.open(self.folder / "operations", os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, str(self.done).encode())
        os.close(descriptor)


def run(folder: Path, *words: str, prepare: Callable[[], None] | None = None) -> tuple[int, str]:
    """Exit status, and what was printed."""
    out = folder / "out.txt"
    out.unlink(missing_ok=True)
    process = children.start(folder, *words, prepare=prepare)
    process.join(HANGS)
    assert process.exitcode is not None
    return process.exitcode, out.read_text()


def whole_checkpoints(path: Path | None) -> tuple[int, int]:
    """How many checkpoints of a run can be read, and how many there are."""
    stored = [] if path is None else StoredCheckpoint.of_run(path)
    readable = 0
    for one in stored:
        try:
            one.read()
            readable += 1
        except DamagedError:
            continue
    return readable, len(stored)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_an_operation_that_fails_costs_no_checkpoint(
    error: int, tmp_path: Path, tally: Callable[..., None]
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    assert run(whole, *WORDS, prepare=Counting(whole))[0] == 0
    whole_run = children.the_run(whole)
    assert whole_run is not None
    expected = children.left(whole_run)
    operations = int((whole / "operations").read_text())
    assert operations > 40
    numbers = list(range(1, operations + 1))
    chosen = sorted(random.Random(error).sample(numbers, min(amount(6, 10**9), operations)))
    unnamed = unreadable = differing = refused = 0
    for number in chosen:
        folder = tmp_path / str(number)
        folder.mkdir()
        lasting = (1, 10**6)[number % 2]  # once, or from then on
        status, printed = run(folder, *WORDS, prepare=Failing(folder, number, error, lasting))
        path = children.the_run(folder)
        if status != 0:
            refused += 1
            last = printed.strip().splitlines()[-1]
            names_it = "outputs" in last and os.strerror(error) in last
            unnamed += status not in (1, 2) or not names_it or "Traceback" in printed
            if status not in (1, 2) or not names_it or "Traceback" in printed:
                print(number, lasting, status, printed[-2000:])
        readable, there = whole_checkpoints(path)
        unreadable += readable < there
        if not children.is_done(path):
            words = WORDS if path is None else ("resume", str(path))
            status, printed = run(folder, *words)
            assert status == 0, (number, printed[-2000:])
            path = children.the_run(folder)
        assert path is not None
        if children.left(path) != expected:
            differing += 1
            print(number, lasting, "differs")
    tally(f"file operations that fail with {errno.errorcode[error]}", operations=operations,
          tried=len(chosen), ended_with_the_path=refused - unnamed, unnamed=unnamed,
          unreadable_checkpoints=unreadable, differing=differing)  # fmt: skip
    assert (unnamed, unreadable, differing) == (0, 0, 0)
