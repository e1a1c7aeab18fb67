"""What a probe has measured, as numpy and pandas have it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: When a measurement was made: every probe writes both.
WHEN = ("epoch", "step")


class Measured(Mapping[str, npt.NDArray[Any]]):
    """A probe's arrays by name, as the probe's docstring has them, with a row per measurement.

    The first axis of each is the measurements, in order of the training: `epoch` and `step` say
    when they were made, 0 before it.

    >>> flow = run.probe("gradient_flow")         # doctest: +SKIP
    >>> flow["half_life"][-1], flow.frame.ratio   # doctest: +SKIP
    """

    def __init__(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.name, self._arrays = name, arrays

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Raises KeyError, which names those there are."""
        if name not in self._arrays:
            raise KeyError(f"probe '{self.name}' has no '{name}': it has {', '.join(self)}")
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {list(values.shape)}" for name, values in self.items())
        return f"Measured({self.name}: {shapes})"

    @property
    def frame(self) -> pd.DataFrame:
        """A row per measurement, a column for each number; arrays of several axes are not in it."""
        numbers = {name: values for name, values in self.items() if values.ndim == 1}
        return pd.DataFrame(numbers)

    def long(self, name: str) -> pd.DataFrame:
        """One array in long form: a row per element, with epoch, step and its places on the axes.

        Columns `axis_1`, `axis_2`, ... count from 0 along the axes behind the measurements: of an
        array by time, `axis_1` is the step of the sequence. `value` is the element.
        """
        values = self[name]
        places = np.indices(values.shape).reshape(values.ndim, -1)
        when = {key: self[key][places[0]] for key in WHEN if key in self}
        axes = {f"axis_{axis}": places[axis] for axis in range(1, values.ndim)}
        return pd.DataFrame({**when, **axes, "value": values.ravel()})
