"""Files with a table in them to the cells of two columns: CSV and its kin, parquet, Excel.

What kind of file it is, is told by the end of its name; files may lie in .gz, .bz2, .xz or .zip.
"""

import bz2
import gzip
import io
import lzma
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rnnexp import bounds
from rnnexp.data.columns import Column, check_columns, check_rows, choose, tidy
from rnnexp.data.delimited import read_delimited
from rnnexp.data.plain_rows import read_plain_rows
from rnnexp.data.records import Quotes, separator_name
from rnnexp.errors import DataError, first_line
from rnnexp.files import Stream, content_of, left_by_system, read_packed, too_much_inside

#: How the names of files end that hold a table.
PLAIN = (".csv", ".tsv", ".tab")
TABLES = (*PLAIN, ".parquet", ".xlsx")
TABLE_SUFFIXES = (*TABLES, *(f"{suffix}.gz" for suffix in PLAIN), ".zip")

#: Rows of a parquet file that are unpacked at a time.
PARQUET_ROWS = 4096

#: The first bytes of files that are no text, and what they are.
_FORMATS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a .zip or .xlsx file",
    b"\x1f\x8b": "a .gz file",
    b"BZh": "a .bz2 file",
    b"\xfd7zXZ": "an .xz file",
    b"PAR1": "a .parquet file",
    b"\xd0\xcf\x11\xe0": "a workbook of an early Excel (.xls); save it as .xlsx or .csv",
    b"%PDF": "a .pdf file",
    b"SQLite format 3": "an SQLite database; export its table as .csv",
}


@dataclass(frozen=True)
class Table:
    """The cells of the text column and of the label column, row by row; None where one is empty.

    source: the file, for messages. titles: what the two columns are called.
    lines: where each row stands in the file, counted from 1; `unit` says what is counted.
    facts, notes: what was found out in reading, for summary.json and for the screen.
    read_anew: version 0.1 read other cells from the same file.
    """

    source: str
    titles: tuple[str, str]
    texts: Sequence[Any]
    labels: Sequence[Any]
    lines: Sequence[int] | None = None
    unit: str = "line"
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    read_anew: bool = False

    def fault(self, row: int, what: str, way_out: str = "") -> DataError:
        """`FILE: row 4 has no 'label' (line 5)`, and what to do; `row` counts from 0."""
        line = f" ({self.unit} {self.lines[row]})" if self.lines is not None else ""
        return DataError(f"{self.source}: row {row + 1} {what}{line}{way_out}")

    def called(self, row: int, beside: int) -> str:
        """`row 4`, as a message about the row `beside` names another."""
        return f"row {row + 1}"


def read_table(
    path: Path,
    columns: tuple[Column, Column | None],
    separator: str | None = None,
    quotes: Quotes | None = None,
) -> Table:
    """The text column and the label column of a file; `separator` and `quotes`: `read_delimited`.

    columns: without a label column, the labels are the texts once more.

    Raises DataError for a file that cannot be used; it names the file, and the row if it has one.
    """
    name, content = unpacked(path)
    source = str(path)
    if name.endswith(".parquet"):
        table = _from_parquet(source, content, columns)
    elif name.endswith((".xlsx", ".xlsm")):
        table = _from_excel(source, content, columns)
    elif name.endswith((".xls", ".xlsb", ".ods")):
        raise DataError(f"{source} is a workbook that is not read: save it as .xlsx or .csv")
    elif name.endswith((".tar", ".tgz")):
        raise DataError(f"{source} is an archive that is not read: unpack it and name one table")
    else:
        table = _from_text(source, content, columns, separator, quotes)
    if not table.labels:
        raise DataError(f"{source} has a header but no rows")
    if columns[1] is None:  # any text may be the word that heads its column
        return table
    text_title, label_title = table.titles
    named_so = {label for label in set(map(str, table.labels)) if tidy(label) == label_title}
    for row, (text, label) in enumerate(zip(table.texts, table.labels, strict=True)):
        if str(label) in named_so and tidy(str(text)) == text_title:
            raise table.fault(row, "is the header again", ": delete it")
    return table


#: What a file may be packed as, by the end of its name.
_STREAMS: Mapping[str, Callable[[bytes], Stream]] = {
    ".gz": lambda packed: gzip.GzipFile(fileobj=io.BytesIO(packed)),
    ".bz2": lambda packed: bz2.BZ2File(io.BytesIO(packed)),
    ".xz": lambda packed: lzma.LZMAFile(io.BytesIO(packed)),  # noqa: SIM115
}


def unpacked(path: Path) -> tuple[str, bytes]:
    """The name, in lower case, and the content of what lies in a file that may be packed."""
    source = str(path)
    name, content = path.name.lower(), content_of(path, bounds.COPIES)
    try:
        for _ in range(bounds.MOST_PACKED):
            suffix = PurePosixPath(name).suffix
            if suffix == ".zip":
                name, content = _only_member(source, content)
            elif suffix in _STREAMS:
                name, stream = name.removesuffix(suffix), _STREAMS[suffix](content)
                content = read_packed(stream, source, len(content))
            else:
                return name, content
    except DataError:
        raise
    except zipfile.BadZipFile:
        raise DataError(f"{path} is not a .zip file, or a damaged one") from None
    except Exception as error:  # a damaged archive fails anywhere in these modules
        raise DataError(f"{path} cannot be read: {what_failed(error)}") from None
    raise DataError(f"{path} is packed more than {bounds.MOST_PACKED} times: unpack it")


def _only_member(source: str, packed: bytes) -> tuple[str, bytes]:
    """The table in a .zip file."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = [
            member
            for member in archive.namelist()
            if PurePosixPath(member).suffix and not left_by_system(member)
        ]
        tables = [member for member in members if member.lower().endswith(TABLE_SUFFIXES)]
        for candidates in (tables, members):
            if len(candidates) == 1:
                with archive.open(candidates[0]) as stream:
                    return candidates[0].lower(), read_packed(stream, source, len(packed))
    held = ", ".join(members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
    raise ValueError(f"it holds {held or 'no file'}; unpack it and name one table")


def what_failed(error: Exception) -> str:
    return first_line(error) or type(error).__name__


def check_is_text(source: str, content: bytes) -> None:
    """Raise DataError for what is by its first bytes another kind of file."""
    for magic, kind in _FORMATS.items():
        if content.startswith(magic):
            raise DataError(f"{source} is by its content {kind}: give it that ending")


def decoded(source: str, content: bytes) -> str:
    """The text of a file, in UTF-8 or, as its first bytes say, in UTF-16."""
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(
            f"{source} is not UTF-8 text (byte 0x{byte:02x}): save it as UTF-8"
        ) from None


def _from_text(
    source: str,
    content: bytes,
    columns: tuple[Column, Column | None],
    separator: str | None,
    quotes: Quotes | None,
) -> Table:
    check_is_text(source, content)
    plain = read_plain_rows(source, content, columns, separator, quotes)
    if plain is not None:
        facts, notes = separated_by(plain.separator)
        return Table(
            source, plain.titles, plain.texts, plain.labels, plain.lines, facts=facts, notes=notes
        )
    made = read_delimited(source, decoded(source, content), columns, separator, quotes)
    text_at, label_at = choose(source, made.header, *columns)
    facts, notes = separated_by(made.separator)
    if made.backslashed:
        facts["backslash_quotes"] = made.backslashed
        notes.append(f'{made.backslashed} rows have quotes written \\", which are read as quotes')
    return Table(
        source,
        (tidy(made.header[text_at]), tidy(made.header[label_at])),
        [record.fields[text_at] for record in made.records],
        [record.fields[label_at] for record in made.records],
        [record.line for record in made.records],
        facts=facts,
        notes=notes,
        read_anew=made.backslashed > 0,
    )


def separated_by(separator: str) -> tuple[dict[str, Any], list[str]]:
    """What is told of a table for its separator, where that is no comma."""
    if separator == ",":
        return {}, []
    name = separator_name(separator)
    return {"separator": name}, [f"the columns are separated by {name}"]


def _from_parquet(source: str, content: bytes, columns: tuple[Column, Column | None]) -> Table:
    """The cells as Python values: pyarrow makes no floats of whole numbers with gaps."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        schema = file.schema_arrow
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise DataError(f"{source} cannot be read as .parquet: {what_failed(error)}") from None
    check_rows(source, file.metadata.num_rows)
    at = choose(source, schema.names, *columns)
    for number in at:
        kind = schema.field(number).type
        if pyarrow.types.is_nested(kind):
            raise DataError(
                f"{source}: column '{schema.names[number]}' holds {kind}, no texts or numbers"
            )
    cells: tuple[list[Any], list[Any]] = ([], [])
    held, most = 0, bounds.memory() // bounds.COPIES
    try:
        # in small parts: a value that repeats is written once, however long it is
        for part in file.iter_batches(batch_size=PARQUET_ROWS):
            held += sum(part.column(number).nbytes for number in at)
            if held > most:
                raise too_much_inside(source, most)
            for column, number in zip(cells, at, strict=True):
                column.extend(part.column(number).to_pylist())
    except DataError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{source} cannot be read as .parquet: {what_failed(error)}") from None
    titles = (tidy(schema.names[at[0]]), tidy(schema.names[at[1]]))
    return Table(source, titles, _present(cells[0]), _present(cells[1]))


def _from_excel(source: str, content: bytes, columns: tuple[Column, Column | None]) -> Table:
    """The first sheet, its first row with content as the header; rows without any are left out."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like
            _check_sheet(source, content)
            with pd.ExcelFile(io.BytesIO(content), engine="openpyxl") as workbook:
                sheet, sheet_count = str(workbook.sheet_names[0]), len(workbook.sheet_names)
                frame = workbook.parse(sheet, header=None, dtype=object, na_filter=False)
    except DataError:
        raise
    except ImportError:
        raise DataError(
            f"{source} is an Excel workbook, which needs openpyxl: "
            "pip install openpyxl, or save it as .csv"
        ) from None
    except Exception as error:  # a damaged workbook fails anywhere in openpyxl
        raise DataError(
            f"{source} is no Excel workbook (.xlsx), or a damaged one: {what_failed(error)}"
        ) from None
    sheet_rows = enumerate(map(_present, frame.itertuples(index=False)), 1)
    rows = [(n, cells) for n, cells in sheet_rows if any(cell is not None for cell in cells)]
    if not rows:
        raise DataError(f"{source}: its first sheet, '{sheet}', is empty")
    header = ["" if cell is None else str(cell) for cell in rows[0][1]]
    text_at, label_at = choose(f"{source}, sheet '{sheet}',", header, *columns)
    facts = {"sheet": sheet} if sheet_count > 1 else {}
    notes = [f"read from the first of {sheet_count} sheets, '{sheet}'"] if sheet_count > 1 else []
    return Table(
        source,
        (tidy(header[text_at]), tidy(header[label_at])),
        [cells[text_at] for _, cells in rows[1:]],
        [cells[label_at] for _, cells in rows[1:]],
        [number for number, _ in rows[1:]],
        "row of the sheet",
        facts,
        notes,
    )


def _check_sheet(source: str, content: bytes) -> None:
    """Raise DataError where what a workbook holds, or the table of its first sheet, does not fit.

    A sheet with one cell far away from the others is a table of all the cells between them.
    """
    import openpyxl

    most = bounds.memory() // bounds.COPIES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise too_much_inside(source, most)
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    rows = width = 0
    for cells in workbook.worksheets[0].iter_rows(values_only=True):
        rows, width = rows + 1, max(width, len(cells))
        if rows * width * bounds.WHOLE > most:
            raise too_much_inside(source, most)
    check_columns(source, width)


def _present(cells: Sequence[Any]) -> list[Any]:
    """Cells with None where there is nothing: None, no text, or a NaN, which equals nothing."""
    return [None if cell is None or cell == "" or cell != cell else cell for cell in cells]
