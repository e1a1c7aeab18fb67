"""The rows of a table in which each row is one line: read by Apache Arrow, or not at all.

Most tables of texts are as programs write them. What is odd about the others is told by
`delimited`, which reads line by line; what is read here is what it would have read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rnnexp import bounds
from rnnexp.data.columns import Column, choose, tidy
from rnnexp.data.delimited import ANNOUNCED, found_separator
from rnnexp.data.records import SEPARATORS, Quotes, read_records, texts_of_any_length
from rnnexp.errors import DataError

_MARK = b"\xef\xbb\xbf"
#: Bytes that Arrow looks at together. A row has to fit.
_BLOCK = 2**24


@dataclass(frozen=True)
class PlainRows:
    """titles: what the two columns are called. texts, labels: their cells, row by row.

    lines: where each row stands in the file, counted from 1.
    """

    titles: tuple[str, str]
    separator: str
    texts: Sequence[str]
    labels: Sequence[str]
    lines: Sequence[int]


def read_plain_rows(
    source: str,
    content: bytes,
    columns: tuple[Column, Column | None],
    separator: str | None,
    quotes: Quotes | None,
) -> PlainRows | None:
    """As `read_delimited` of the file's text; None where anything speaks against reading it here.

    content: the file `source`, in UTF-8. The other arguments are those of `read_delimited`.
    """
    if quotes not in (None, "doubled"):
        return None
    lines = content.splitlines(keepends=True)
    count = len(lines) - 1
    if (
        count < 1
        or count * bounds.ROW > bounds.memory()
        or len(lines[0]) > bounds.MOST_HEADER
        or (quotes is None and _has_backslashed_quote(content))  # it is asked for line by line
    ):
        return None
    first, last = lines[0], lines[-1]
    del lines
    try:
        with texts_of_any_length():
            head = _header(source, first.removeprefix(_MARK).decode(), columns, separator, quotes)
    except (DataError, UnicodeDecodeError):  # told where the whole file is read
        return None
    if head is None:
        return None
    header, separator, at = head
    if count * len(header) * bounds.WHOLE > bounds.memory():
        return None
    if len(header) > len(at) and not _is_utf8(content):  # Arrow looks at the two columns alone
        return None
    if content.startswith(_MARK, len(first)):  # of a file put behind another; Arrow leaves it out
        return None
    cells = _cells(memoryview(content)[len(first) :], len(header), separator, at)
    if cells is None or len(cells[0]) != count:  # a row of several lines, or a line without any
        return None
    texts, labels = cells
    if any(not label.strip() and not text.strip() for text, label in zip(*cells, strict=True)):
        return None  # maybe a row of separators alone, which counts for nothing
    with texts_of_any_length():
        if next(read_records([last.decode()], separator)).count > 1:  # a quote is never closed
            return None
    titles = (tidy(header[at[0]]), tidy(header[at[1]]))
    return PlainRows(titles, separator, texts, labels, range(2, 2 + count))


def _header(
    source: str,
    line: str,
    columns: tuple[Column, Column | None],
    separator: str | None,
    quotes: Quotes | None,
) -> tuple[Sequence[str], str, tuple[int, int]] | None:
    """The names of all columns, what separates them, and which two are meant."""
    if not line.strip() or ANNOUNCED.fullmatch(line):
        return None
    for possible in SEPARATORS.values() if separator is None else [separator]:
        record = next(read_records([line], possible, quotes), None)
        if record is None or record.count > 1:  # a quote goes on behind the line
            return None
    separator = separator or found_separator([line], columns, quotes)
    header = next(read_records([line], separator, quotes)).fields
    return header, separator, choose(source, header, *columns)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_backslashed_quote(content: bytes) -> bool:
    """Sooner than to look for both characters at once: there are few backslashes in texts."""
    at = content.find(b"\\")
    while at >= 0:
        if content[at + 1 : at + 2] == b'"':
            return True
        at = content.find(b"\\", at + 1)
    return False


def _cells(
    rows: memoryview, width: int, separator: str, at: tuple[int, int]
) -> tuple[list[str], list[str]] | None:
    """The cells of two columns; None where a row has more or fewer than `width`."""
    import pyarrow
    import pyarrow.csv

    if not separator.isascii():
        return None
    names = [str(number) for number in range(width)]
    chosen = [names[number] for number in at]
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.BufferReader(rows),
            # one thread: what a run may use is its own setting
            pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                include_columns=list(dict.fromkeys(chosen)),
                column_types=dict.fromkeys(chosen, pyarrow.string()),
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowException:
        return None
    texts, labels = (table.column(name).to_pylist() for name in chosen)
    return texts, labels
