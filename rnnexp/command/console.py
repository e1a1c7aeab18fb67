"""Log lines on the terminal, beside a progress bar."""

import logging
import sys


class ConsoleHandler(logging.Handler):
    """Results and progress to standard output, warnings to standard error; bars stay whole.

    In a sweep a run's own lines go to its rnnexp.log alone, and what the terminal shows is what was
    marked as a headline, and warnings.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        from rnnexp.experiment.run import in_sweep

        headline = getattr(record, "headline", False)
        if record.levelno < logging.WARNING and not headline and in_sweep():
            return

        try:
            stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
            tqdm.write(self.format(record), file=stream)
        except Exception:
            self.handleError(record)
