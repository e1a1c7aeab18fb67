"""Which two columns of a table are meant, by their names or their numbers."""

from collections.abc import Sequence

from rnnexp import bounds
from rnnexp.errors import DataError, did_you_mean
from rnnexp.words import normalised

#: A column by its name, or by its number counted from 0.
Column = str | int

#: Columns that an error lists.
SHOWN = 20


def tidy(cell: str) -> str:
    """What is written in a cell: without white space around it, and without what nobody sees.

    >>> tidy(" sentiment\\ufeff"), tidy("very \\xa0good\\u200b")
    ('sentiment', 'very good')
    """
    return " ".join(normalised(cell).replace("\0", "").split())


def places(header: Sequence[str], column: Column) -> list[int]:
    """The numbers of the columns that `column` may mean: of that name, else of that number.

    >>> places(["id", " text", "text"], "text"), places(["id", "text"], 1), places(["1", "0"], 0)
    ([1, 2], [1], [1])
    """
    name = tidy(str(column))
    named = [number for number, title in enumerate(header) if tidy(title) == name]
    if not named and isinstance(column, int) and 0 <= column < len(header):
        return [column]
    return named


def choose(
    source: str, header: Sequence[str], text: Column, label: Column | None
) -> tuple[int, int]:
    """The numbers of the text column and of the label column, of a table that is not too wide.

    label: None where texts alone are read; the two numbers are then the same.
    source: the file, for the message of the DataError where a column is not there, or there twice.
    """
    check_columns(source, len(header))
    text_at = _number(source, header, text, "data.text_column")
    if label is None:
        return text_at, text_at
    numbers = text_at, _number(source, header, label, "data.label_column")
    if numbers[0] == numbers[1]:
        raise DataError(
            f"{source}: data.text_column={text} and data.label_column={label} are one column"
        )
    return numbers


def check_columns(source: str, count: int) -> None:
    """Raise DataError for more columns than a table has."""
    if count > bounds.MOST_COLUMNS:
        raise DataError(
            f"{source} has {count} columns, more than the {bounds.MOST_COLUMNS} of a table that is "
            "read: leave out those that are neither text nor label"
        )


def check_rows(source: str, count: int) -> None:
    """Raise DataError for more rows than can be held, however short they are."""
    if (needed := count * bounds.ROW) > bounds.memory():
        raise DataError(
            f"{source} has {count} rows, which would take {bounds.in_words(needed)} of memory, and "
            f"there is {bounds.in_words(bounds.memory())}"
        )


def _number(source: str, header: Sequence[str], column: Column, key: str) -> int:
    found = places(header, column)
    if len(found) == 1:
        return found[0]
    titles = [tidy(title) for title in header]
    if found:
        numbers = " or ".join(f"{key}={number}" for number in found)
        raise DataError(
            f"{source} has {len(found)} columns '{titles[found[0]]}': rename one, or give the "
            f"number of the one that is meant, counted from 0: {numbers}"
        )
    near = did_you_mean(str(column), titles)
    raise DataError(
        f"{source} has no column '{column}', only {_listed(titles)}; set {key} to one of them, "
        f"or to its number, counted from 0{near}"
    )


def _listed(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
    return ", ".join(titles[:SHOWN]) + more
