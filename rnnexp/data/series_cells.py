"""Cells of a table to numbers and to times. What is neither is refused, by its row and column."""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.columns import tidy
from rnnexp.data.labels import NO_VALUE
from rnnexp.data.series_table import NumberTable

Float64Array = npt.NDArray[np.float64]

#: 3,14 and 1.234,5: a comma where English writes a point.
COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d+")


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing, or a word that programs write for nothing.

    >>> [is_missing(cell) for cell in ("", " ", "NaN", None, float("nan"), "0", 0)]
    [True, True, True, True, True, False, False]
    """
    if cell is None or cell == "" or cell != cell:
        return True
    return isinstance(cell, str) and (not (word := tidy(cell)) or word in NO_VALUE)


def tidied(cells: Sequence[Any]) -> list[str | None]:
    """What is written in each cell, None where nothing is; each distinct one is looked at once."""
    written: dict[Any, str | None] = {}
    for cell in set(cells):
        written[cell] = None if is_missing(cell) else tidy(str(cell))
    return [written[cell] for cell in cells]


def numbers_of(table: NumberTable, title: str, decimal_comma: bool) -> Float64Array:
    """The numbers of a column, NaN where there is none.

    Raises DataError, which names row and column, for what is no number, or no finite one.
    """
    cells = table.cells[title]
    values = None if decimal_comma else _floats(cells)  # most columns are nothing but numbers
    if values is not None and not np.isinf(values).any():
        return values
    return np.array(
        [_number(table, row, title, cell, decimal_comma) for row, cell in enumerate(cells)],
        dtype=np.float64,
    )


def _floats(cells: Sequence[Any]) -> Float64Array | None:
    """The cells as numbers, NaN for None; None where one of them is no number."""
    try:
        return np.asarray(cells, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(table: NumberTable, row: int, title: str, cell: Any, decimal_comma: bool) -> float:
    if is_missing(cell):
        return math.nan
    value = number_in(cell, decimal_comma)
    if value is not None and not math.isinf(value):
        return value
    if value is not None:
        raise table.fault(row, f"has {cell} in column '{title}'", ": every value must be finite")
    way_out = f": leave the column out with 'data.ignore_columns=[{title}]', or correct it"
    if isinstance(cell, str) and COMMA.fullmatch(tidy(cell)):
        way_out = ": set data.decimal=comma where a comma stands for the decimal point"
    raise table.fault(row, f"has '{_shown(cell)}' in column '{title}', no number", way_out)


def number_in(cell: Any, decimal_comma: bool) -> float | None:
    """The number in a cell; None where it holds another thing.

    >>> number_in(" 2.5 ", False), number_in("1.234,5", True), number_in("1,5", False)
    (2.5, 1234.5, None)
    """
    written = tidy(cell) if isinstance(cell, str) else cell
    if decimal_comma and isinstance(written, str):
        if COMMA.fullmatch(written):
            written = written.replace(".", "").replace(",", ".")
        elif "." in written:  # a thousand and some, or a decimal point after all
            return None
    try:
        return float(written)
    except (TypeError, ValueError, OverflowError):
        return None


def times_of(table: NumberTable, title: str) -> Float64Array:
    """The times of a column: numbers, or dates (ISO 8601) in seconds since 1970.

    Raises DataError, which names the row, for a cell without either.
    """
    cells = table.cells[title]
    values = _floats(cells)
    if values is None or np.isnan(values).any():
        for row, cell in enumerate(cells):
            if is_missing(cell):
                raise table.fault(row, f"has no time in column '{title}'", ": give it one")
        values = _dates_of(table, title, str(cells[0]))
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise table.fault(row, f"has the time {cells[row]} in column '{title}'", ": correct it")
    return values


def _dates_of(table: NumberTable, title: str, first: str) -> Float64Array:
    import pandas as pd

    cells = [str(cell).strip() for cell in table.cells[title]]
    dates = pd.to_datetime(pd.Series(cells), format="ISO8601", utc=True, errors="coerce")
    wrong = dates.isna().to_numpy()
    if number_in(first, False) is not None:  # the others are to be numbers too
        wrong = np.array([number_in(cell, False) is None for cell in cells])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise table.fault(
            row,
            f"has the time '{_shown(cells[row])}' in column '{title}'",
            ": times are numbers, or dates such as 2026-01-31 or 2026-01-31T12:30",
        )
    since = dates - pd.Timestamp(0, tz="UTC")
    return np.asarray(since.dt.total_seconds(), dtype=np.float64)


def _shown(cell: Any) -> str:
    text = str(cell)
    return text if len(text) <= 40 else f"{text[:40]}..."
