"""Texts that may have come from a file, as a terminal or a comment may hold them.

A label, a word, a file's name or a line of a log can carry characters that move the cursor, change
the colours or turn a line around, and so show something else than what is there. They are written
out, as `\\x1b`; letters of every script, accents and emoji stay.
"""

import logging
import re

#: C0 but for the end of a line and the tab, DEL, C1, the separators of lines and paragraphs, marks
#: that embed, override or isolate a direction, and what is no character (YAML reads none of these).
_CONTROLS = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufffe\\uffff"
)
_IN_TEXT = re.compile(f"[{_CONTROLS}]")
_IN_LINE = re.compile(f"[{_CONTROLS}\\t\\n]")


def printable(text: str) -> str:
    r"""`text` with control characters written out; lines and tabs stay.

    >>> printable("a \x1b[2J\u202eb\n")
    'a \\x1b[2J\\u202eb\n'
    """
    return _IN_TEXT.sub(_written_out, text)


def in_one_line(text: str) -> str:
    r"""`text` as a part of a line: the ends of lines and tabs are written out too.

    >>> in_one_line("a\n\tb")
    'a\\n\\tb'
    """
    return _IN_LINE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


class PrintableFormatter(logging.Formatter):
    """Log lines without control characters, whatever was put into them."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
