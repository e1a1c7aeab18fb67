"""A column of numbers as people and programs write them."""

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from rnnexp.data.columns import tidy
from rnnexp.data.labels import NO_VALUE, Labelled
from rnnexp.data.table import Table
from rnnexp.errors import DataError

#: What to do with rows without a number: leave them out.
MissingNumbers = Literal["drop"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_SHOWN = 30  # characters of a cell that a message repeats


def read_numbers(table: Table, missing: MissingNumbers | None) -> Labelled:
    """The number of each row of a table, in the place of a class.

    missing: None refuses a table with rows without a number; an empty cell has none, nor has a word
        such as `nan` of `NO_VALUE`.

    Raises DataError, which names the file and the row, for what is no number or not finite.
    """
    written = ["" if cell is None else tidy(str(cell)) for cell in table.labels]
    absent = [not cell or cell in NO_VALUE for cell in written]
    rows = [row for row, lacks in enumerate(absent) if not lacks]
    facts: dict[str, Any] = {}
    notes: list[str] = []
    title = table.titles[1]
    if len(rows) < len(written):
        if missing is None:
            raise _missing(table, written, absent)
        facts["rows_without_label"] = sum(absent)
        notes.append(f"{sum(absent)} of {len(absent)} rows have no '{title}' and are left out")
    if not rows:
        raise DataError(f"{table.source}: no row has a '{title}'")
    numbers = np.array([_number(table, row, written[row]) for row in rows])
    return Labelled(rows, np.zeros(len(rows), np.int64), (), facts, notes, False, numbers)


def _number(table: Table, row: int, cell: str) -> float:
    number = float(cell) if _NUMBER.fullmatch(cell) else None
    if number is not None and math.isfinite(number):
        return number
    title = table.titles[1]
    shown = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}..."
    if number is not None or _NOT_FINITE.fullmatch(cell):
        raise table.fault(row, f"has '{shown}' as its '{title}', which is not finite")
    way_out = "; data=csv reads a column of classes"
    if "," in cell:
        way_out = ": write 3.5 for 3,5, and no signs between thousands"
    raise table.fault(row, f"has '{shown}' as its '{title}', which is no number", way_out)


def _missing(table: Table, written: Sequence[str], absent: Sequence[bool]) -> DataError:
    row, count = absent.index(True), sum(absent)
    word = f"; '{written[row]}' says that there is none" if written[row] else ""
    others = f", nor have {count - 1} more" if count > 1 else ""
    return table.fault(
        row,
        f"has no '{table.titles[1]}'",
        f"{others}{word}: data.missing_labels=drop leaves such rows out",
    )
