"""The sequences of one file or of several, and where in them each step stands.

Shapes: N sequences, S steps of all of them one behind the other, E channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.columns import Column
from rnnexp.data.corpus import Int64Array
from rnnexp.data.records import Quotes
from rnnexp.data.series_cells import Float64Array, tidied
from rnnexp.data.series_forms import Form, Sequences, WideSequences, sequences_of
from rnnexp.data.series_scaling import Fill
from rnnexp.data.series_table import read_numbers, title_of
from rnnexp.errors import DataError


@dataclass(frozen=True)
class Joined:
    """The sequences of one file or several, one behind the other.

    parts: of each file. part_N: of which file each sequence is.
    """

    parts: Sequence[Sequences]
    values_SE: Float64Array
    begins: Int64Array
    part_N: Int64Array

    @classmethod
    def of(cls, parts: Sequence[Sequences]) -> "Joined":
        """Raises DataError where files have different channels."""
        first = parts[0]
        ordered = []
        for part in parts:
            if set(part.channels) != set(first.channels):
                raise DataError(
                    f"{part.table.source} has the channels {', '.join(part.channels)} and "
                    f"{first.table.source} {', '.join(first.channels)}: they must be the same"
                )
            places = [list(part.channels).index(name) for name in first.channels]
            ordered.append(part.values_SE[:, places])
        lengths = np.concatenate([np.diff(part.begins) for part in parts])
        return cls(
            parts,
            np.concatenate(ordered),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.part_N)

    @property
    def channels(self) -> Sequence[str]:
        return self.parts[0].channels

    @property
    def source(self) -> str:
        return ", ".join(part.table.source for part in self.parts)

    @property
    def lengths(self) -> Int64Array:
        return np.diff(self.begins)

    @property
    def sequence_S(self) -> Int64Array:
        """Of which sequence each step is."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def cells_of_steps(self, column: Column) -> list[Any]:
        """The cells of a column, step by step."""
        return [cell for part in self.parts for cell in _cells(part, column, part.row_S)]

    def cells_of_sequences(self, column: Column) -> tuple[list[Any], int]:
        """The one cell of each sequence, None where it has none; and how many rows took it over.

        These are rows without one, of a sequence in which others have one.

        Raises DataError, which names the row, where a sequence has two that differ.
        """
        if isinstance(self.parts[0], WideSequences):
            return [cell for part in self.parts for cell in _cells(part, column, part.row_N)], 0
        held: list[Any] = [None] * len(self)
        names: list[str | None] = [None] * len(self)
        lacking = [0] * len(self)
        cells = self.cells_of_steps(column)
        each = zip(self.sequence_S.tolist(), cells, tidied(cells), strict=True)
        for step, (sequence, cell, name) in enumerate(each):
            if name is None:
                lacking[sequence] += 1
            elif names[sequence] is None:
                names[sequence], held[sequence] = name, cell
            elif names[sequence] != name:
                raise self.fault_at_step(
                    step,
                    f"has '{cell}' in column '{column}' where an earlier row of its sequence has "
                    f"'{held[sequence]}'",
                    ": a sequence has one; data=series_steps learns a class for every step",
                )
        taken_over = sum(n for n, name in zip(lacking, names, strict=True) if name is not None)
        return held, taken_over

    def fault_at_step(self, step: int, what: str, way_out: str = "") -> DataError:
        """As `NumberTable.fault`, of a step counted over all files."""
        part, within = self._place(step)
        return part.table.fault(int(part.row_S[within]), what, way_out)

    def column_at_step(self, step: int, channel: int) -> str:
        """The title of the column that a value stands in, in quotes."""
        part, within = self._place(step)
        return part.in_column(within, list(part.channels).index(self.channels[channel]))

    def fault_of_sequence(self, sequence: int, what: str, way_out: str = "") -> DataError:
        """As `NumberTable.fault`, of the first row of a sequence."""
        number = int(self.part_N[sequence])
        part = self.parts[number]
        within = sequence - int((self.part_N < number).sum())
        return part.table.fault(int(part.row_N[within]), what, way_out)

    def _place(self, step: int) -> tuple[Sequences, int]:
        """The file in which a step stands, and its number there."""
        sequence = int(np.searchsorted(self.begins, step, side="right")) - 1
        number = int(self.part_N[sequence])
        return self.parts[number], step - int(self.begins[(self.part_N < number).sum()])


def _cells(part: Sequences, column: Column, row_S: Int64Array) -> list[Any]:
    cells = part.table.cells[title_of(part.table.source, part.table.titles, column)]
    return [cells[row] for row in row_S]


def read_files(
    paths: Sequence[Path],
    form: Form,
    target_key: str,
    ignored: Sequence[Column],
    separator: str | None,
    quotes: Quotes | None,
    missing: Fill | None,
) -> tuple[Joined, dict[str, Any], list[str]]:
    """The sequences of all files, and what was found out and done, as facts and notes.

    missing: None refuses a value that is missing; `drop` leaves out its step. Others are left NaN.
    """
    parts, facts, notes = list[Sequences](), dict[str, Any](), list[str]()
    for path in paths:
        table = read_numbers(path, form.named(target_key), ignored, separator, quotes)
        part = sequences_of(table, form)
        told = {**table.facts, **part.facts}
        said = [*table.notes, *part.notes]
        if len(paths) > 1:
            told, said = {str(path): told}, [f"{path}: {line}" for line in said]
        facts, notes = facts | told, [*notes, *said]
        parts.append(part)
    joined = Joined.of(parts)
    lacking_SE = np.isnan(joined.values_SE)
    if count := int(lacking_SE.sum()):
        if missing is None:
            _refuse_missing(joined, lacking_SE, count)
        did = {
            "forward": "the value before it stands for each",
            "zero": "0 stands for each",
            "mean": "the training mean stands for each",
            "drop": "their steps are left out",
        }
        facts["missing_values"] = count
        notes.append(f"{count} of {lacking_SE.size} values are missing: {did[missing or 'drop']}")
        if missing == "drop":
            joined = Joined.of([_without_missing(part) for part in parts])
    return joined, facts, notes


def _refuse_missing(joined: Joined, lacking_SE: npt.NDArray[np.bool_], count: int) -> None:
    step, channel = (int(place[0]) for place in lacking_SE.nonzero())
    more = f", nor have {count - 1} more cells" if count > 1 else ""
    raise joined.fault_at_step(
        step,
        f"has no value in column {joined.column_at_step(step, channel)}",
        f"{more}: data.missing=forward puts the value before it there, zero a 0, mean the training "
        "mean, and drop leaves out the step",
    )


def _without_missing(part: Sequences) -> Sequences:
    whole_S = ~np.isnan(part.values_SE).any(axis=1)
    kept_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(whole_S)])
    return replace(
        part,
        values_SE=part.values_SE[whole_S],
        begins=kept_before[part.begins],
        row_S=part.row_S[whole_S],
    )
