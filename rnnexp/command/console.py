"""Log lines on the terminal, beside a progress bar."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rnnexp.experiment.lines import headlines_only


class ConsoleHandler(logging.Handler):
    """Results and progress to standard output, warnings to standard error; bars stay whole.

    In a study a run's own lines go to its rnnexp.log alone, and what the terminal shows is what was
    marked as a headline, and warnings.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._closed: list[TextIO] = []
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        headline = getattr(record, "headline", False)
        if record.levelno < logging.WARNING and not headline and headlines_only.get():
            return

        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        if stream is None or stream in self._closed:
            return
        try:
            tqdm.write(self.format(record), file=stream)
        except OSError:  # nobody reads on, as behind `| head`: the run goes on without words
            self._closed.append(stream)
        except Exception:
            self.handleError(record)


@contextmanager
def console_lines() -> Iterator[None]:
    """The package's log goes to the terminal inside the block, and all of it to a run's log file.

    Nothing else of the process' logging is touched; within another such block nothing changes.
    """
    package_log = logging.getLogger("rnnexp")
    if any(isinstance(handler, ConsoleHandler) for handler in package_log.handlers):
        yield
        return
    level, propagate, handler = package_log.level, package_log.propagate, ConsoleHandler()
    package_log.setLevel(logging.DEBUG)
    package_log.propagate = False  # the process' own handlers would show each line again
    package_log.addHandler(handler)
    try:
        yield
    finally:
        package_log.removeHandler(handler)
        package_log.setLevel(level)
        package_log.propagate = propagate
