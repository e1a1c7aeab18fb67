"""Norms and means that hold where gradients vanish or explode. Shapes: T time, B batch."""

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import stdtrit
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

    The ends are NaN for fewer than two examples, and where the mean is infinite.
    """
    count_K = (~np.isnan(values_KB)).sum(axis=1)
    mean_K = mean_present(values_KB)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares_K = np.nansum((values_KB - mean_K[:, None]) ** 2, axis=1)
        error_K = np.sqrt(squares_K / (count_K - 1) / count_K)
        half_K = np.where(count_K > 1, stdtrit(np.maximum(count_K - 1, 1), 0.975), np.nan)
    half_K = np.where(np.isfinite(mean_K), half_K * error_K, np.nan)
    return mean_K, mean_K - half_K, mean_K + half_K


def ratio_interval(far_B: Array, near_B: Array) -> tuple[float, float, float]:
    """The ratio far / near of a typical example, and its 95% interval over examples.

    The geometric mean of each example's own ratio, with the t-interval of the mean logarithm: where
    gradients vanish or explode, ratios of examples differ by orders of magnitude, and an
    arithmetic mean is that of the rarest. Over examples whose near norm float64 holds. Where a far
    norm underflowed, overflowed or is 0 the median takes its place, and there is no interval.

    What is not measured is NaN: without examples, and the interval for fewer than two or for none.
    A ratio that underflowed is `BELOW_FLOOR`, one that overflowed infinite, and 0 is 0.
    """
    held_B = (near_B >= FLOOR) & (near_B < math.inf) & ~np.isnan(far_B)
    far_B, near_B = far_B[held_B], near_B[held_B]
    if not len(far_B):
        return math.nan, math.nan, math.nan
    beyond_B = (far_B < FLOOR) | np.isinf(far_B)
    with np.errstate(divide="ignore"):
        logs_B = np.log(far_B) - np.log(near_B)
    if beyond_B.any():
        middle = np.argsort(np.where(beyond_B & (far_B > 0) & (far_B < 1), -1e4, logs_B))
        at = int(middle[(len(middle) - 1) // 2])
        far, near = float(far_B[at]), float(near_B[at])
        if not beyond_B[at]:
            return _back(float(logs_B[at])), math.nan, math.nan
        if 0 < far < FLOOR and near <= FLOOR / 1e-3:
            return math.nan, math.nan, math.nan  # below a thousandth, and no more is known
        return far, math.nan, math.nan
    mean, low, high = (float(ends[0]) for ends in mean_and_interval(logs_B[None]))
    return _back(mean), _back(low), _back(high)


def _back(log: float) -> float:
    """e^log within what stands for a number: `BELOW_FLOOR` and infinity beyond float64."""
    if math.isnan(log):
        return math.nan
    if log < math.log(FLOOR):
        return BELOW_FLOOR
    return math.exp(log) if log < math.log(1e308) else math.inf
