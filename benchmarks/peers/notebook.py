"""The unrolled loop of a notebook: a step of Python per token, the states in a list, then stacked.

Beside `model=unrolled`. The rest of the loop is the plain one. Reading `x[:, t]` at each step makes
its backward pass quadratic in the length: a step at 1,600 tokens takes half a minute.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.base import Training
from benchmarks.peers.plain import plain_training
from benchmarks.peers.torch_peer import TorchPeer

#: Beyond these a step takes half a minute; as written it tells nothing more than flushed.
LONGEST, LONGEST_AS_WRITTEN = 800, 400


def unrolled_recurrence(size: int) -> Any:
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh): two linear layers, once per token."""
    import torch
    from torch import Tensor, nn

    class UnrolledLoop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.i2h, self.h2h = nn.Linear(size, size), nn.Linear(size, size)

        def forward(self, x_BTE: Tensor) -> tuple[Tensor, Tensor]:
            h_BH = x_BTE.new_zeros(len(x_BTE), size)
            states = []
            for t in range(x_BTE.shape[1]):
                h_BH = torch.tanh(self.i2h(x_BTE[:, t]) + self.h2h(h_BH))
                states.append(h_BH)
            return torch.stack(states, dim=1), h_BH

        def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
            """By the names of torch.nn.RNN."""
            for name, parameter in super().named_parameters(*args, **kwargs):
                layer, _, values = name.rpartition(".")
                yield f"{values}_{layer.replace('2h', 'h')}", parameter

    return UnrolledLoop()


@dataclass(frozen=True)
class Notebook(TorchPeer):
    def takes(self, case: Case) -> bool:
        longest = LONGEST if self.flush else LONGEST_AS_WRITTEN
        return case.kind == "unrolled" and not case.epoch_steps and case.seq_len <= longest

    def is_weighed(self, case: Case) -> bool:
        return case.kind == "unrolled"

    def training(self, case: Case) -> Training:
        return plain_training(case, unrolled_recurrence(case.size), bf16=False)


FLUSHED = Notebook("notebook's loop, flushed", flush=True)
AS_WRITTEN = Notebook("notebook's loop", flush=False)
PEERS = [FLUSHED, AS_WRITTEN]
