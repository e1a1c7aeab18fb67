"""Columns of numbers as they are written."""

import math

import pytest

from rnnexp.data.labels import Labelled
from rnnexp.data.numbers import MissingNumbers, read_numbers
from rnnexp.data.table import Table
from rnnexp.errors import DataError


def read(cells: list[object], missing: MissingNumbers | None = None) -> Labelled:
    lines = range(2, len(cells) + 2)
    table = Table("f.csv", ("text", "price"), ["a text"] * len(cells), cells, lines)
    return read_numbers(table, missing)


def test_numbers_as_programs_write_them() -> None:
    cells: list[object] = ["1", " -2.50 ", "+3e2", ".5", "7.", 4, 2.25, "1\u200b"]
    numbers = read(cells).numbers
    assert numbers is not None
    assert numbers.tolist() == [1, -2.5, 300, 0.5, 7, 4, 2.25, 1]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "row 2 has no 'price' (line 3): data.missing_labels=drop"),
        (None, "row 2 has no 'price'"),
        ("NaN", "; 'NaN' says that there is none: data.missing_labels=drop"),
        ("cheap", "row 2 has 'cheap' as its 'price', which is no number (line 3); data=csv"),
        ("3,5", "'3,5' as its 'price', which is no number (line 3): write 3.5 for 3,5"),
        ("inf", "row 2 has 'inf' as its 'price', which is not finite"),
        (-math.inf, "row 2 has '-inf' as its 'price', which is not finite"),
        ("1e999", "which is not finite"),
        ("1_000", "which is no number"),
        ("٣", "which is no number"),
        (True, "row 2 has 'True' as its 'price', which is no number"),
        ("x" * 99, f"has '{'x' * 30}...' as its"),
    ],
)
def test_what_is_no_number_is_named(cell: object, said: str) -> None:
    with pytest.raises(DataError) as told:
        read(["1", cell, "2"])
    assert str(told.value).startswith("f.csv: row 2 ")
    assert said in str(told.value)


def test_rows_without_a_number_are_left_out_and_counted() -> None:
    column = read(["1", "", "nan", "2"], "drop")
    assert column.rows == [0, 3]
    assert column.facts == {"rows_without_label": 2}
    assert column.notes == ["2 of 4 rows have no 'price' and are left out"]
    with pytest.raises(DataError, match="no row has a 'price'"):
        read(["", "nan"], "drop")
