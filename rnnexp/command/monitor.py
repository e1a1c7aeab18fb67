"""What is shown of a study while it runs, on a terminal and on its page: jobs that are done, and
where the others stand.

A thread of this process looks into the study's folder, whoever carries its jobs out. On a terminal
there is one bar, drawn anew; else a plain line now and then. It only looks on: what goes wrong in
it ends it, and costs nothing else.
"""

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rnnexp.results.page.live import LivePage
from rnnexp.results.status import StudyReader, StudyStatus

log = logging.getLogger(__name__)

#: Seconds between two looks, and how many times as long as a look takes they are at least.
LOOK, PATIENCE = 1.0, 50

#: Seconds between two lines where standard error is no terminal.
LINE = 30.0

#: Signs of a terminal's bar.
BAR = 20

#: Held while the thread reads and draws: a process that is forked meanwhile would keep for ever the
#: locks that the thread held.
_busy = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_busy.acquire, after_in_parent=_busy.release, after_in_child=_busy.release
    )


@contextmanager
def study_shown(directory: Callable[[], Path | None]) -> Iterator[None]:
    """Inside the block a study is shown as it goes on; `directory` gives None until it begins."""
    ended = threading.Event()
    shown = threading.Thread(
        target=_show, args=(directory, ended), name="rnnexp study", daemon=True
    )
    shown.start()
    try:
        yield
    finally:
        ended.set()
        shown.join(timeout=5)


def _show(directory: Callable[[], Path | None], ended: threading.Event) -> None:
    stream = sys.stderr
    line = None
    try:
        line = _DrawnLine() if stream is not None and stream.isatty() else _PlainLines()
        reader: StudyReader | None = None
        page: LivePage | None = None
        pause = LOOK
        while not ended.wait(pause):
            if (path := directory()) is None:
                continue
            with _busy:
                started = time.perf_counter()
                if reader is None or reader.path != path.absolute():
                    reader = StudyReader(path.absolute())
                    page = LivePage(reader.path)
                status = reader.read()
                line.show(status)
                if page is not None:
                    page.show(status)
                pause = max(LOOK, PATIENCE * (time.perf_counter() - started))
    except Exception as error:
        log.debug("the study's progress is not shown: %s", error)
    finally:
        if line is not None:
            with suppress(Exception):
                line.close()


class _DrawnLine:
    """One bar at the bottom of a terminal, above which other lines go on being written."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, status: StudyStatus) -> None:
        """How much of the work is done, the time left of all of it, and where the jobs stand."""
        if self._bar is None:
            width = None if _has_width() else 80
            self._bar = tqdm(
                total=1.0, leave=False, dynamic_ncols=width is None, ncols=width, file=sys.stderr,
                bar_format="{desc}",
            )  # fmt: skip
        behind = "; ".join([status.how_far, *status.places])
        behind = behind.replace("{", "{{").replace("}", "}}")
        self._bar.bar_format = f"{{desc}} |{{bar:{BAR}}}| {behind}"
        self._bar.n = status.share
        self._bar.set_description_str(status.count)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class _PlainLines:
    """A line every half a minute, where nothing can be drawn anew."""

    def __init__(self) -> None:
        self._due = time.monotonic() + LINE
        self._said = ""

    def show(self, status: StudyStatus) -> None:
        text = status.line()
        if time.monotonic() >= self._due and text != self._said:
            tqdm.write(text, file=sys.stderr)
            self._due, self._said = time.monotonic() + LINE, text

    def close(self) -> None:
        pass


def _has_width() -> bool:
    """Whether the terminal says how wide it is; some say 0."""
    return shutil.get_terminal_size((0, 0)).columns > 0
