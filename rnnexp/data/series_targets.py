"""What is to be said of a series: a class or numbers of each sequence, a class of each step.

Shapes: N sequences, S steps of all of them, O numbers to predict.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rnnexp.data.base import IGNORED
from rnnexp.data.columns import Column
from rnnexp.data.corpus import Int64Array
from rnnexp.data.labels import LabelCase, Missing, read_labels
from rnnexp.data.series_cells import Float64Array, is_missing, number_in
from rnnexp.data.series_files import Joined
from rnnexp.data.table import Table
from rnnexp.errors import DataError

#: What to do with sequences without numbers to predict: leave them out. None refuses them.
MissingNumbers = Literal["drop"]


@dataclass(frozen=True)
class Targets:
    """What was read of what is to be predicted.

    usable_N: whether a sequence has it; or, where it is of each step, asked_S: whether a step has.
    strata: the class of each sequence, where they have one.
    facts, notes: for summary.json and for the screen.
    """

    usable_N: npt.NDArray[np.bool_] | None = None
    strata: Int64Array | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    asked_S: npt.NDArray[np.bool_] | None = None


Fault = Callable[[int, str, str], DataError]


@dataclass(frozen=True)
class _Labels(Table):
    """The cells of a label column, of which `told_by` knows where they stand in the files."""

    told_by: Fault | None = field(default=None)

    def fault(self, row: int, what: str, way_out: str = "") -> DataError:
        assert self.told_by is not None
        return self.told_by(row, what, way_out)


@dataclass(frozen=True)
class Classes:
    """labels: an index into `names` for each sequence or step, `IGNORED` where there is none.

    facts, notes: what was left out or merged, for summary.json and for the screen.
    """

    labels: Int64Array
    names: tuple[str, ...]
    facts: Mapping[str, Any]
    notes: Sequence[str]


def classes_of_sequences(
    joined: Joined, column: Column, missing: Missing | None, case: LabelCase | None
) -> Classes:
    """A class for each sequence; see `labels.read_labels` for `case`."""
    cells, taken_over = joined.cells_of_sequences(column)
    read = _classes(joined, cells, column, missing, case, joined.fault_of_sequence, "sequences")
    return replace(read, notes=[*read.notes, *_taken_over(taken_over, column)])


def _taken_over(count: int, column: Column) -> list[str]:
    if not count:
        return []
    return [f"{count} rows have no '{column}': that of their sequence's other rows is theirs too"]


def classes_of_steps(
    joined: Joined, column: Column, missing: Missing | None, case: LabelCase | None
) -> Classes:
    """A class for each step; where there is none the step counts in no loss and no score."""
    cells = joined.cells_of_steps(column)
    return _classes(joined, cells, column, missing, case, joined.fault_at_step, "steps")


def _classes(
    joined: Joined,
    cells: Sequence[Any],
    column: Column,
    missing: Missing | None,
    case: LabelCase | None,
    told_by: Fault,
    what: str,
) -> Classes:
    table = _Labels(joined.source, ("", str(column)), [""] * len(cells), cells, told_by=told_by)
    read = read_labels(table, missing, case)
    labels = np.full(len(cells), IGNORED, np.int64)
    labels[np.array(read.rows)] = read.labels
    facts, notes = dict(read.facts), list(read.notes)
    if count := facts.pop("rows_without_label", 0):
        facts[f"{what}_without_label"] = count
        notes[0] = f"{count} of {len(cells)} {what} have no '{column}' and are left out"
    return Classes(labels, read.classes, facts, notes)


@dataclass(frozen=True)
class Numbers:
    """values_NO: the numbers of each sequence, a row of NaN where they are left out."""

    values_NO: Float64Array
    facts: Mapping[str, Any]
    notes: Sequence[str]


def numbers_of_sequences(
    joined: Joined, columns: Sequence[Column], missing: MissingNumbers | None, decimal_comma: bool
) -> Numbers:
    """The numbers of each sequence. Raises DataError, which names the row, for what is none."""
    values_NO = np.empty((len(joined), len(columns)))
    notes: list[str] = []
    for place, column in enumerate(columns):
        cells, taken_over = joined.cells_of_sequences(column)
        notes += _taken_over(taken_over, column)
        for sequence, cell in enumerate(cells):
            value = math.nan if is_missing(cell) else number_in(cell, decimal_comma)
            if value is None or math.isinf(value):
                raise joined.fault_of_sequence(
                    sequence,
                    f"has '{cell}' in column '{column}', no number",
                    ": correct it; data=series learns classes",
                )
            values_NO[sequence, place] = value
    lacking_N = np.isnan(values_NO).any(axis=1)
    if not lacking_N.any():
        return Numbers(values_NO, {}, notes)
    count = int(lacking_N.sum())
    if missing != "drop":
        first = int(np.flatnonzero(lacking_N)[0])
        column = columns[int(np.isnan(values_NO[first]).argmax())]
        more = f", nor have {count - 1} more" if count > 1 else ""
        raise joined.fault_of_sequence(
            first,
            f"has no '{column}'",
            f"{more}: data.missing_labels=drop leaves such sequences out",
        )
    values_NO[lacking_N] = math.nan
    return Numbers(
        values_NO,
        {"sequences_without_target": count},
        [*notes, f"{count} of {len(joined)} sequences have no target and are left out"],
    )
