"""The interface of a clipping rule, which reports the norm of the gradients before and after.

Norms are in float64: the float32 norm of an exploding gradient overflows to inf long before its
elements do, and clipping by an infinite norm returns zeros.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnnexp.types import ClipReport, wide


class Clip(ABC):
    """What is done to gradients that are too large, in place, with a report of it.

    The report is made of tensors on the parameters' device: the step does not wait for the GPU.
    """

    def __call__(self, parameters: Sequence[nn.Parameter]) -> ClipReport:
        pairs = [(p.detach(), p.grad) for p in parameters if p.grad is not None]
        gradients = [gradient for _, gradient in pairs]
        norm_before = total_norm(gradients)
        # a finite total in float64 is made of finite elements: to count them takes longer than that
        if certainly(norm_before.isfinite()):
            nonfinite = torch.zeros((), dtype=torch.long)
        else:
            nonfinite = torch.stack([(~g.isfinite()).sum() for g in gradients]).sum()
        fired, norm_after = self.apply(gradients, norm_before, [weight for weight, _ in pairs])
        return ClipReport(norm_before, norm_after, fired, nonfinite)

    @abstractmethod
    def apply(
        self, gradients: list[Tensor], norm: Tensor, weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Change `gradients` in place and return (whether any changed, their total norm after).

        norm: their total norm before. weights: the parameter of each gradient.
        """


def certainly(condition: Tensor) -> bool:
    """Whether a 0-dim condition holds, where to ask costs nothing: False on a GPU, whose answer the
    host would wait for."""
    return condition.device.type == "cpu" and bool(condition)


def total_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The L2 norm over all elements of all gradients, accumulated in float64."""
    total: Tensor = torch.linalg.vector_norm(norms_of(gradients))
    return total


#: Elements of a gradient whose squares are summed at a time on a CPU: in float64 they stay in its
#: cache, where those of a large embedding would be written to memory and read again.
PART = 65536


def norms_of(gradients: Sequence[Tensor]) -> Tensor:
    """The L2 norm of each of N gradients, [N], accumulated in float64."""
    device = gradients[0].device
    if device.type != "cpu":
        return torch.stack(torch._foreach_norm(list(gradients), 2, wide(device)))
    return torch.stack(
        [
            _norm(torch.stack([_norm(part) for part in torch.split(gradient.reshape(-1), PART)]))
            if gradient.numel() > PART
            else _norm(gradient)
            for gradient in gradients
        ]
    )


def _norm(x: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(x, dtype=torch.float64)
    return norm
