"""Where a page is written, and the name that it has there."""

import logging
from pathlib import Path

from rnnexp.durable import write_bytes
from rnnexp.errors import UserError
from rnnexp.results.page.content import Page

log = logging.getLogger(__name__)

#: In the folder of a run, of a study, or of a report of them.
PAGE = "report.html"

#: Stands in the head of each page that rnnexp has written.
MARK = b'<meta name="generator" content="rnnexp'

#: In how many bytes from its beginning it is looked for.
_HEAD = 2000


def is_ours(path: Path) -> bool:
    """Whether rnnexp has written the file; also where there is none."""
    try:
        with path.open("rb") as file:
            return MARK in file.read(_HEAD)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def write(page: Page, folder: Path, lasting: bool = True) -> Path:
    """Write the page as a whole; returns its path.

    Raises UserError, and writes nothing, where a file of that name is somebody else's.
    """
    from rnnexp.results.page.render import html

    path = folder / PAGE
    if not is_ours(path):
        raise UserError(f"{path} is no page of rnnexp's: move it away")
    write_bytes(path, html(page).encode("utf-8", "backslashreplace"), lasting=lasting)
    return path
