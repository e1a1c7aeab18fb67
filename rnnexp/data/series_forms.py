"""Tables of numbers to sequences: a row per sequence (wide), or a row per step (long).

Shapes: N sequences, S steps of all of them one behind the other, E channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnexp.data.columns import Column
from rnnexp.data.corpus import Int64Array
from rnnexp.data.series_cells import Float64Array, numbers_of, tidied, times_of
from rnnexp.data.series_table import NumberTable, title_of
from rnnexp.errors import DataError

#: Steps between two times count as equal that differ by less than this share of the median step.
EVEN = 1e-6


@dataclass(frozen=True)
class Form:
    """Which columns hold what.

    id_column: whose row it is, in long form; None: each row is a sequence (wide form).
    time_column: the order of the rows of a sequence, in long form; None: the order in the file.
    value_columns: of the channels in long form, of the steps in wide form; None: all the others.
    target_columns: of what is to be predicted.
    """

    id_column: Column | None
    time_column: Column | None
    value_columns: Sequence[Column] | None
    target_columns: Sequence[Column]
    decimal_comma: bool = False

    def check(self, target_key: str, ignored: Sequence[Column]) -> None:
        """Raise ValueError for a column that is to be two things, by the settings that name it."""
        setting_of: dict[Column, str] = {}
        for key, columns in {**self.named(target_key), "data.ignore_columns": ignored}.items():
            setting = key.removeprefix("data.")
            for column in columns:
                if column in setting_of and setting_of[column] == setting:
                    raise ValueError(f"{setting} names '{column}' twice")
                if column in setting_of:
                    raise ValueError(f"{setting_of[column]} and {setting} are both '{column}'")
                setting_of[column] = setting

    def named(self, target_key: str) -> dict[str, Sequence[Column]]:
        """The columns that have to be there, by the setting that names them."""
        columns: dict[str, Sequence[Column]] = {
            target_key: self.target_columns,
            "data.id_column": () if self.id_column is None else (self.id_column,),
            "data.time_column": () if self.time_column is None else (self.time_column,),
            "data.value_columns": tuple(self.value_columns or ()),
        }
        return {key: names for key, names in columns.items() if names}


@dataclass(frozen=True)
class Sequences:
    """The sequences of one file.

    values_SE: NaN where a value is missing. begins: where each sequence begins, and the end, [N+1].
    row_S: the row of the table that each step stands in.
    channels: what the E channels are called.
    facts, notes: what was done, counted, for summary.json and for the screen.
    """

    table: NumberTable
    values_SE: Float64Array
    begins: Int64Array
    row_S: Int64Array
    channels: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.begins) - 1

    @property
    def row_N(self) -> Int64Array:
        """The first row of each sequence; 0 of one without a step."""
        return self.row_S[np.minimum(self.begins[:-1], max(0, len(self.row_S) - 1))]

    def in_column(self, step: int, channel: int) -> str:
        """The title of the column that a value stands in."""
        return f"'{self.channels[channel]}'"


@dataclass(frozen=True)
class WideSequences(Sequences):
    """Each row is a sequence: its steps are the columns, of these titles."""

    step_titles: Sequence[str] = ()

    @property
    def row_N(self) -> Int64Array:
        return np.arange(len(self))

    def in_column(self, step: int, channel: int) -> str:
        return f"'{self.step_titles[step - int(self.begins[self.row_S[step]])]}'"


def sequences_of(table: NumberTable, form: Form) -> Sequences:
    """The sequences of a table in wide or long form.

    Raises DataError, which names row and column, for what is no number, for two rows of a sequence
    with the same time, and for a row without an id or a time.
    """
    source = table.source
    others = [title_of(source, table.titles, column) for column in form.target_columns]
    others += [
        title_of(source, table.titles, column)
        for column in (form.id_column, form.time_column)
        if column is not None
    ]
    if form.value_columns is None:
        values = [title for title in table.titles if title not in others]
    else:
        values = [title_of(source, table.titles, column) for column in form.value_columns]
    if not values:
        raise DataError(
            f"{source} has no columns of values beside {', '.join(others)}: name them with "
            "data.value_columns"
        )
    return _wide(table, form, values) if form.id_column is None else _long(table, form, values)


def _wide(table: NumberTable, form: Form, titles: Sequence[str]) -> Sequences:
    """Rows of values; cells without one behind the last value of a row are no part of it."""
    try:
        values_NT = np.stack([numbers_of(table, t, form.decimal_comma) for t in titles], axis=1)
    except DataError as error:
        raise DataError(
            f"{error}; where each row is a step and no sequence, say whose with data.id_column"
        ) from None
    known_NT = ~np.isnan(values_NT)
    steps = len(titles)
    lengths = np.where(known_NT.any(axis=1), steps - known_NT[:, ::-1].argmax(axis=1), 0)
    held_NT = np.arange(steps) < lengths[:, None]
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    facts: dict[str, Any] = {"form": "wide"}
    notes = [f"wide form: each row is a sequence, {len(titles)} columns are its steps in order"]
    if (shorter := int((lengths < steps).sum())) > 0:
        facts["ended_early"] = shorter
        notes.append(
            f"{shorter} of {len(values_NT)} rows end before the last column: empty cells behind a "
            "row's last value are no steps"
        )
    rows = np.repeat(np.arange(len(values_NT)), lengths)
    return WideSequences(
        table, values_NT[held_NT][:, None], begins, rows, ["value"], facts, notes, titles
    )


def _long(table: NumberTable, form: Form, titles: Sequence[str]) -> Sequences:
    """Rows of steps, by the ids in the order in which they first come, and in time."""
    assert form.id_column is not None
    id_title = title_of(table.source, table.titles, form.id_column)
    numbers: dict[str, int] = {}
    sequence_S = np.empty(len(table), np.int64)
    for row, name in enumerate(tidied(table.cells[id_title])):
        if name is None:
            raise table.fault(row, f"has no '{id_title}'", ": say whose it is, or take it out")
        sequence_S[row] = numbers.setdefault(name, len(numbers))
    facts: dict[str, Any] = {"form": "long"}
    notes = [f"long form: each row is a step of the sequence in '{id_title}'"]
    if form.time_column is None:
        order_S = np.argsort(sequence_S, kind="stable")
        notes.append("steps in the order of the rows: data.time_column names none")
    else:
        time_title = title_of(table.source, table.titles, form.time_column)
        time_S = times_of(table, time_title)
        order_S = np.lexsort((np.arange(len(time_S)), time_S, sequence_S))
        _refuse_same_times(table, order_S, sequence_S, time_S, id_title, time_title)
        told = _told_of_times(order_S, sequence_S, time_S, len(numbers))
        facts |= told[0]
        notes += told[1]
    values_SE = np.stack([numbers_of(table, t, form.decimal_comma) for t in titles], axis=1)
    counts = np.bincount(sequence_S, minlength=len(numbers))
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Sequences(table, values_SE[order_S], begins, order_S, titles, facts, notes)


def _refuse_same_times(
    table: NumberTable,
    order_S: Int64Array,
    sequence_S: Int64Array,
    time_S: Float64Array,
    id_title: str,
    time_title: str,
) -> None:
    ids, times = sequence_S[order_S], time_S[order_S]
    twice = np.flatnonzero((np.diff(ids) == 0) & (np.diff(times) == 0))
    if not len(twice):
        return
    first, second = (int(order_S[twice[0] + i]) for i in (0, 1))
    more = f", and {len(twice) - 1} more rows are like that" if len(twice) > 1 else ""
    raise table.fault(
        second,
        f"has the {time_title} {table.cells[time_title][second]} of {id_title} "
        f"{table.cells[id_title][second]} again, which row {first + 1} has",
        f"{more}: take one of them out, or give them different times",
    )


def _told_of_times(
    order_S: Int64Array, sequence_S: Int64Array, time_S: Float64Array, count: int
) -> tuple[dict[str, Any], list[str]]:
    """How many sequences were out of order, and how many have uneven steps."""
    facts: dict[str, Any] = {}
    notes = []
    in_file = np.argsort(sequence_S, kind="stable")
    moved = np.unique(sequence_S[in_file[in_file != order_S]])
    if len(moved):
        facts["sorted_by_time"] = len(moved)
        notes.append(f"{len(moved)} of {count} sequences were not in the order of time: sorted")
    same = np.diff(sequence_S[order_S]) == 0
    gaps = np.diff(time_S[order_S])[same]
    if len(gaps):
        median = float(np.median(gaps))
        uneven = np.abs(gaps - median) > EVEN * median
        irregular = len(np.unique(sequence_S[order_S][1:][same][uneven]))
        facts["time_step"] = {
            "median": median, "least": float(gaps.min()), "most": float(gaps.max()),
            "irregular_sequences": irregular,
        }  # fmt: skip
        if irregular:
            notes.append(
                f"the time between steps is not always {median:g}: from {gaps.min():g} to "
                f"{gaps.max():g}, in {irregular} of {count} sequences; the network reads steps and "
                "no times"
            )
    return facts, notes
