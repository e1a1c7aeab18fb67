"""No clipping."""

import torch
from torch import Tensor

from rnnexp.clip.base import Clip


class NoClip(Clip):
    """Gradients stay as they are; the norms are reported all the same."""

    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        return torch.zeros((), dtype=torch.bool, device=norm.device), norm
