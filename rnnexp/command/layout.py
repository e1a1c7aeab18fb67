"""Pieces as lines of so many columns: sentences are wrapped, tables are not.

A table that is wider than the terminal has its columns in several blocks below each other, which
each begin with the columns that tell its rows apart; one of a single row stands on its side, a line
for each column. In a pipe or a file every row of a table is one line, which `grep` finds whole.
"""

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rnnexp.command.colours import has_colours, is_terminal, painted
from rnnexp.printable import printable
from rnnexp.results.prose import Piece, Prose
from rnnexp.results.tables import Table, aligned

#: Columns of a sentence: longer lines are hard to read.
WIDTH = 100
#: Columns where a terminal does not say how many it has.
UNKNOWN = 80
#: What the second line of a sentence begins with, beyond the indent of the first.
HANGING = "  "


def columns_of(stream: Any) -> int | None:
    """Of the terminal that a stream writes to; None where it writes to none."""
    if not is_terminal(stream):
        return None
    return shutil.get_terminal_size((UNKNOWN, 24)).columns or UNKNOWN


def prose_width(stream: Any) -> int:
    """100, fewer on a narrower terminal; in a pipe what the variable COLUMNS asks for."""
    columns = columns_of(stream)
    if columns is not None:
        return min(WIDTH, columns)
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdecimal() and int(asked) else WIDTH


def lines_for(pieces: Iterable[Piece], stream: Any) -> list[str]:
    """The lines of the pieces as a stream takes them, without control characters of anybody's."""
    return list(_lines(pieces, prose_width(stream), columns_of(stream), has_colours(stream)))


def _lines(
    pieces: Iterable[Piece], width: int, columns: int | None, colours: bool
) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Table):
            yield from table_lines(piece, columns)
            sentences = [Prose(note, "note") for note in piece.notes]
        else:
            sentences = [piece]
        for sentence in sentences:
            for line in wrapped(printable(sentence.text), width):
                yield painted(line, sentence.kind) if colours else line


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, but for words that are longer, such as paths.

    >>> wrapped("  one two three four", width=13)
    ['  one two', '    three', '    four']
    """
    lines: list[str] = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        lines += textwrap.wrap(
            line, max(width, len(indent) + 20) if width < len(indent) + 8 else width,
            subsequent_indent=indent + HANGING, break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    return lines


def table_lines(table: Table, columns: int | None = None) -> list[str]:
    """A table without its notes. columns: of the terminal; None: rows of any length."""
    cells = [list(table.head), *([cell.text for cell in row] for row in table.rows)]
    whole = aligned(cells).split("\n")
    if columns is None or max(map(len, whole)) <= columns:
        return whole
    if len(table.rows) == 1:
        return aligned(list(zip(*cells, strict=True))).split("\n")
    lines: list[str] = []
    for block in _blocks(cells, columns):
        lines += [""] * bool(lines) + aligned([[row[i] for i in block] for row in cells]).split(
            "\n"
        )
    return lines


def _blocks(cells: Sequence[Sequence[str]], columns: int) -> Iterator[list[int]]:
    """Which columns stand beside each other: those that tell the rows apart, and others."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first = list(range(_key_columns(cells[1:], widths, columns)))
    block = list(first)
    for column in range(len(first), len(widths)):
        beside = [*block, column]
        if len(block) > len(first) and sum(widths[i] + 2 for i in beside) - 2 > columns:
            yield block
            block = list(first)
        block.append(column)
    yield block


def _key_columns(rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int) -> int:
    """How many of the first columns no two rows share; one where these leave no room."""
    for count in range(1, len(widths)):
        if len({tuple(row[:count]) for row in rows}) == len(rows):
            room = columns - sum(width + 2 for width in widths[:count])
            return count if room >= columns // 3 else 1
    return 1
