"""What the peers that are written in torch share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.cases import Case
from benchmarks.peers.base import Peer

#: torch's variable that asks the system for large pages of memory.
LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class TorchPeer(Peer):
    """flush: round denormal numbers to zero, as a run of rnnexp does.

    bf16: compute the forward pass in bfloat16, by torch's autocast. pages: memory in large pages of
    the system.
    """

    flush: bool = False
    bf16: bool = False
    pages: bool = False

    def environment(self, threads: int) -> Mapping[str, str]:
        return {**super().environment(threads), LARGE_PAGES: str(int(self.pages))}

    @property
    def packages(self) -> tuple[str, ...]:
        return ("torch",)

    @property
    def typical(self) -> bool:
        return self.flush and not self.bf16 and not self.pages

    def start(self, threads: int) -> None:
        import torch

        # The mode belongs to a thread, and threads inherit it: so before torch starts any.
        torch.set_flush_denormal(self.flush)
        torch.set_num_threads(threads)

    def works(self) -> bool:
        import torch

        from rnnexp.training.precision import has_bf16

        return not self.bf16 or has_bf16(torch.device("cpu"))


def tensor_batches(case: Case) -> "list[tuple[Tensor, Tensor, Tensor]]":
    """Inputs [B, T], targets [B] and lengths [B] of each step."""
    import torch

    starts = range(0, len(case.inputs), case.batch_size)
    parts = (slice(start, start + case.batch_size) for start in starts)
    return [
        (
            torch.from_numpy(case.inputs[part]),
            torch.from_numpy(case.targets[part]),
            torch.from_numpy(case.lengths[part]),
        )
        for part in parts
    ]


def copy_weights(
    weights: Mapping[str, npt.NDArray[np.float32]],
    embedding: "nn.Embedding",
    recurrence: "Iterable[tuple[str, Tensor]]",
    head: "nn.Linear",
) -> None:
    """Put the initial weights of a case into modules. recurrence: its parameters, by torch's names
    with or without the number of the layer behind them.
    """
    import torch

    own = {name.removesuffix("_l0"): parameter for name, parameter in recurrence}
    own |= {"embedding": embedding.weight, "head.weight": head.weight, "head.bias": head.bias}
    if own.keys() != weights.keys():
        raise ValueError(f"other weights than the case's: {sorted(own.keys() ^ weights.keys())}")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(torch.from_numpy(weights[name]))
