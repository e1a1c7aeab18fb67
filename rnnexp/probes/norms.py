"""Norms and means that hold where gradients vanish or explode. Shapes: T time, B batch."""

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats
from torch import Tensor

from rnnexp.probes.base import Array
from rnnexp.ranges import BELOW_FLOOR, FLOOR


def l2_norm(x_BE: Tensor) -> Tensor:
    """‖x‖ of each row, [B]; in float64 right down to its smallest numbers.

    The plain sum of squares underflows to 0 below 1e-162 and overflows above 1e154.
    """
    largest_B1 = x_BE.abs().amax(dim=-1, keepdim=True)
    scale_B1 = torch.where((largest_B1 > 0) & largest_B1.isfinite(), largest_B1, 1.0)
    norm_B: Tensor = torch.linalg.vector_norm(x_BE / scale_B1, dim=-1) * scale_B1[..., 0]
    return norm_B


def mean_where(values_TB: Array, mask_TB: npt.NDArray[np.bool_]) -> Array:
    """Mean over the examples where the mask is True, [T]; NaN at steps where it is for none."""
    count_T = mask_TB.sum(axis=1)
    total_T = np.where(mask_TB, values_TB, 0.0).sum(axis=1)
    return np.where(count_T > 0, total_T / np.maximum(count_T, 1), np.nan)


def mean_present(values_TB: Array) -> Array:
    """Mean over the examples that are not NaN, [T]; NaN at steps where all are."""
    return mean_where(values_TB, ~np.isnan(values_TB))


def mean_and_interval(values_KB: Array) -> tuple[Array, Array, Array]:
    """Mean over the examples that are not NaN, and the ends of its 95% t-interval; [K] each.

    The ends are NaN for fewer than two examples.
    """
    count_K = (~np.isnan(values_KB)).sum(axis=1)
    mean_K = mean_present(values_KB)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares_K = np.nansum((values_KB - mean_K[:, None]) ** 2, axis=1)
        error_K = np.sqrt(squares_K / (count_K - 1) / count_K)
        half_K = np.where(count_K > 1, stats.t.ppf(0.975, np.maximum(count_K - 1, 1)), np.nan)
    return mean_K, mean_K - half_K * error_K, mean_K + half_K * error_K


def ratio_interval(far_B: Array, near_B: Array) -> tuple[float, float, float]:
    """mean far / mean near over the same examples, and its 95% interval.

    The t-interval of the logarithm with the jackknife's standard error, taken back: the ratio is
    positive and may span orders of magnitude. Source: Efron and Tibshirani 1993, chapter 11.

    What is not measured is NaN: without examples; where the near norm is 0, or is below or beyond
    the range of float64; the interval for fewer than two examples too, and where one example alone
    holds all of a mean. A far norm below the floor stays `BELOW_FLOOR`, a far norm of 0 stays 0,
    and one that overflowed is infinite.
    """
    nothing = (math.nan, math.nan, math.nan)
    if not len(far_B):
        return nothing
    far, near = float(far_B.mean()), float(near_B.mean())
    if not FLOOR <= near < math.inf:
        return nothing
    if far in (0.0, math.inf):
        return far, math.nan, math.nan
    if far < FLOOR:
        # below FLOOR / near: known to be gone only where that is small
        return (BELOW_FLOOR, math.nan, math.nan) if near > FLOOR / 1e-3 else nothing
    ratio, n = far / near, len(far_B)
    if n < 2:
        return ratio, math.nan, math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        without_B = np.log(far_B.sum() - far_B) - np.log(near_B.sum() - near_B)
    error = math.sqrt((n - 1) / n * float(((without_B - without_B.mean()) ** 2).sum()))
    if not math.isfinite(error):
        return ratio, math.nan, math.nan
    half_width = float(stats.t.ppf(0.975, n - 1)) * error
    with np.errstate(over="ignore"):
        low, high = (float(ratio * np.exp(sign * half_width)) for sign in (-1, 1))
    return ratio, low, high
