"""Tables of the same columns put one behind the other: one for training, others for the rest."""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.table import Table
from rnnexp.errors import DataError
from rnnexp.types import Split


@dataclass(frozen=True)
class JoinedTable(Table):
    """The rows of several tables, which messages name by their own file and row.

    tables: by the split that they are for, the training table first.
    """

    tables: Mapping[Split, Table] = field(default_factory=dict)

    def fault(self, row: int, what: str, way_out: str = "") -> DataError:
        table, own = self._own(row)
        return table.fault(own, what, way_out)

    def called(self, row: int, beside: int) -> str:
        table, own = self._own(row)
        elsewhere = table is not self._own(beside)[0]
        return f"row {own + 1} of {table.source}" if elsewhere else f"row {own + 1}"

    def of_split(self, name: Split, rows: Sequence[int]) -> npt.NDArray[np.bool_] | None:
        """Whether each of `rows` is of that split's own table; None where it has none."""
        if name not in self.tables:
            return None
        index = list(self.tables).index(name)
        begins = [0, *self._ends]
        numbers = np.asarray(rows, np.int64)
        return (begins[index] <= numbers) & (numbers < begins[index + 1])

    @property
    def _ends(self) -> list[int]:
        return list(accumulate(len(table.labels) for table in self.tables.values()))

    def _own(self, row: int) -> tuple[Table, int]:
        """The table that a row is of, and its number there, from 0."""
        ends = self._ends
        index = bisect.bisect_right(ends, row)
        return list(self.tables.values())[index], row - (ends[index - 1] if index else 0)


def join(tables: Mapping[Split, Table]) -> JoinedTable:
    """All rows of the tables, the training table's first; what is told of each names its file."""
    first = next(iter(tables.values()))
    facts: dict[str, Any] = dict(first.facts)
    notes = list(first.notes)
    for name, table in list(tables.items())[1:]:
        if table.facts:
            facts[f"{name}_file"] = dict(table.facts)
        notes += [f"{table.source}: {note}" for note in table.notes]
    return JoinedTable(
        first.source,
        first.titles,
        list(chain.from_iterable(table.texts for table in tables.values())),
        list(chain.from_iterable(table.labels for table in tables.values())),
        facts=facts,
        notes=notes,
        read_anew=any(table.read_anew for table in tables.values()),
        tables=tables,
    )
