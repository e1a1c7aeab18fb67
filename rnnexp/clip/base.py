"""Clipping rules. Each reports the norm of the gradients before and after.

Norms are in float64: the float32 norm of an exploding gradient overflows to inf long before its
elements do, and clipping by an infinite norm returns zeros.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnexp.ranges import more_than
from rnnexp.types import ClipReport, wide


class Clip(ABC):
    """Calling it changes the gradients in place and reports; nothing is read from the device."""

    def __call__(self, parameters: Sequence[nn.Parameter]) -> ClipReport:
        pairs = [(p.detach(), p.grad) for p in parameters if p.grad is not None]
        gradients = [gradient for _, gradient in pairs]
        norm_before = total_norm(gradients)
        nonfinite = torch.stack([(~g.isfinite()).sum() for g in gradients]).sum()
        fired, norm_after = self.apply(gradients, norm_before, [weight for weight, _ in pairs])
        return ClipReport(norm_before, norm_after, fired, nonfinite)

    @abstractmethod
    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Change `gradients`, whose total norm is `norm`; whether it did, and the norm after.

        weights: the parameter that each of them is the gradient of.
        """


class NoClip(Clip):
    """Gradients stay as they are; the norms are reported all the same."""

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        return torch.zeros((), dtype=torch.bool, device=norm.device), norm


@dataclass(frozen=True)
class Norm(Clip):
    """g <- g min(1, max_norm / ‖g‖), ‖g‖ over all gradients (Pascanu et al. 2013, section 3.2).

    max_norm: infinite for no clipping, so that a study can sweep over it.
    """

    max_norm: float = 1.0

    def __post_init__(self) -> None:
        if self.max_norm != math.inf:
            more_than("max_norm", self.max_norm, 0)

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        if self.max_norm == math.inf:
            return torch.zeros((), dtype=torch.bool, device=norm.device), norm
        factor = (self.max_norm / norm).clamp(max=1.0)
        torch._foreach_mul_(gradients, factor.to(gradients[0].dtype))
        return norm > self.max_norm, norm * factor


@dataclass(frozen=True)
class Value(Clip):
    """Each element of g clamped to [-max_value, max_value]."""

    max_value: float = 1.0

    def __post_init__(self) -> None:
        more_than("max_value", self.max_value, 0)

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        torch._foreach_clamp_max_(gradients, self.max_value)
        torch._foreach_clamp_min_(gradients, -self.max_value)
        after = total_norm(gradients)
        return after < norm, after


@dataclass(frozen=True)
class AGC(Clip):
    """Adaptive clipping, unit by unit: g_i <- g_i min(1, factor max(‖w_i‖, eps) / ‖g_i‖).

    A unit is a row of a matrix: of a recurrent layer each row of each gate, of an embedding each
    word; a bias is one unit as a whole. The head is clipped too, which they exempt. Source: Brock,
    De, Smith and Simonyan 2021, "High-performance large-scale image recognition without
    normalization", section 4.

    factor: how large a gradient may be beside its weights.
    eps: smallest norm that a unit's weights count with, so that a zero row can begin to learn.
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


def total_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The L2 norm over all elements of all gradients, accumulated in float64."""
    norms = torch._foreach_norm(list(gradients), 2, wide(gradients[0].device))
    total: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return total
