"""Which process may write into the directory of a run. A claim ends with its process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rnnexp.durable import told

FOLDER = ".locks"


@contextmanager
def claimed(folder: Path, name: str) -> Iterator[bool]:
    """Whether this process alone may do what is called `name` in a folder, inside the block."""
    locks = folder / FOLDER
    with told(locks):
        locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{name}.lock", timeout=0)
    try:
        with told(locks):
            lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
