"""The values that pass between rooms. Shapes: T time, B batch, E features, H hidden, O outputs."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor

Padding = Literal["post", "pre"]
Split = Literal["train", "val", "test"]


def wide(device: torch.device) -> torch.dtype:
    """The widest floating type of the device, for norms and sums: float64, on MPS float32."""
    return torch.float32 if device.type == "mps" else torch.float64


@dataclass(frozen=True)
class Batch:
    """Examples of one width T, with what each of them really holds.

    inputs: long [B, T] (token ids, embedded by the model) or float [B, T, E].
    targets: long [B] (classes) or float [B, ...].
    lengths: long [B], the number of real steps; the other T - length are padding.
    padding: `post` puts the pads behind the real steps, `pre` before them.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    padding: Padding = "post"

    def __len__(self) -> int:
        return self.inputs.shape[0]

    @property
    def last_valid_B(self) -> Tensor:
        """Index of the last real step; 0 for an example without any."""
        if self.padding == "pre":
            return torch.full_like(self.lengths, self.inputs.shape[1] - 1)
        return (self.lengths - 1).clamp(min=0)

    @property
    def valid_BT(self) -> Tensor:
        """True at real steps. An example without any counts its one pad at `last_valid_B`."""
        width = self.inputs.shape[1]
        step_T = torch.arange(width, device=self.lengths.device)
        length_B1 = self.lengths.clamp(min=1)[:, None]
        if self.padding == "pre":
            return step_T >= width - length_B1
        return step_T < length_B1


@dataclass(frozen=True)
class SequenceDataset:
    """One split as tensors in memory, batched by index: no loader, no worker processes.

    Fields as in `Batch`, with N examples for B.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    padding: Padding = "post"

    def __len__(self) -> int:
        return self.inputs.shape[0]

    def to(self, device: torch.device) -> Self:
        return replace(
            self,
            inputs=self.inputs.to(device),
            targets=self.targets.to(device),
            lengths=self.lengths.to(device),
        )

    def batch(self, index_B: Tensor, width: int | None = None) -> Batch:
        """The examples at `index_B`; only their first `width` steps, where that is given."""
        inputs = self.inputs[index_B]
        if width is not None:
            inputs = inputs[:, :width]
        return Batch(inputs, self.targets[index_B], self.lengths[index_B], self.padding)


@dataclass(frozen=True)
class ClipReport:
    """What a clipping rule found and did, as 0-dim tensors on the parameters' device.

    norm_before, norm_after: total L2 norm of all gradients, float64.
    fired: whether any gradient was changed.
    nonfinite: number of gradient elements that are infinite or NaN.
    """

    norm_before: Tensor
    norm_after: Tensor
    fired: Tensor
    nonfinite: Tensor
