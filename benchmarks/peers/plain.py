"""The plain PyTorch loop, as one writes it first.

nn.Embedding, nn.RNN, nn.LSTM or nn.GRU with batch_first, the state at the last word,
BCEWithLogitsLoss, clip_grad_norm_, Adam; for an epoch a DataLoader of a TensorDataset. Adam is
torch's fused one, which notebooks seldom ask for: what is compared is the rest.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.base import Round, Training
from benchmarks.peers.torch_peer import TorchPeer, copy_weights, tensor_batches


def plain_recurrence(case: Case) -> Any:
    """torch's own module of that kind."""
    from torch import nn

    modules: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
    return modules[case.kind](case.size, case.size, batch_first=True)


def network(case: Case, recurrence: Any) -> Any:
    """Embedding, recurrence and head with the weights of the case; gives a logit per text, [B]."""
    import torch
    from torch import Tensor, nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(case.vocabulary, case.size, padding_idx=0)
            self.recurrence = recurrence
            self.head = nn.Linear(case.size, 1)

        def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
            states, _ = self.recurrence(self.embedding(inputs))
            last = states[torch.arange(len(inputs)), lengths - 1]
            logits: Tensor = self.head(last).squeeze(1)
            return logits

    made = Network()
    copy_weights(case.weights, made.embedding, recurrence.named_parameters(), made.head)
    return made


def loader(case: Case) -> Iterable[Any]:
    """An epoch's batches, in random order."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    arrays = (case.inputs, case.targets, case.lengths)
    data = TensorDataset(*(torch.from_numpy(array) for array in arrays))
    return DataLoader(data, batch_size=case.batch_size, shuffle=True)


def plain_training(case: Case, recurrence: Any, bf16: bool) -> Training:
    import torch
    from torch import nn

    model = network(case, recurrence)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    criterion = nn.BCEWithLogitsLoss()
    whole, epoch = tensor_batches(case), loader(case)

    def train(steps: int) -> Round:
        started = time.perf_counter()
        total = 0.0
        for inputs, targets, lengths in epoch if case.epoch_steps else whole[:steps]:
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = model(inputs, lengths)
            loss = criterion(logits.float(), targets.float())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        return Round(time.perf_counter() - started, total / steps)

    return train


@dataclass(frozen=True)
class Plain(TorchPeer):
    def takes(self, case: Case) -> bool:
        if self.bf16:
            return case.kind == "lstm" and not case.epoch_steps
        return case.kind != "unrolled"

    def training(self, case: Case) -> Training:
        return plain_training(case, plain_recurrence(case), self.bf16)


FLUSHED = Plain("plain PyTorch, flushed", flush=True)
AS_WRITTEN = Plain("plain PyTorch", flush=False)
PEERS = [
    FLUSHED,
    AS_WRITTEN,
    Plain("plain PyTorch, flushed, bfloat16", exact=False, flush=True, bf16=True),
]
