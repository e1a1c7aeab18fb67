"""Numbers to predict from a sequence of numbers, one or several per sequence.

Shapes: N sequences, B batch, O numbers to predict.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Regression
from rnnexp.data.columns import Column
from rnnexp.data.series import Series
from rnnexp.data.series_files import Joined
from rnnexp.data.series_scaling import Scaling
from rnnexp.data.series_targets import MissingNumbers, Targets, numbers_of_sequences
from rnnexp.data.series_units import InUnits, target_report
from rnnexp.types import Batch


class SeriesRegression(InUnits, Series, Regression):
    """One number per sequence of numbers, or several.

    label_column: the column of the numbers, or several columns; in long form all rows of a sequence
        have the same.
    missing_labels: sequences without a number are left out (`drop`); None refuses the file.
    series: the arguments of `Series`.

    The network learns targets of mean 0 and standard deviation 1 in the training split; the loss is
    their mean squared error, and about 1 where the training mean is answered. The scores are in the
    user's units, `mse` in their square, each the mean over the targets.

    Chance is the training mean as the answer to each test sequence.
    """

    def __init__(
        self,
        *,
        label_column: Column | list[Column] = "label",
        missing_labels: MissingNumbers | None = None,
        **series: Any,
    ) -> None:
        named = label_column if isinstance(label_column, list) else [label_column]
        if not named:
            raise ValueError("label_column names no column: say what is to be predicted")
        self._label_columns, self._missing_labels = tuple(named), missing_labels
        super().__init__(**series)

    @property
    def target_columns(self) -> Sequence[Column]:
        return self._label_columns

    def read_targets(self, joined: Joined) -> Targets:
        read = numbers_of_sequences(
            joined, self.target_columns, self._missing_labels, self.decimal_comma
        )
        self._numbers_NO = read.values_NO
        usable_N = np.isfinite(read.values_NO).all(axis=1)
        return Targets(np.asarray(usable_N), None, read.facts, read.notes)

    def finish_targets(self) -> None:
        names = [str(column) for column in self.target_columns]
        self.output_size = len(names)
        self.target_scaling = Scaling.fitted(
            self._numbers_NO[self._rows["train"]], names, "standard"
        )
        self.targets = self._float32(self.target_scaling(self._numbers_NO))
        self.report = target_report(self.target_scaling, "target")
        if len(names) > 1:
            by_name = zip(names, self._errors_of_mean().tolist(), strict=True)
            shown = ", ".join(f"{name} {error:.4g}" for name, error in by_name)
            self.report["notes"].append(
                f"mse is the mean over {len(names)} targets; chance of each: {shown}"
            )

    def _errors_of_mean(self) -> npt.NDArray[np.float64]:
        """The mean squared error of the training mean on the test split, by target, [O]."""
        test_NO = self._numbers_NO[self._rows["test"]]
        errors: npt.NDArray[np.float64] = np.square(test_NO - self.target_scaling.means_E).mean(
            axis=0
        )
        return errors

    def chance_levels(self) -> dict[str, float]:
        errors_O = self._errors_of_mean()
        test = self.targets[self._rows["test"]]
        of_split = self.of_split(np.zeros_like(test), test)  # scaled, the training mean is 0
        return {
            "mse": float(errors_O.mean()),
            "loss": float((errors_O / self.target_scaling.width_E**2).mean()),
            **{name: value for name, value in of_split.items() if value is not None},
        }

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        width_O = torch.from_numpy(self.target_scaling.width_E).to(outputs)
        return {"mse": ((outputs - batch.targets) * width_O).square().mean(dim=1)}
