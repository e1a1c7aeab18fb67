"""Log lines on the terminal, beside a progress bar."""

import logging
import sys


class ConsoleHandler(logging.Handler):
    """Results and progress to standard output, warnings to standard error; bars stay whole.

    In a sweep (`sweep` set) a run's own lines go to its rnnexp.log alone, and what the terminal
    shows is what was marked as a headline, and warnings.
    """

    sweep = False

    def __init__(self) -> None:
        super().__init__(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        headline = getattr(record, "headline", False)
        if self.sweep and not headline and record.levelno < logging.WARNING:
            return
        from tqdm import tqdm

        try:
            stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
            tqdm.write(self.format(record), file=stream)
        except Exception:
            self.handleError(record)
