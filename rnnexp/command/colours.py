"""Colours, where a terminal has them and nobody has said no; never in a file or a pipe.

They stand beside the words and say nothing of their own. The variables are those that other
programs obey: NO_COLOR (any value) is stronger than FORCE_COLOR and CLICOLOR_FORCE (any but 0),
and these are stronger than a stream that is no terminal, or a terminal that is called dumb.
"""

import io
import os
from typing import Any

from rnnexp.results.prose import Kind

#: What switches on each kind that has a look: bold, faint, yellow, red.
LOOKS: dict[Kind, str] = {
    "answer": "\x1b[1m", "note": "\x1b[2m", "warning": "\x1b[33m", "fault": "\x1b[31m",
}  # fmt: skip
PLAIN = "\x1b[0m"


def has_colours(stream: Any) -> bool:
    """Whether to write colours to a stream.

    A notebook's stream is no file: what it captures holds none, whatever the variables say.
    """
    if os.environ.get("NO_COLOR") or not isinstance(stream, io.TextIOBase):
        return False
    if any(
        os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")
    ):
        return isinstance(stream, io.TextIOWrapper)
    if os.environ.get("TERM") == "dumb" or not is_terminal(stream):
        return False
    # a console of Windows of before 2016 would show the codes
    return os.name != "nt" or "WT_SESSION" in os.environ or "TERM" in os.environ


def is_terminal(stream: Any) -> bool:
    """False of a stream that is closed, or of none, too."""
    try:
        return bool(stream is not None and stream.isatty())
    except (AttributeError, ValueError):
        return False


def painted(line: str, kind: Kind) -> str:
    """A line in the look of its kind; its indent is left as it is."""
    if kind not in LOOKS or not line.strip():
        return line
    words = line.lstrip(" ")
    return f"{line[: len(line) - len(words)]}{LOOKS[kind]}{words}{PLAIN}"
