"""Files with numbers in them to the cells of their columns: CSV and its kin, parquet.

The same files as `table` reads, of which it takes two columns; here any number of them are taken.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnexp import bounds
from rnnexp.data.columns import Column, check_columns, check_rows, places, tidy
from rnnexp.data.delimited import ANNOUNCED, found_separator, read_delimited
from rnnexp.data.records import Quotes, Record, read_records, texts_of_any_length
from rnnexp.data.table import (
    PARQUET_ROWS,
    check_is_text,
    decoded,
    separated_by,
    unpacked,
    what_failed,
)
from rnnexp.errors import DataError, did_you_mean
from rnnexp.files import too_much_inside

#: Columns that an error lists.
SHOWN = 10

#: Bytes of a cell while a file of lines is read: a text of Python with a few digits, and where it
#: is kept.
CELL = 70

#: What pandas calls a column whose head is empty, as that of an index that was written too.
UNNAMED = ("", "Unnamed: 0")


@dataclass(frozen=True)
class NumberTable:
    """A file's columns, cell by cell; None, or "", where a cell is empty.

    source: the file, for messages. titles: what its columns are called, as they are read.
    cells: of each title: texts of a CSV, values of Python of a parquet file.
    lines: where each row stands in the file, counted from 1; None where rows have no lines.
    facts, notes: what was found out in reading, for summary.json and for the screen.
    """

    source: str
    titles: Sequence[str]
    cells: Mapping[str, Sequence[Any]]
    lines: Sequence[int] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        return len(next(iter(self.cells.values())))

    def fault(self, row: int, what: str, way_out: str = "") -> DataError:
        """`FILE: row 4 has 'x' in column 'temp' (line 5)`, and what to do; `row` from 0."""
        line = f" (line {self.lines[row]})" if self.lines is not None else ""
        return DataError(f"{self.source}: row {row + 1} {what}{line}{way_out}")


def read_numbers(
    path: Path,
    named: Mapping[str, Sequence[Column]],
    left_out: Sequence[Column],
    separator: str | None = None,
    quotes: Quotes | None = None,
) -> NumberTable:
    """The columns of a file, without those that are left out.

    named: columns that have to be there, by the setting that names them; in messages.
    left_out: columns that are not read, whatever is in them.
    separator, quotes: see `read_delimited`.

    A column without a name, as of an index that was written too, is left out and told.
    Raises DataError for a file that cannot be used; it names the file, and the row if it has one.
    """
    name, content = unpacked(path)
    source = str(path)
    if name.endswith((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")):
        raise DataError(f"{source} is a workbook, of which no series are read: save it as .csv")
    if name.endswith((".tar", ".tgz")):
        raise DataError(f"{source} is an archive that is not read: unpack it and name one table")
    read = _from_parquet if name.endswith(".parquet") else _from_text
    table = read(source, content, named, left_out, separator, quotes)
    if not len(table):
        raise DataError(f"{source} has a header but no rows")
    return table


def taken(
    source: str,
    header: Sequence[str],
    named: Mapping[str, Sequence[Column]],
    left_out: Sequence[Column],
) -> tuple[dict[str, int], list[str]]:
    """The columns that are read: the place of each by its title; and notes on those that are not.

    >>> taken("f.csv", ["", "id", "x"], {"data.id_column": ["id"]}, [])[0]
    {'id': 1, 'x': 2}
    """
    check_columns(source, len(header))
    titles = [tidy(title) for title in header]
    for key, columns in named.items():
        for column in columns:
            if not places(header, column):
                shown = ", ".join(titles[:SHOWN])
                more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
                raise DataError(
                    f"{source} has no column '{column}', only {shown}{more}; set {key} to one of "
                    f"them{did_you_mean(str(column), titles)}"
                )
    omitted = {place for column in left_out for place in places(header, column)}
    nameless = [place for place, title in enumerate(titles) if title in UNNAMED]
    used: dict[str, int] = {}
    for place, title in enumerate(titles):
        if place in omitted or place in nameless:
            continue
        if title in used:
            raise DataError(f"{source} has two columns '{title}': rename one of them")
        used[title] = place
    if len(used) < 2:
        raise DataError(f"{source} has {len(used)} columns to read; series need two or more")
    notes = []
    if nameless:
        places_of = ", ".join(str(place + 1) for place in nameless)
        notes.append(f"column {places_of} has no name (numbers of rows?) and is left out")
    return used, notes


def title_of(source: str, header: Sequence[str], column: Column) -> str:
    """What a column that is named, or numbered from 0, is called."""
    found = places(header, column)
    if not found:
        raise DataError(f"{source} has no column '{column}'")
    return tidy(header[found[0]])


def _from_text(
    source: str,
    content: bytes,
    named: Mapping[str, Sequence[Column]],
    left_out: Sequence[Column],
    separator: str | None,
    quotes: Quotes | None,
) -> NumberTable:
    check_is_text(source, content)
    text = decoded(source, content)
    try:
        with texts_of_any_length():
            header, separator = _header(source, text, named, separator, quotes)
    except csv.Error as error:
        raise DataError(f"{source} cannot be read as a table: {error}") from None
    used, notes = taken(source, header, named, left_out)
    check_cells(source, text.count("\n") * len(header), CELL)
    if (cells := _plain(text, separator, len(header), used)) is not None:
        facts, said = separated_by(separator)
        plain = range(2, 2 + len(next(iter(cells.values()))))
        return NumberTable(source, list(used), cells, plain, facts, [*said, *notes])
    ends = sorted(used, key=used.__getitem__)
    read = read_delimited(source, text, (ends[0], ends[-1]), separator, quotes)
    facts, said = separated_by(read.separator)
    columns = {
        title: [record.fields[place] for record in read.records] for title, place in used.items()
    }
    lines = [record.line for record in read.records]
    return NumberTable(source, list(used), columns, lines, facts, [*said, *notes])


def _plain(
    text: str, separator: str, width: int, used: Mapping[str, int]
) -> dict[str, list[str]] | None:
    """The cells of a table without quotes, in which each line is a row, by Apache Arrow; else None.

    What is odd about other tables is told by `read_delimited`, which reads line by line.
    """
    import pyarrow
    import pyarrow.csv

    if '"' in text or not separator.isascii() or ANNOUNCED.match(text):
        return None
    begin, blank = text.find("\n") + 1, re.escape(separator)
    if not begin or re.search(rf"^[{blank}\s]*$", text[begin:].rstrip("\r\n"), re.MULTILINE):
        return None
    names = [str(number) for number in range(width)]
    wanted = [names[place] for place in used.values()]
    rows = text[begin:].encode()
    try:
        read = pyarrow.csv.read_csv(
            pyarrow.BufferReader(rows),
            # one thread: what a run may use is its own setting
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names),
            pyarrow.csv.ParseOptions(delimiter=separator, quote_char=False),
            pyarrow.csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pyarrow.string()),
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowException:  # a row with more or fewer fields, which is told by its line
        return None
    if read.num_rows != len(rows.splitlines()):
        return None
    return {title: read.column(name).to_pylist() for title, name in zip(used, wanted, strict=True)}


def _header(
    source: str,
    text: str,
    named: Mapping[str, Sequence[Column]],
    separator: str | None,
    quotes: Quotes | None,
) -> tuple[Sequence[str], str]:
    """The names of the columns, and what stands between them."""
    lines = []
    for line in io.StringIO(text, newline=""):  # two lines: the first may announce the separator
        lines.append(line)
        if len(lines) == 2:
            break
    if lines and (announced := ANNOUNCED.fullmatch(lines[0])):
        separator, lines = separator or announced[1], lines[1:]
    if lines and len(lines[0]) > bounds.MOST_HEADER:
        raise DataError(
            f"{source}: its first line, which is to name the columns, has {len(lines[0])} "
            "characters"
        )
    wanted = [column for columns in named.values() for column in columns]
    separator = separator or found_separator(lines[:1], wanted, quotes)
    header = next(read_records(lines[:1], separator, quotes), Record([], 0)).fields
    if not header:
        raise DataError(f"{source} is empty")
    return header, separator


def _from_parquet(
    source: str,
    content: bytes,
    named: Mapping[str, Sequence[Column]],
    left_out: Sequence[Column],
    separator: str | None,
    quotes: Quotes | None,
) -> NumberTable:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        header = file.schema_arrow.names
        check_rows(source, file.metadata.num_rows)
        used, notes = taken(source, header, named, left_out)
        check_cells(source, file.metadata.num_rows * len(used), bounds.WHOLE)
        wanted = [header[place] for place in used.values()]
        for title in wanted:
            kind = file.schema_arrow.field(title).type
            if pyarrow.types.is_nested(kind):
                raise DataError(f"{source}: column '{title}' holds {kind}, no numbers or names")
        columns: dict[str, list[Any]] = {title: [] for title in used}
        held, most = 0, bounds.memory() // bounds.COPIES
        # in small parts: a value that repeats is written once, however long it is
        for part in file.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
            held += part.nbytes
            if held > most:
                raise too_much_inside(source, most)
            for title, written in zip(used, wanted, strict=True):
                columns[title] += part.column(written).to_pylist()
    except DataError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{source} cannot be read as .parquet: {what_failed(error)}") from None
    return NumberTable(source, list(used), columns, notes=notes)


def check_cells(source: str, cells: int, each: int) -> None:
    """Raise DataError for more cells than can be held while they are read."""
    if (needed := cells * each) > bounds.memory():
        raise DataError(
            f"{source} has {cells} cells, which would take {bounds.in_words(needed)} of memory, "
            f"and there is {bounds.in_words(bounds.memory())}"
        )
