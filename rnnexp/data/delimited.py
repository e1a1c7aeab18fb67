"""Records of a text with separators to the rows of a table: each is checked to be one.

A single quote too many can take in any number of rows, and nothing in the format says so. A record
of several lines is therefore read both ways, and one that may be several rows is refused.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rnnexp import bounds
from rnnexp.bars import slow_bar
from rnnexp.data.columns import Column, check_rows, choose, places, tidy
from rnnexp.data.records import SEPARATORS, Quotes, Record, read_records, texts_of_any_length
from rnnexp.errors import DataError

#: A record this share of whose lines are rows by themselves is taken for several rows.
MOST = 0.8

#: What Excel writes into a first line, and understands there.
ANNOUNCED = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True)
class Delimited:
    """What stands in a file. backslashed: the rows in which a quote is written \\"."""

    header: Sequence[str]
    records: Sequence[Record]
    separator: str
    backslashed: int


def read_delimited(
    source: str,
    text: str,
    columns: tuple[Column, Column | None],
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
    try:
        with texts_of_any_length():
            return _read(source, text, columns, separator, quotes)
    except csv.Error as error:
        raise DataError(f"{source} cannot be read as a table: {error}") from None


def _read(
    source: str,
    text: str,
    columns: tuple[Column, Column | None],
    separator: str | None,
    quotes: Quotes | None,
) -> Delimited:
    check_rows(source, text.count("\n"))
    lines = list(io.StringIO(text, newline=""))
    announced = ANNOUNCED.fullmatch(lines[0]) if lines else None
    begin = 1 if announced else 0
    if begin < len(lines) and len(lines[begin]) > bounds.MOST_HEADER:
        raise DataError(
            f"{source}: its first line, which is to name the columns, has {len(lines[begin])} "
            "characters"
        )
    if separator is None:
        separator = announced[1] if announced else found_separator(lines[begin:], columns, quotes)
    records = read_records(lines, separator, quotes, begin)
    header = next(records, None)
    if header is None:
        raise DataError(f"{source} is empty")
    if header.last > len(lines):
        raise DataError(f"{source}: a quote opened in the header is never closed")
    text_at, label_at = choose(source, header.fields, *columns)
    reader = _Rows(source, lines, separator, quotes, len(header.fields), text_at, label_at, begin)
    return reader.read(header, records)


def found_separator(
    lines: Sequence[str], columns: Sequence[Column | None], quotes: Quotes | None
) -> str:
    """The separator under which the header holds the columns; a comma where none does better."""

    def fit(separator: str) -> tuple[int, int]:
        header = next(read_records(lines, separator, quotes), Record([], 0)).fields
        there = sum(column is not None and bool(places(header, column)) for column in columns)
        return there, len(header)

    return max(SEPARATORS.values(), key=fit)  # of equals the first


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
    begin: int

    def read(self, header: Record, records: Iterator[Record]) -> Delimited:
        kept: list[Record] = []
        backslashed = fields_read = 0
        for record in slow_bar("rows", "row", records):
            fields_read += len(record.fields)
            if fields_read * bounds.WHOLE > bounds.memory():  # a reference to each is kept
                raise DataError(f"{self.source} has more fields than memory can hold")
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
            self._refuse_several_rows(kept)
        return Delimited(header.fields, kept, self.separator, backslashed)

    def _fits(self, fields: Sequence[str]) -> bool:
        """Whether both columns are there, and nothing stands behind the last column."""
        enough = len(fields) > max(self.text_at, self.label_at)
        return enough and not any(field.strip() for field in fields[self.width :])

    def _alone(self, line: str, quotes: Quotes) -> Sequence[str]:
        """The fields of a line that is read by itself."""
        return next(read_records([line], self.separator, quotes), Record([], 0)).fields

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

    def _all_read(self, quotes: Quotes) -> bool:
        """Whether every record of the file is a row where quotes are read so."""
        records = read_records(self.lines, self.separator, quotes, self.begin)
        next(records, None)  # the header
        return all(
            record.last <= len(self.lines) and self._fits(record.fields) for record in records
        )

    def _way_out(self, record: Record) -> str:
        """What makes a row of what begins at the first line of a record that is none."""
        lines = self.lines[record.line - 1 :]
        line = lines[0]
        causes: list[tuple[Quotes, bool, str]] = [
            ("backslash", '\\"' in line, 'its inner quotes are written \\", which CSV writes ""'),
            ("spaced", f'{self.separator} "' in line, "a space stands before its opening quote"),
            ("none", '"' in line, "with quotes read as ordinary characters the line is a row"),
        ]
        for quotes, possible, cause in causes:
            if not possible or quotes == self.quotes:
                continue
            if self._all_read(quotes):
                return f": {cause}; set data.quotes={quotes}, or change the file"
        if record.count > 1 or record.last > len(self.lines):
            return (
                f": the quote that opens in line {record.line} is not closed there: close it, "
                'write it as "", or take it away'
            )
        sign = {",": "commas", "\t": "tabs"}.get(self.separator, f"'{self.separator}'")
        return (
            f': put texts with {sign} or line breaks between quotes, and write a quote inside as ""'
        )

    def _refuse_several_rows(self, records: Sequence[Record]) -> None:
        """Refuse a record of several lines that may be several rows."""
        labels = {tidy(record.fields[self.label_at]) for record in records} - {""}
        for row, record in enumerate(records, 1):
            if record.count > 1 and (reason := self._several_rows(record, labels)):
                held = self.lines[record.line - 1 : record.last]
                way_out = (
                    'its inner quotes are written \\": set data.quotes=backslash'
                    if self.quotes is None and any('\\"' in line for line in held)
                    else "close it, double it or take it away; or set data.quotes=none where "
                    "quotes are ordinary characters, data.quotes=doubled where all of it is one row"
                )
                raise DataError(
                    f"{self.source}: a quote in row {row} (line {record.line}) takes in all up to "
                    f"line {record.last}, and {reason}: {way_out}"
                )

    def _several_rows(self, record: Record, labels: Collection[str]) -> str:
        """Why a record may be more than one row; the empty string where nothing says so."""
        lines = [line for line in self.lines[record.line - 1 : record.last] if line.strip()]
        labelled = self.label_at != self.text_at
        if labelled and record.fields[self.label_at].strip().splitlines()[1:]:
            return "the label has several lines"
        try:
            list(read_records(lines, self.separator, self.quotes, strict=True))
        except csv.Error:
            return "more text follows where a quote ends"
        if not labelled:
            return ""
        alone = [self._alone(line, "none") for line in lines]
        rows = sum(
            self._fits(fields) and tidy(fields[self.label_at].strip('"')) in labels
            for fields in alone
        )
        # the first line, or the last, of a text of several lines is like a row in any case
        if rows > 1 and rows >= MOST * len(lines):
            return f"{rows} of these {len(lines)} lines are rows by themselves"
        return ""
