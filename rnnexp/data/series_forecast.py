"""The values to come, at every step of a sequence of numbers.

Shapes: N sequences, T steps, S steps of all sequences one behind the other, E channels, O forecast.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import SplitScores
from rnnexp.data.columns import Column
from rnnexp.data.series import Series
from rnnexp.data.series_files import Joined
from rnnexp.data.series_regression import in_words, target_report
from rnnexp.data.series_scaling import Scaling
from rnnexp.data.series_targets import Targets
from rnnexp.data.step_regression import StepRegression, step_errors
from rnnexp.errors import DataError
from rnnexp.ranges import at_least
from rnnexp.scores import Score
from rnnexp.types import Batch


class SeriesForecast(Series, StepRegression):
    """At step t the value at t + horizon, from those up to t.

    horizon: how many steps ahead. A sequence of L steps gives L - horizon steps to read, each with
        its target; one without any is left out and counted.
    forecast_columns: which channels are forecast; None: all of them.
    series: the arguments of `Series`; a value that was missing is filled where it is read, and is
        no target.

    The network reads values as `scale` has them, and forecasts them with mean 0 and standard
    deviation 1 in the training split, whatever `scale` is; the loss is their mean squared error.
    The score `mse` is in the user's units, squared, the mean over channels.

    Chance is the training mean as the answer at each step of the test split, the best constant. The
    last value is a better answer to most series: that nothing will change (`persistence`) is
    reported beside chance, and a forecast that is no better has learned nothing of use.
    """

    foretells = True

    target_key: ClassVar[str] = "data.forecast_columns"

    def __init__(
        self,
        *,
        horizon: int = 1,
        forecast_columns: list[Column] | None = None,
        **series: Any,
    ) -> None:
        at_least("horizon", horizon, 1)
        self.ahead = horizon
        self.forecast_columns = forecast_columns
        super().__init__(**series)

    @property
    def target_columns(self) -> Sequence[Column]:
        return ()  # they are among the inputs

    def read_targets(self, joined: Joined) -> Targets:
        titles = list(joined.channels)
        wanted = titles if self.forecast_columns is None else map(str, self.forecast_columns)
        self._places = []
        for name in wanted:
            if name not in titles:
                raise DataError(
                    f"{joined.source} has no channel '{name}', only {', '.join(titles)}: set "
                    "data.forecast_columns to some of them"
                )
            self._places.append(titles.index(name))
        self._known_SO = joined.values_SE[:, self._places]
        some_S = np.asarray(np.isfinite(self._known_SO).any(axis=1))
        place_S = np.arange(len(some_S)) - np.repeat(joined.begins[:-1], joined.lengths)
        usable_N = np.zeros(len(joined), np.bool_)
        usable_N[joined.sequence_S[some_S & (place_S >= self.ahead)]] = True
        return Targets(usable_N | (joined.lengths <= self.ahead))

    def finish_targets(self) -> None:
        self.output_size = len(self._places)
        names = [self.scaling.names[place] for place in self._places]
        train_S = np.zeros(len(self._known_SO), np.bool_)
        for row in self._rows["train"]:
            train_S[self._begins[row] : self._begins[row + 1]] = True
        self.target_scaling = Scaling.fitted(self._known_SO[train_S], names, "standard")
        ahead_SO = np.full_like(self._known_SO, np.nan)
        ahead_SO[: -self.ahead] = self._known_SO[self.ahead :]
        self.targets = self.target_scaling(ahead_SO).astype(np.float32)
        self.report = target_report(self.target_scaling, "forecast channel")
        naive = self.persistence()
        self.report["baselines"] = {"persistence": {"mse": naive}}
        shown = "-" if naive is None else f"{naive:.4g}"
        self.report["notes"].append(
            f"forecast {self.ahead} step{'s' * (self.ahead > 1)} ahead, at every step: the last "
            f"value as the answer (persistence) has mse {shown} on the test split, the training "
            f"mean {self.chance_levels()['mse']:.4g}"
        )

    def _test_steps(self) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Targets and present values at the steps that are read of each test sequence."""
        begins, lengths = self.read_of(self._rows["test"], self.seq_len)
        return [
            (self._known_SO[b + self.ahead : b + n + self.ahead], self._known_SO[b : b + n])
            for b, n in zip(begins.tolist(), lengths.tolist(), strict=True)
        ]

    def persistence(self) -> float | None:
        """The mean squared error of the present value as the forecast, on the test split.

        Over the steps where both are known; None where there are none.
        """
        errors = [np.square(ahead_TO - now_TO) for ahead_TO, now_TO in self._test_steps()]
        means = [np.nanmean(error) for error in errors if not np.isnan(error).all()]
        return float(np.mean(means)) if means else None

    def chance_levels(self) -> dict[str, float]:
        means_O, width_O = self.target_scaling.means_E, self.target_scaling.width_E
        errors = [np.square(ahead_TO - means_O) for ahead_TO, _ in self._test_steps()]
        told = [error for error in errors if not np.isnan(error).all()]
        every = np.concatenate(told) / width_O**2
        begins, lengths = self.read_of(self._rows["test"], self.seq_len)
        parts = [self.targets[b : b + n] for b, n in zip(begins, lengths, strict=True)]
        test_1TO = np.concatenate(parts)[None]
        of_split = self.of_split(np.zeros_like(test_1TO), test_1TO)
        return {
            **{name: value for name, value in of_split.items() if value is not None},
            "mse": float(np.mean([np.nanmean(error) for error in told])),
            "loss": float(np.nanmean(every)),
        }

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        width_O = torch.from_numpy(self.target_scaling.width_E).to(outputs)
        return {"mse": step_errors(outputs * width_O, batch.targets * width_O)}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        answered, told = (self.in_units(x.astype(np.float64)) for x in (outputs, targets))
        return super().of_split(answered, told)

    @property
    def readings(self) -> Sequence[Score]:
        return [in_words(score, self.target_scaling) for score in super().readings]

    @property
    def score(self) -> Score:
        return in_words(super().score, self.target_scaling)

    def in_units(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.target_scaling.undone(values).astype(values.dtype)

    def state(self) -> dict[str, Any]:
        made = super().state()
        made["series"]["targets"] = self.target_scaling.state()
        return made
