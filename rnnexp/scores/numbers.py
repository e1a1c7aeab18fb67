"""Scores of predicted numbers that are functions of a whole split.

Shapes: N examples, O numbers each.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def mean_absolute_error(outputs_NO: npt.NDArray[Any], targets_NO: npt.NDArray[Any]) -> float | None:
    """mean |y - ŷ| over all numbers, in the unit of the targets. None where it is not finite."""
    if not len(outputs_NO):
        return None
    error_NO = outputs_NO.astype(np.float64) - targets_NO
    return _finite(float(np.abs(error_NO).mean()))


def r_squared(outputs_NO: npt.NDArray[Any], targets_NO: npt.NDArray[Any]) -> float | None:
    """The coefficient of determination: 1 - sum (y - ŷ)² / sum (y - mean y)², the mean over the O
    numbers; 0 for always answering the mean of this split.

    None where it is not finite, and where a number is the same in all examples, so that there is
    nothing to explain. Equals `sklearn.metrics.r2_score`. Source: Draper and Smith 1998, section 1.
    """
    if len(outputs_NO) < 2:
        return None
    target_NO = targets_NO.astype(np.float64)
    residual_O = np.square(outputs_NO.astype(np.float64) - target_NO).sum(axis=0)
    total_O = np.square(target_NO - target_NO.mean(axis=0)).sum(axis=0)
    if (np.ptp(target_NO, axis=0) == 0).any():
        return None
    return _finite(float((1 - residual_O / total_O).mean()))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def number_scores(
    outputs_NO: npt.NDArray[Any], targets_NO: npt.NDArray[Any]
) -> dict[str, float | None]:
    """Both, by the names of `rnnexp.scores`."""
    return {
        "mae": mean_absolute_error(outputs_NO, targets_NO),
        "r2": r_squared(outputs_NO, targets_NO),
    }
