"""The scale of numbers, fitted on the training split alone, and what fills missing values.

Shapes: S steps, E channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array
from rnnexp.data.series_cells import Float64Array
from rnnexp.errors import DataError
from rnnexp.ranges import LARGEST

#: How channels are scaled: to mean 0 and standard deviation 1, to 0 ... 1, not at all.
Scale = Literal["standard", "minmax", "none"]

#: What stands for a missing value: the one before it, 0, the training mean; or its step goes.
Fill = Literal["forward", "zero", "mean", "drop"]

#: Numbers that differ by less than this share of the largest do not differ: they are rounded.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Scaling:
    """(x - shift) / width of each channel.

    means_E: of the known values that it was fitted to, in the user's units.
    constant: the channels that do not vary there; their width is 1.
    """

    kind: Scale
    names: tuple[str, ...]
    shift_E: Float64Array
    width_E: Float64Array
    means_E: Float64Array
    constant: tuple[str, ...] = ()

    @classmethod
    def fitted(cls, values_SE: Float64Array, names: Sequence[str], kind: Scale) -> Self:
        """To the known values alone; those that are NaN are missing.

        `standard`: shift = mean, width = standard deviation (of the population). `minmax`: shift =
        minimum, width = maximum - minimum. `none`: 0 and 1.
        Raises DataError for a channel without any known value.
        """
        known_SE = ~np.isnan(values_SE)
        if not known_SE.any(axis=0).all():
            name = names[int(known_SE.any(axis=0).argmin())]
            raise DataError(
                f"the training split has no value of '{name}': leave it out of data.value_columns"
            )
        least_E, most_E = np.nanmin(values_SE, axis=0), np.nanmax(values_SE, axis=0)
        largest_E = np.maximum(np.abs(least_E), np.abs(most_E))
        if (largest_E > LARGEST).any():
            name = names[int(largest_E.argmax())]
            raise DataError(
                f"'{name}' has a value of {largest_E.max():g}, more than the {LARGEST:g} that a "
                "float32 holds"
            )
        means_E = np.nanmean(values_SE, axis=0)
        constant_E = most_E - least_E <= ROUNDING * largest_E
        if kind == "standard":
            shift_E, width_E = means_E, np.nanstd(values_SE, axis=0)
        elif kind == "minmax":
            shift_E, width_E = least_E, most_E - least_E
        else:
            shift_E, width_E = np.zeros(len(names)), np.ones(len(names))
        width_E = np.where(constant_E, 1.0, width_E)
        constant = tuple(name for name, same in zip(names, constant_E, strict=True) if same)
        return cls(kind, tuple(names), shift_E, width_E, means_E, constant)

    def __call__(self, values_SE: Float64Array) -> Float64Array:
        scaled: Float64Array = (values_SE - self.shift_E) / self.width_E
        return scaled

    def undone(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Scaled values [..., E] in the user's units."""
        unscaled: npt.NDArray[Any] = values * self.width_E + self.shift_E
        return unscaled

    def state(self) -> dict[str, Any]:
        """As plain JSON values; `of` takes them back."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "shift": self.shift_E.tolist(),
            "width": self.width_E.tolist(),
            "means": self.means_E.tolist(),
            "constant": list(self.constant),
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """
        >>> scaling = Scaling.fitted(np.array([[1.0], [3.0]]), ["x"], "standard")
        >>> Scaling.of(scaling.state())(np.array([[5.0]])).tolist()
        [[3.0]]
        """
        shift_E, width_E, means_E = (
            np.array(state[key], np.float64) for key in ("shift", "width", "means")
        )
        constant = tuple(state["constant"])
        return cls(state["kind"], tuple(state["names"]), shift_E, width_E, means_E, constant)

    def words(self) -> str:
        """What was done, for the screen."""
        return {
            "standard": "scaled to mean 0 and standard deviation 1 of the training split",
            "minmax": "scaled to the training split's least (0) and greatest (1) value",
            "none": "not scaled",
        }[self.kind]

    def warnings(self, what: str) -> list[str]:
        """A sentence where something does not vary, or was better scaled. what: `channel`."""
        lines = [
            f"{what} '{name}' is {self.means_E[self.names.index(name)]:g} throughout the training "
            "split: nothing can be learned from it"
            for name in self.constant
        ]
        if self.kind == "none" and (far := np.abs(self.means_E) > FAR).any():
            name = self.names[int(far.argmax())]
            lines.append(
                f"{what} '{name}' has a mean of {self.means_E[far.argmax()]:g}, and is not scaled: "
                "numbers far from 0 saturate a recurrent network; set data.scale=standard"
            )
        return lines


#: A mean this far from 0 is a warning where nothing is scaled.
FAR = 10.0


def filled(
    values_SE: Float64Array, begins: Int64Array, fill: Fill | None, means_E: Float64Array
) -> Float64Array:
    """The values with something in the place of each that is missing.

    `forward`: the value before it in its sequence; where there is none, the training mean.

    >>> nan = np.nan
    >>> x = np.array([[nan], [1.0], [nan], [nan]])
    >>> filled(x, np.array([0, 3, 4]), "forward", np.array([9.0])).ravel().tolist()
    [9.0, 1.0, 1.0, 9.0]
    """
    known_SE = ~np.isnan(values_SE)
    if known_SE.all():
        return values_SE
    if fill == "zero":
        return np.where(known_SE, values_SE, 0.0)
    if fill == "forward":
        step_S1 = np.arange(len(values_SE))[:, None]
        last_SE = np.maximum.accumulate(np.where(known_SE, step_S1, -1), axis=0)
        first_S1 = np.repeat(begins[:-1], np.diff(begins))[:, None]
        carried_SE = np.take_along_axis(values_SE, np.maximum(last_SE, 0), axis=0)
        return np.where(last_SE >= first_S1, carried_SE, means_E)
    return np.where(known_SE, values_SE, means_E)
