"""Norms and means that hold where gradients vanish or explode. Shapes: T time, B batch."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array


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
