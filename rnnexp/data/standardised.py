"""Numbers to predict, brought to mean 0 and standard deviation 1 by those of the training split."""

from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.errors import DataError

Numbers = npt.NDArray[np.float64]

#: Standard deviations, and numbers in units of them, whose squares float32 holds.
_LEAST, _MOST = 1e-15, 1e15


@dataclass(frozen=True)
class Scaling:
    """z = (y - mean) / standard_deviation, both of the training split: what a network is trained on
    has the size that its initial weights expect, whatever the user's unit.

    >>> scaling = Scaling.of(np.array([1.0, 3.0]), "reviews.csv")
    >>> scaling.standardised(np.array([1.0, 2.0, 5.0])).tolist()
    [-1.0, 0.0, 3.0]
    >>> scaling.in_units(np.array([3.0])).tolist()
    [5.0]
    """

    mean: float
    standard_deviation: float

    @classmethod
    def of(cls, numbers_N: Numbers, source: str) -> Self:
        """That of the training split. Raises DataError, which names the file `source`, for numbers
        that are all the same, and for those whose squares nothing can hold."""
        if np.ptp(numbers_N) == 0:
            raise DataError(
                f"{source}: all {len(numbers_N)} training texts have the number {numbers_N[0]:g}: "
                "there is nothing to learn; is it the right column? (data.label_column)"
            )
        with np.errstate(over="ignore"):
            deviation = float(numbers_N.std())
        if not _LEAST < deviation < _MOST:
            raise DataError(
                f"{source}: the numbers of the training texts have a standard deviation of "
                f"{deviation:g}: give them in another unit, so that it is between {_LEAST:g} and "
                f"{_MOST:g}"
            )
        return cls(float(numbers_N.mean()), deviation)

    def standardised(self, numbers: Numbers) -> Numbers:
        return (numbers - self.mean) / self.standard_deviation

    def in_units(self, standardised: Numbers) -> Numbers:
        """Back in the user's unit."""
        return standardised * self.standard_deviation + self.mean

    def check(self, numbers: Numbers, source: str) -> None:
        """Raise DataError for numbers, of any split, that lie too far from those trained on."""
        far = np.abs(self.standardised(numbers)) >= _MOST
        if far.any():
            raise DataError(
                f"{source}: a text has the number {numbers[far][0]:g}, more than {_MOST:g} "
                "standard deviations from those of the training texts"
            )

    def record(self) -> dict[str, float]:
        return asdict(self)
