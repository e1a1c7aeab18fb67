"""Series that a trained network is asked about, from a file without targets.

Shapes: N sequences, T steps, E channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnnexp.data.columns import Column, tidy
from rnnexp.data.corpus import Int64Array
from rnnexp.data.series_files import read_files
from rnnexp.data.series_forms import Form
from rnnexp.data.series_scaling import Scaling, filled
from rnnexp.data.series_windows import padded, read_of
from rnnexp.errors import DataError
from rnnexp.types import Batch


@dataclass(frozen=True)
class Asked:
    """names: of each sequence: its id, or the number of its row from 1.

    batch: all of them. times: of each sequence the time of each step that is read, or its number.
    cut: how many sequences have steps that are not read. notes: what was found out and done.
    """

    names: Sequence[str]
    batch: Batch
    times: Sequence[Sequence[str]]
    cut: int
    notes: Sequence[str]


class SeriesReader:
    """Reads files as the run's own was read, with the scaling of its training split.

    state: what `Series.state()` returned; a run directory holds it.
    """

    def __init__(self, state: Mapping[str, Any], seq_len: int) -> None:
        self.seq_len, self.padding = seq_len, state["padding"]
        self._state: Mapping[str, Any] = state["series"]
        self.scaling = Scaling.of(self._state["scaling"])

    def __call__(self, path: Path) -> Asked:
        """Raises DataError, which names the file and the row, as for a training file."""
        columns = self._state["columns"]
        id_column: Column | None = columns["id"]
        wide = id_column is None
        form = Form(
            id_column,
            columns["time"],
            columns["values"] if wide else list(self.scaling.names),
            (),
            columns["decimal_comma"],
        )
        left_out = [*columns["ignored"], *(columns["labels"] if wide else ())]
        joined, _, notes = read_files(
            [path], form, "", left_out, columns["separator"], columns["quotes"],
            self._state["missing"],
        )  # fmt: skip
        if (joined.lengths == 0).any():
            sequence = int(np.flatnonzero(joined.lengths == 0)[0])
            raise joined.fault_of_sequence(sequence, "has no value", ": take it out")
        means_E = self.scaling.means_E
        whole_SE = filled(joined.values_SE, joined.begins, self._state["missing"], means_E)
        with np.errstate(over="ignore"):
            values = self.scaling(whole_SE).astype(np.float32)
        if not np.isfinite(values).all():
            raise DataError(f"{path}: a value is beyond what a float32 holds")
        begins, lengths = read_of(
            joined.begins[:-1], joined.lengths, self.seq_len, self._state["cut"]
        )
        inputs = padded(values, begins, lengths, self.seq_len, self.padding)
        batch = Batch(
            torch.from_numpy(inputs),
            torch.zeros(len(joined), dtype=torch.long),
            torch.from_numpy(lengths),
            self.padding,
        )
        names = [str(number + 1) for number in range(len(joined))]
        if id_column is not None:
            cells = joined.cells_of_steps(id_column)
            names = [tidy(str(cells[begin])) for begin in joined.begins[:-1]]
        cut = int((joined.lengths > self.seq_len).sum())
        return Asked(names, batch, self._times(joined, begins, lengths), cut, notes)

    def _times(
        self, joined: Any, begins: Int64Array, lengths: Int64Array
    ) -> Sequence[Sequence[str]]:
        time_column = self._state["columns"]["time"]
        starts, each = joined.begins[:-1], zip(begins.tolist(), lengths.tolist(), strict=True)
        if time_column is None:
            first = (begins - starts).tolist()
            return [
                [str(f + t + 1) for t in range(n)]
                for f, n in zip(first, lengths.tolist(), strict=True)
            ]
        cells = joined.cells_of_steps(time_column)
        return [[tidy(str(cell)) for cell in cells[b : b + n]] for b, n in each]
