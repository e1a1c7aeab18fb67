"""Texts with a number each, such as a rating or a price."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Regression, SplitScores
from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.data.standardised import Scaling
from rnnexp.data.text import Targets, Texts
from rnnexp.scores import Score
from rnnexp.types import Batch, Split

RMSE = Score("rmse", "low", "root mean squared error", logarithmic=True, perfect=0.0, unit_power=1)


class TextRegression(Texts, Regression):
    """Texts with one number each; the arguments are those of `Texts`.

    Targets and outputs are standardised by `scaling`, and so is the loss, the mean squared error.
    Scores are in the user's own unit: mse in its square, mae and rmse = √mse in the unit itself.

    Chance is the answer that is always the mean of the training split, on the test split.
    """

    split_scores = (RMSE, *Regression.split_scores)

    def answers(
        self, corpus: TokenisedCorpus, rows: Mapping[Split, Int64Array], used: Int64Array
    ) -> Targets:
        assert corpus.numbers is not None
        train_N = corpus.numbers[rows["train"]]
        self.scaling = scaling = Scaling.of(train_N, str(self))
        scaling.check(corpus.numbers[used], str(self))
        targets_N1 = scaling.standardised(corpus.numbers).astype(np.float32)[:, None]
        test_N1 = targets_N1[rows["test"]]
        squared = float(np.square(test_N1, dtype=np.float64).mean())  # the mean is 0 here
        of_split = self.of_split(np.zeros_like(test_N1), test_N1)
        chance = {"loss": squared, "mse": squared * scaling.standard_deviation**2, **of_split}
        return Targets(
            torch.from_numpy(targets_N1),
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
        squared_B = super().scores(outputs, batch)["mse"]
        return {"mse": squared_B * self.scaling.standard_deviation**2}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        answered_N1, true_N1 = map(self.in_units, (outputs, targets))
        rmse = float(np.square(answered_N1 - true_N1).mean()) ** 0.5 if len(true_N1) else np.nan
        return {
            "rmse": rmse if np.isfinite(rmse) else None,
            **super().of_split(answered_N1, true_N1),
        }

    def in_units(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.scaling.in_units(values.astype(np.float64))

    def state(self) -> dict[str, Any]:
        return {**super().state(), "scaling": self.scaling.record()}
