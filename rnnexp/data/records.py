"""Text with separators between its fields (CSV, TSV and their kin) to records of fields.

Source: RFC 4180. A field that begins with a quote goes on to the next quote that is not doubled,
over the ends of lines too; so a record has one line of the file or several.
"""

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

#: How a file uses quotes; see `read_delimited`.
Quotes = Literal["doubled", "backslash", "spaced", "none"]

#: Separators by the words that a shell leaves alone. Those of no name are not looked for.
SEPARATORS: Mapping[str, str] = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}

_BACKSLASHED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


@dataclass(frozen=True)
class Record:
    """The fields of a row, and the lines of the file that hold it, counted from 1."""

    fields: Sequence[str]
    line: int
    count: int = 1

    @property
    def last(self) -> int:
        return self.line + self.count - 1


def separator_of(words: str | None) -> str | None:
    """The character that a setting means: itself, or by its name.

    >>> separator_of("tab"), separator_of("\\\\t"), separator_of(";"), separator_of(None)
    ('\\t', '\\t', ';', None)
    """
    if words is None:
        return None
    character = "\t" if words == "\\t" else SEPARATORS.get(words, words)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(
            f"separator must be {', '.join(SEPARATORS)} or one character (got {words!r})"
        )
    return character


def separator_name(separator: str) -> str:
    """The word for a separator: `tab`; the character itself where it has none."""
    return next((name for name, sign in SEPARATORS.items() if sign == separator), separator)


@contextmanager
def texts_of_any_length() -> Iterator[None]:
    """The csv module refuses fields of more than 128 kB."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def read_records(
    lines: Sequence[str],
    separator: str,
    quotes: Quotes | None = None,
    begin: int = 0,
    strict: bool = False,
) -> Iterator[Record]:
    """Every record with content, from line `begin`, counted from 0, on.

    A record whose quote is never closed ends behind the last line.
    strict: raise csv.Error where a quote that ends a field is followed by more of it.
    """
    read: Iterator[str] = itertools.islice(lines, begin, None)
    if quotes == "backslash":
        read = map(_doubled, read)
    # the empty line at the end is a record of its own, unless a quote is still open
    reader = csv.reader(
        itertools.chain(read, ["\n"]),
        delimiter=separator,
        quoting=csv.QUOTE_NONE if quotes == "none" else csv.QUOTE_MINIMAL,
        skipinitialspace=quotes == "spaced",
        strict=strict,
    )
    first = begin + 1
    for fields in reader:
        following = begin + reader.line_num + 1
        if any(field.strip() for field in fields):
            yield Record(fields, first, following - first)
        first = following


def _doubled(line: str) -> str:
    r"""`\"` as CSV writes it; a backslash that is itself written twice hides no quote.

    >>> print(_doubled(r'"so \"they\" say"'), _doubled(r'"C:\\"'))
    "so ""they"" say" "C:\\"
    """
    return _BACKSLASHED_QUOTE.sub(r'\1""', line)
