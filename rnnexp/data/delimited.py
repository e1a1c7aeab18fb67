"""Text with separators between its fields (CSV, TSV and their kin) to rows.

Source: RFC 4180. A field that begins with a quote goes on to the next quote that is not doubled,
over the ends of lines too. So a single quote too many can take in any number of rows, and nothing
in the format says so. A record of several lines is therefore read both ways, and one whose lines
are rows by themselves is refused.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from rnnexp.data.columns import Column, choose, places, tidy
from rnnexp.errors import DataError

#: How a file uses quotes; see `read_delimited`.
Quotes = Literal["doubled", "backslash", "spaced", "none"]

#: Separators by the words that a shell leaves alone. Those of no name are not looked for.
SEPARATORS: Mapping[str, str] = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}

#: A record this share of whose lines are rows by themselves is taken for several rows.
MOST = 0.8

_BACKSLASHED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
#: What Excel writes into a first line, and understands there.
_ANNOUNCED = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True)
class Record:
    """The fields of a row, and the lines of the file that hold it, counted from 1."""

    fields: Sequence[str]
    line: int
    count: int = 1

    @property
    def last(self) -> int:
        return self.line + self.count - 1


@dataclass(frozen=True)
class Delimited:
    """What stands in a file. backslashed: the rows in which a quote is written \\"."""

    header: Sequence[str]
    records: Sequence[Record]
    separator: str
    backslashed: int


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


def read_delimited(
    source: str,
    text: str,
    columns: tuple[Column, Column],
    separator: str | None = None,
    quotes: Quotes | None = None,
) -> Delimited:
    """The rows of `text`, the content of the file `source`. Rows without any content are left out.

    columns: the text column and the label column.
    separator: None takes the one that a first line `sep=;` names; else the one of `SEPARATORS`
        under which the header holds both columns, of several the one with the most columns.
    quotes: None: a field may stand between quotes, and a quote inside is doubled; in a record of
        one line \\" is read as a quote too, where the row has the same fields without.
        `backslash`: a quote inside may be written \\" everywhere.
        `spaced`: a space may stand before the first quote.
        `doubled`: as None, but what is refused for being several rows is taken for one.
        `none`: quotes are characters like others.

    Raises DataError, which names the row and the line, for a row with more fields than the header
    or without one of the columns, and for a quote that is never closed.
    """
    with _texts_of_any_length():
        return _read(source, text, columns, separator, quotes)


def _read(
    source: str,
    text: str,
    columns: tuple[Column, Column],
    separator: str | None,
    quotes: Quotes | None,
) -> Delimited:
    lines = list(io.StringIO(text, newline=""))
    announced = _ANNOUNCED.fullmatch(lines[0]) if lines else None
    begin = 1 if announced else 0
    if separator is None:
        separator = announced[1] if announced else _found_separator(lines[begin:], columns)
    records = _records(lines, begin, separator, quotes)
    header = next(records, None)
    if header is None:
        raise DataError(f"{source} is empty")
    if header.last > len(lines):
        raise DataError(f"{source}: a quote opened in the header is never closed")
    text_at, label_at = choose(source, header.fields, *columns)
    reader = _Rows(source, lines, separator, quotes, len(header.fields), text_at, label_at)
    return reader.read(header, records)


@contextmanager
def _texts_of_any_length() -> Iterator[None]:
    """The csv module refuses fields of more than 128 kB."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _found_separator(lines: Sequence[str], columns: tuple[Column, Column]) -> str:
    """The separator under which the header holds the columns; a comma where none does better."""

    def fit(separator: str) -> tuple[int, int]:
        header = next(_records(lines, 0, separator, None), Record([], 0)).fields
        return sum(bool(places(header, column)) for column in columns), len(header)

    return max(SEPARATORS.values(), key=fit)  # of equals the first


def _records(
    lines: Sequence[str], begin: int, separator: str, quotes: Quotes | None
) -> Iterator[Record]:
    """Every record with content. One whose quote is never closed ends behind the last line."""
    read: Iterator[str] = itertools.islice(lines, begin, None)
    if quotes == "backslash":
        read = map(_doubled, read)
    # the empty line at the end is a record of its own, unless a quote is still open
    reader = csv.reader(
        itertools.chain(read, ["\n"]),
        delimiter=separator,
        quoting=csv.QUOTE_NONE if quotes == "none" else csv.QUOTE_MINIMAL,
        skipinitialspace=quotes == "spaced",
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


@dataclass(frozen=True)
class _Rows:
    """The records of one file, each checked to be a row."""

    source: str
    lines: Sequence[str]
    separator: str
    quotes: Quotes | None
    width: int
    text_at: int
    label_at: int

    def read(self, header: Record, records: Iterator[Record]) -> Delimited:
        kept: list[Record] = []
        backslashed = 0
        for record in records:
            if self.quotes is None and record.count == 1:
                line = self.lines[record.line - 1]
                # only where both readings agree on the fields: else it is asked
                if (
                    '\\"' in line
                    and self._fits(record.fields)
                    and self._fits(fields := self._alone(line, "backslash"))
                ):
                    record = Record(fields, record.line)
                    backslashed += 1
            self._check(record, len(kept) + 1)
            kept.append(record)
        if self.quotes != "doubled":
            self._refuse_swallowed_rows(kept)
        return Delimited(header.fields, kept, self.separator, backslashed)

    def _fits(self, fields: Sequence[str]) -> bool:
        """Whether both columns are there, and nothing stands behind the last column."""
        enough = len(fields) > max(self.text_at, self.label_at)
        return enough and not any(field.strip() for field in fields[self.width :])

    def _alone(self, line: str, quotes: Quotes) -> Sequence[str]:
        """The fields of a line that is read by itself."""
        return next(_records([line], 0, self.separator, quotes), Record([], 0)).fields

    def _check(self, record: Record, row: int) -> None:
        """Refuse what is no row; rows are counted from 1."""
        if record.last > len(self.lines):
            raise DataError(
                f"{self.source}: a quote opened in row {row} is never closed (line {record.line})"
                f"{self._way_out(record)}"
            )
        if self._fits(record.fields):
            return
        count = len(record.fields)
        what = "more fields than the header" if count > self.width else "too few fields"
        line = (
            f"line {record.line}" if record.count == 1 else f"lines {record.line} to {record.last}"
        )
        has = "has" if record.count == 1 else "have"
        fields = "field" if count == 1 else "fields"
        raise DataError(
            f"{self.source}: row {row} has {what} "
            f"({line} {has} {count} {fields} where {self.width} are expected)"
            f"{self._way_out(record)}"
        )

    def _way_out(self, record: Record) -> str:
        """What makes a row of the first line of a record that is none."""
        line = self.lines[record.line - 1]
        causes: list[tuple[Quotes, bool, str]] = [
            ("backslash", '\\"' in line, 'its inner quotes are written \\", which CSV writes ""'),
            ("spaced", f'{self.separator} "' in line, "a space stands before its opening quote"),
            ("none", '"' in line, "with quotes read as ordinary characters the line is a row"),
        ]
        for quotes, possible, cause in causes:
            if possible and quotes != self.quotes and self._fits(self._alone(line, quotes)):
                return f": {cause}; set data.quotes={quotes}, or change the file"
        sign = {",": "commas", "\t": "tabs"}.get(self.separator, f"'{self.separator}'")
        return (
            f': put texts with {sign} or line breaks between quotes, and write a quote inside as ""'
        )

    def _refuse_swallowed_rows(self, records: Sequence[Record]) -> None:
        """Refuse a record of several lines most of which are rows when they are read alone."""
        labels = {tidy(record.fields[self.label_at]) for record in records} - {""}
        for row, record in enumerate(records, 1):
            if record.count == 1:
                continue
            held = self.lines[record.line - 1 : record.last]
            lines = [line for line in held if line.strip()]
            alone = [self._alone(line, "none") for line in lines]
            rows = sum(
                self._fits(fields) and tidy(fields[self.label_at].strip('"')) in labels
                for fields in alone
            )
            # the first line, or the last, of a text of several lines is like a row in any case
            if rows > 1 and rows >= MOST * len(lines):
                raise DataError(
                    f"{self.source}: a quote in row {row} (line {record.line}) takes in all up to "
                    f"line {record.last}, and {rows} of these {len(lines)} lines are rows by "
                    "themselves: close it or take it away; or set data.quotes=none where quotes "
                    "are ordinary characters, data.quotes=doubled where all of it is one text"
                )
