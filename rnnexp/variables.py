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
