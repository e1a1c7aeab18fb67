"""Seconds per training step beside a plain PyTorch loop, all in one process and in turn.

The plain loop is what one writes first: nn.Embedding, nn.LSTM(batch_first=True), the state at the
last word, BCEWithLogitsLoss, clip_grad_norm_, fused Adam. Both train the same batches of full
length, so that neither gains from cutting pads. The plain loop is timed as written, and with
denormal numbers flushed to zero as a run of rnnexp does. One thread: the mode belongs to a thread.

    python benchmarks/step.py [seq_len ...]
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from rnnexp.clip.norm import Norm
from rnnexp.data.base import Classification
from rnnexp.embedding.learned import Learned
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.model.fused import LSTM, RNN
from rnnexp.training.trainer import Trainer
from rnnexp.types import Batch

VOCABULARY, BATCH, SIZE = 10_002, 64, 128
ROUNDS, STEPS = 15, 2


class Labels(Classification):
    """Classification without data: the benchmark brings its own batches."""

    chance, report = {"accuracy": 0.5}, {}

    def split(self, name: str) -> Any:
        raise NotImplementedError


def batches(seq_len: int) -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    made = []
    for _ in range(STEPS):
        inputs = torch.randint(1, VOCABULARY, (BATCH, seq_len), generator=generator)
        targets = torch.randint(0, 2, (BATCH,), generator=generator)
        made.append(Batch(inputs, targets, torch.full((BATCH,), seq_len)))
    return made


def ours(kind: str, data: list[Batch]) -> Callable[[], None]:
    words = [str(i) for i in range(VOCABULARY)]
    model = {"rnn": RNN, "lstm": LSTM}[kind](Learned(words, SIZE), 2, hidden_size=SIZE)
    trainer, task, clip = Trainer(), Labels(), Norm(max_norm=1.0)
    optimizer = trainer.make_optimizer(model, torch.device("cpu"))

    def epoch() -> None:
        trainer.train_epoch(model, task, clip, optimizer, data, trainer.epoch_steps(model))

    return epoch


def plain(kind: str, data: list[Batch]) -> Callable[[], None]:
    embedding = nn.Embedding(VOCABULARY, SIZE, padding_idx=0)
    recurrence = {"rnn": nn.RNN, "lstm": nn.LSTM}[kind](SIZE, SIZE, batch_first=True)
    head = nn.Linear(SIZE, 1)
    parameters = [*embedding.parameters(), *recurrence.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    criterion = nn.BCEWithLogitsLoss()
    losses: list[Tensor] = []

    def epoch() -> None:
        for batch in data:
            states, _ = recurrence(embedding(batch.inputs))
            h = states[torch.arange(BATCH), batch.lengths - 1]
            loss = criterion(head(h).squeeze(1), batch.targets.float())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            losses.append(loss.detach())

    return epoch


def seconds(epoch: Callable[[], None], flush: bool) -> float:
    with flushed_denormals() if flush else nullcontext():
        started = time.perf_counter()
        epoch()
        return (time.perf_counter() - started) / STEPS


def main(lengths: Sequence[int], rounds: int = ROUNDS) -> None:
    torch.set_num_threads(1)
    print(f"one thread, batch {BATCH}, sizes {SIZE}, medians of {rounds} rounds")
    print("model  tokens  ours ms  plain, flushed ms  plain ms  ours/flushed  ours/plain")
    for kind in ("rnn", "lstm"):
        for seq_len in lengths:
            data = batches(seq_len)
            torch.manual_seed(0)
            a, b = ours(kind, data), plain(kind, data)
            a(), b()
            # In turn, and as the median of ratios: a busy moment slows the round, not one side.
            times = [(seconds(a, True), seconds(b, True), seconds(b, False)) for _ in range(rounds)]
            ms = [1000 * statistics.median(side) for side in zip(*times, strict=True)]
            to_flushed = statistics.median(x / y for x, y, _ in times)
            to_plain = statistics.median(x / z for x, _, z in times)
            print(
                f"{kind:5}  {seq_len:6d}  {ms[0]:7.1f}  {ms[1]:17.1f}  {ms[2]:8.1f}  "
                f"{to_flushed:12.3f}  {to_plain:10.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [100, 200, 400])
