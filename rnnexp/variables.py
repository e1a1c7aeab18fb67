"""Variables of the process's environment, which the processes that it starts inherit."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Set a variable inside the block; after it the variable is what it was, or not there."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def safe_path() -> AbstractContextManager[None]:
    """A Python that is started inside the block does not look for modules in its folder first."""
    return environment_variable("PYTHONSAFEPATH", "1")


#: Asks torch for memory in large pages of the system (Linux), see `large_pages`.
LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"


def large_pages() -> AbstractContextManager[None]:
    """torch that is imported inside the block takes its large tensors from large pages of memory.

    A training step asks for the same memory again and again, and each time the system hands out
    cleared pages: of 4 kB they take up to 40% of an LSTM's step, of 2 MB hardly anything. It
    changes no number. Where the user has set the variable it stays as it is.
    """
    return environment_variable(LARGE_PAGES, os.environ.get(LARGE_PAGES, "1"))
