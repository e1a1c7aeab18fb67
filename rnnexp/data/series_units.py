"""Numbers to predict from a series: standardised for the network, told in the user's units."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from rnnexp.data.base import SplitScores, Task
from rnnexp.data.series_scaling import Scaling
from rnnexp.scores import SQUARED_ERROR, Score


class InUnits(Task):
    """What a regression of series says of its targets; comes before the kind of regression.

    target_scaling: by which targets and outputs are standardised.
    """

    loss_score: ClassVar[Score] = replace(SQUARED_ERROR, axis="loss (1: the variance in training)")
    target_scaling: Scaling

    @property
    def unit(self) -> str:
        """That of the targets, for the axis of a figure."""
        names = self.target_scaling.names
        return names[0] if len(names) == 1 else "units"

    @property
    def score(self) -> Score:
        return super().score.in_unit(self.unit)

    @property
    def readings(self) -> Sequence[Score]:
        return [score.in_unit(self.unit) for score in super().readings]

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        return super().of_split(self.in_units(outputs), self.in_units(targets))

    def in_units(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.target_scaling.undone(values.astype(np.float64))

    def state(self) -> dict[str, Any]:
        made = super().state()
        made["series"]["targets"] = self.target_scaling.state()
        return made


def target_report(scaling: Scaling, what: str) -> dict[str, Any]:
    """The facts, notes and warnings on numbers to predict. what: what one of them is called."""
    shown = ", ".join(
        f"{name} with mean {mean:.4g} and standard deviation {width:.4g}"
        for name, mean, width in zip(scaling.names, scaling.means_E, scaling.width_E, strict=True)
    )
    return {
        "targets": scaling.state(),
        "notes": [
            f"{what}s: {shown} in the training split; the loss is of these in units of the "
            "standard deviation, mse in yours"
        ],
        "warnings": scaling.warnings(what),
    }
