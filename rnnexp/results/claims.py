"""Which process may write into the directory of a run. A claim ends with its process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rnnexp.durable import told
from rnnexp.manifest import NAME as MANIFEST

#: In the directory of a run on its own.
OF_RUN = ".lock"


@contextmanager
def claimed(lock_file: Path) -> Iterator[bool]:
    """Whether this process alone holds the claim of that file, inside the block."""
    with told(lock_file.parent):
        lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file, timeout=0)
    with told(lock_file):
        try:
            lock.acquire()
        except Timeout:  # which is an OSError too
            free = False
        else:
            free = True
    if not free:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def claimed_run(run: Path) -> Iterator[bool]:
    """The claim of a run on its own; nobody claims one that has its result, and no file is left."""
    with claimed(run / OF_RUN) as free:
        yield free
        if free and (run / MANIFEST).is_file():
            (run / OF_RUN).unlink()


def claim_of_job(study: Path, fingerprint: str) -> Path:
    """By what is run and not by its words, which may be others in another process."""
    return study / ".locks" / f"{fingerprint}.lock"
