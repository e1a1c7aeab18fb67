"""Texts with a number each, such as a rating or a price."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Regression
from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.data.standardised import Numbers, Scaling
from rnnexp.data.text import Targets, Texts
from rnnexp.scores import Score
from rnnexp.types import Batch

RMSE = Score("rmse", "low", "rmse", logarithmic=True, perfect=0.0)
MAE = Score("mae", "low", "mae", logarithmic=True, perfect=0.0)
R2 = Score("r2", "high", "R²", perfect=1.0)


class TextRegression(Texts, Regression):
    """Texts with one number each; the arguments are those of `Texts`.

    Targets and outputs are standardised by `scaling`, and so is the loss, the mean squared error.
    Scores are in the user's own unit: mse in its square, mae and rmse = √mse in the unit itself;
    r2 = 1 - mse / (variance of the split's numbers).

    Chance is the answer that is always the mean of the training split, on the test split.
    """

    split_scores = RMSE, MAE, R2

    def answers(
        self, corpus: TokenisedCorpus, rows: Mapping[str, Int64Array], used: Int64Array
    ) -> Targets:
        assert corpus.numbers is not None
        train_N = corpus.numbers[rows["train"]]
        self.scaling = scaling = Scaling.of(train_N, str(self))
        scaling.check(corpus.numbers[used], str(self))
        targets_N = scaling.standardised(corpus.numbers).astype(np.float32)
        test_N = corpus.numbers[rows["test"]]
        chance = errors(np.full(len(test_N), scaling.mean), test_N)
        chance["loss"] = chance["mse"] / scaling.standard_deviation**2
        return Targets(
            torch.from_numpy(targets_N)[:, None],
            1,
            {name: value for name, value in chance.items() if value is not None},
            {
                "numbers": {
                    **scaling.record(),
                    "least": float(train_N.min()),
                    "greatest": float(train_N.max()),
                }
            },
        )

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        squared = super().scores(outputs, batch)["mse"]
        return {"mse": squared * self.scaling.standard_deviation**2}

    def of_split(
        self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
    ) -> dict[str, float | None]:
        """What only a whole split has. outputs, targets: standardised, [N, 1]."""
        answered, true = (
            self.scaling.in_units(values[:, 0].astype(np.float64)) for values in (outputs, targets)
        )
        found = errors(answered, true)
        return {score.name: found[score.name] for score in self.split_scores}

    def state(self) -> dict[str, Any]:
        return {**super().state(), "scaling": self.scaling.record()}


def errors(answered_N: Numbers, true_N: Numbers) -> dict[str, Any]:
    """Scores of N answers in their own unit; r2 is None where all true numbers are the same.

    >>> errors(np.array([2.0, 2.0]), np.array([1.0, 4.0]))["mae"]
    1.5
    """
    error_N = answered_N - true_N
    mse, variance = float(np.square(error_N).mean()), float(true_N.var())
    return {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(np.abs(error_N).mean()),
        "r2": 1 - mse / variance if variance > 0 else None,
    }
