"""All that one probe has measured in a run, and the arrays that its file holds."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rnnexp.probes.base import Array, Measurement

#: Columns of a probe's file beside what it has measured.
INDEX = ("epoch", "step")


class Row(NamedTuple):
    """One measurement. epoch, step: after how many of them it was made."""

    epoch: int
    step: int
    values: Measurement


class History:
    """The measurements of one probe, from first to last.

    unsaved: how many have been added since the caller last wrote the file; all, at first.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = []
        self.unsaved = 0
        self._axes: dict[str, int] = {}
        for row in rows:
            self.add(*row)

    def add(self, epoch: int, step: int, measurement: Measurement) -> None:
        """Keep a copy of a measurement.

        Raises ValueError for what is no number, and for a value that has more or fewer axes than
        under the same key before: there is no one table for both. A single NaN may stand for an
        array of any shape, as a value that could not be computed.
        """
        values = {key: _number_or_array(key, value) for key, value in measurement.items()}
        axes = {key: np.ndim(value) for key, value in values.items() if not _is_nan(value)}
        for key, count in axes.items():
            if count != self._axes.get(key, count):
                raise ValueError(
                    f"'{key}' has the shape {np.shape(values[key])}, and had {self._axes[key]} "
                    "axes before"
                )
        self._axes |= axes
        self.rows.append(Row(epoch, step, values))
        self.unsaved += 1

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """A row per measurement, by key; NaN fills the end of shorter ones and missing values."""
        columns: dict[str, npt.NDArray[Any]] = {
            "epoch": np.array([row.epoch for row in self.rows]),
            "step": np.array([row.step for row in self.rows]),
        }
        for key in dict.fromkeys(key for row in self.rows for key in row.values):
            axes = self._axes.get(key, 0)
            values = [np.asarray(row.values.get(key, np.nan)) for row in self.rows]
            shapes = [value.shape for value in values if value.ndim == axes]
            largest = (max(sizes) for sizes in zip(*shapes, strict=True))
            table = np.full((len(values), *largest), np.nan)
            for number, value in enumerate(values):
                if value.ndim == axes:
                    place: tuple[int | slice, ...] = (number, *map(slice, value.shape))
                    table[place] = value
            columns[key] = table
        return columns

    @property
    def latest(self) -> list[Row]:
        """The measurements that are unsaved, and always the last one."""
        return self.rows[-max(self.unsaved, 1) :]

    def scalars(self) -> dict[str, float]:
        """The numbers, not the arrays, of the last measurement."""
        if not self.rows:
            return {}
        values = self.rows[-1].values
        return {key: float(value) for key, value in values.items() if np.ndim(value) == 0}


def rows_of(arrays: Mapping[str, npt.NDArray[Any]]) -> list[Row]:
    """The measurements in a probe's file, as `History.arrays` made it; none of no arrays.

    A value keeps the NaN that filled it up, and a missing one is NaN: a history of these rows, and
    of others added to it, gives the same arrays as one of the measurements themselves.
    """
    keys = [key for key in arrays if key not in INDEX]
    index = zip(*(arrays.get(name, np.empty(0)) for name in INDEX), strict=True)
    return [
        Row(int(epoch), int(step), {key: arrays[key][number] for key in keys})
        for number, (epoch, step) in enumerate(index)
    ]


def _number_or_array(key: str, value: Any) -> float | Array:
    if key in INDEX:
        raise ValueError(f"'{key}' is the column of that name: give the number another")
    try:
        # a copy: what the probe hands out may be a view of weights that go on changing
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"'{key}' is no number and no array of numbers ({error})") from None
    return array if array.ndim else float(array)


def _is_nan(value: float | Array) -> bool:
    return np.ndim(value) == 0 and bool(np.isnan(value))
