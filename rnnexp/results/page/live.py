"""report.html of a study that runs: written again now and then, from summaries alone."""

import logging
import time
from pathlib import Path

from rnnexp.errors import DataError, first_line
from rnnexp.results.page.files import write
from rnnexp.results.page.of_progress import page_of_progress
from rnnexp.results.runs import RunDirectory
from rnnexp.results.status import StudyStatus

log = logging.getLogger(__name__)

#: Seconds between two pages, and how many times as long as writing one takes they are at least.
EVERY, PATIENCE = 4.0, 50


class LivePage:
    """Never raises: a page that cannot be written is told once, and costs nothing else."""

    def __init__(self, study: Path) -> None:
        self._study = study
        self._due = 0.0
        self._shown: object = None
        self._gave_up = False
        self._question: str | None = None

    def show(self, status: StudyStatus) -> None:
        """Write the page where one is due and there is something new to show."""
        started = time.monotonic()
        if self._gave_up or started < self._due:
            return
        shown = status.counts, status.places, status.damaged
        if shown == self._shown:
            return
        try:
            write(page_of_progress(status, self._question_of(status)), self._study, lasting=False)
        except Exception as error:
            self._gave_up = True
            log.warning("no page while the study runs: %s", first_line(error))
        ended = time.monotonic()
        self._shown = shown
        self._due = ended + max(EVERY, PATIENCE * (ended - started))

    def _question_of(self, status: StudyStatus) -> str:
        """That its runs are to answer, read once; empty where they say none, or none has begun."""
        if self._question is None and status.jobs:
            try:
                asked = RunDirectory(status.jobs[0].path).config_as_written.get("question")
            except (DataError, OSError):  # the report at the end says so
                asked = None
            self._question = asked if isinstance(asked, str) else ""
        return self._question or ""
