"""The interface of a task with numbers to predict at every step."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import SplitScores, Task
from rnnexp.scores import MAE, MSE, R2, SQUARED_ERROR
from rnnexp.scores.numbers import mean_absolute_error, r_squared
from rnnexp.types import Batch


class StepRegression(Task):
    """Numbers per step: targets are float [B, T, O], NaN at pads and where there is no target.

    Outputs are float [B, T, O]. The loss is the mean squared error over all numbers with a target,
    0 of none; an example's score is the mean of its own squared errors. What only a whole split has
    is of all its steps with a target.
    """

    headline = MSE
    loss_score = SQUARED_ERROR
    split_scores = MAE, R2
    regression = True
    per_step = True

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return squared_errors(outputs, batch.targets).sum() / self.counted(batch).clamp(min=1)

    def counted(self, batch: Batch) -> Tensor:
        return known(batch.targets).sum()

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"mse": step_errors(outputs, batch.targets)}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        known_NT = np.isfinite(targets).all(axis=2)
        return {
            "mae": mean_absolute_error(outputs[known_NT], targets[known_NT]),
            "r2": r_squared(outputs[known_NT], targets[known_NT]),
        }

    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        row_B = torch.arange(len(batch), device=outputs.device)
        last_B = batch.last_valid_B.to(outputs.device)
        errors_BO = squared_errors(outputs[row_B, last_B], batch.targets[row_B, last_B])
        return errors_BO.mean(dim=1).sum()


def known(targets: Tensor) -> Tensor:
    """Where there is a target."""
    return ~targets.isnan()


def squared_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """(output - target)², 0 where there is no target: its gradient is 0 too and no NaN."""
    errors = outputs - targets.to(outputs.dtype)
    return errors.masked_fill(targets.isnan(), 0).square()


def step_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean squared error of each example, [B], over its numbers with a target."""
    counts_B = known(targets).flatten(1).sum(dim=1)
    return squared_errors(outputs, targets).flatten(1).sum(dim=1) / counts_B
