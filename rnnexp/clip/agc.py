"""Adaptive clipping: each unit's gradient against its own weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.clip.base import Clip, total_norm
from rnnexp.ranges import more_than
from rnnexp.types import wide


@dataclass(frozen=True)
class AGC(Clip):
    """Adaptive clipping, unit by unit: g_i <- g_i min(1, factor max(‖w_i‖, eps) / ‖g_i‖).

    A unit is a row of a matrix: of a recurrent layer each row of each gate, of an embedding each
    word; a bias is one unit as a whole. The head is clipped too, unlike in the source: Brock,
    De, Smith and Simonyan 2021, "High-performance large-scale image recognition without
    normalization", section 4.

    factor: the largest ratio of a unit's gradient norm to its weights' norm.
    eps: the least norm of a unit's weights that is reckoned with, so that a row of zeros can learn.
    """

    factor: float = 0.01
    eps: float = 1e-3

    def __post_init__(self) -> None:
        more_than("factor", self.factor, 0)
        more_than("eps", self.eps, 0)

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        fired = torch.zeros((), dtype=torch.bool, device=norm.device)
        for gradient, weight in zip(gradients, weights, strict=True):
            largest = self.factor * unit_norms(weight).clamp(min=self.eps)
            sizes = unit_norms(gradient)
            too_large = sizes > largest
            # a NaN is never too large, and stays what it is
            gradient.mul_(torch.where(too_large, largest / sizes, 1.0).to(gradient.dtype))
            fired = fired | too_large.any()
        return fired, total_norm(gradients)


def unit_norms(weight: Tensor) -> Tensor:
    """The L2 norm of each row [N, 1] of a matrix, of a vector as a whole [1]; in float64."""
    axes = None if weight.dim() < 2 else 1
    norms: Tensor = torch.linalg.vector_norm(
        weight, dim=axes, keepdim=True, dtype=wide(weight.device)
    )
    return norms
