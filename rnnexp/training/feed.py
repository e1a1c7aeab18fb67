"""Batches for training and evaluation: which examples, in which order, how wide.

Whatever a training step reads is a function of (seed, step): passes over a corpus, or samples drawn
for that step alone. Where pads do not change the answer, examples of like length share a batch and
the batch is cut to its longest: at 400 tokens of IMDB about half of all steps would be pads.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Task
from rnnexp.streams import stream_seed
from rnnexp.types import Batch, SequenceDataset

IntArray = npt.NDArray[np.int64]

POOL_BATCHES = 50  # examples are sorted by length within pools of so many batches

#: Steps that count as an epoch where every sample is a new one.
FRESH_EPOCH = 500


class Sampler:
    """One split on its device, and its lengths on the CPU, where the batches are put together.

    trim: put examples of like length together and cut the pads that all of a batch have; wrong for
        a model whose answer depends on its pads (see `reads_pads`).
    """

    def __init__(self, dataset: SequenceDataset, device: torch.device, trim: bool) -> None:
        self.lengths: IntArray = dataset.lengths.numpy()
        # Pads before the text come first: cutting the tail would cut the text. Outputs of every
        # step keep one width, so that they can be kept together.
        self.trim = trim and dataset.padding == "post" and not dataset.per_step
        self.dataset = dataset.to(device)
        self.device = device

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def widths(self) -> IntArray:
        """The time steps that each example takes, but for those that its batch adds to it."""
        if self.trim:
            return self.lengths
        return np.full(len(self), self.dataset.inputs.shape[1])

    def epoch(
        self, batch_size: int, generator: np.random.Generator, drop_last: bool = False
    ) -> list[IntArray]:
        """Every example once, in random order: the indices of each batch."""
        order = generator.permutation(len(self))
        if drop_last:
            order = order[: len(order) // batch_size * batch_size]
        if not self.trim:
            return _chunks(order, batch_size)
        pools = _chunks(order, POOL_BATCHES * batch_size)
        pools = [pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools]
        batches = [batch for pool in pools for batch in _chunks(pool, batch_size)]
        return [batches[i] for i in generator.permutation(len(batches))]

    def by_length(self, batch_size: int) -> list[IntArray]:
        """Every example once, for evaluation: the indices of each batch, by length if trimmed."""
        order = np.argsort(self.lengths, kind="stable") if self.trim else np.arange(len(self))
        return _chunks(order, batch_size)

    def batches(self, indices: list[IntArray]) -> Iterator[Batch]:
        """The batch of each array of indices."""
        # One copy to the device for the whole epoch, not one per step.
        flat = sent(torch.from_numpy(np.concatenate(indices)), self.device)
        for index_B, rows in zip(
            torch.split(flat, [len(rows) for rows in indices]), indices, strict=True
        ):
            width = max(int(self.lengths[rows].max()), 1) if self.trim else None
            yield self.dataset.batch(index_B, width)


def trained_widths(task: Task, trim: bool) -> IntArray:
    """The time steps of each training example; of samples made anew, those of the test split."""
    cpu = torch.device("cpu")
    return Sampler(task.split("test" if task.generates else "train"), cpu, trim).widths


class Feed(Protocol):
    """The batches of a training, by the number of their step, counted from 0.

    epoch_steps: how many steps make an epoch.
    """

    epoch_steps: int

    def batches(self, first: int, count: int) -> Iterator[Batch]:
        """The batches of the steps first, first + 1, ..., first + count - 1."""


class CorpusFeed:
    """Pass after pass over a split, each in an order of its own."""

    def __init__(self, split: Sampler, seed: int, batch_size: int, drop_last: bool = False) -> None:
        self.split, self.seed = split, seed
        self.batch_size, self.drop_last = batch_size, drop_last
        self.epoch_steps = batch_count(len(split), batch_size, drop_last)

    def batches(self, first: int, count: int) -> Iterator[Batch]:
        while count > 0:
            epoch, start = divmod(first, self.epoch_steps)
            # epochs count from 1
            order = np.random.default_rng(stream_seed(self.seed, "order", epoch + 1))
            indices = self.split.epoch(self.batch_size, order, self.drop_last)
            indices = indices[start : start + count]
            yield from self.split.batches(indices)
            first, count = first + len(indices), count - len(indices)


class FreshFeed:
    """New samples for every step.

    make: `make(count, generator)` draws a batch of `count` samples.
    """

    epoch_steps = FRESH_EPOCH

    def __init__(
        self,
        make: Callable[[int, np.random.Generator], Batch],
        device: torch.device,
        seed: int,
        batch_size: int,
    ) -> None:
        self.make, self.device = make, device
        self.seed, self.batch_size = seed, batch_size

    def batches(self, first: int, count: int) -> Iterator[Batch]:
        for step in range(first, first + count):
            generator = np.random.default_rng(stream_seed(self.seed, "samples", step))
            made = self.make(self.batch_size, generator)
            yield replace(
                made,
                inputs=sent(made.inputs, self.device),
                targets=sent(made.targets, self.device),
                lengths=sent(made.lengths, self.device),
            )


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device, for which the host does not wait.

    CUDA copies from pageable memory while the host stands still, from pinned memory on its own.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def batch_count(examples: int, batch_size: int, drop_last: bool) -> int:
    """The batches of a pass over so many examples.

    >>> batch_count(100, 32, drop_last=True), batch_count(100, 32, drop_last=False)
    (3, 4)
    """
    whole, rest = divmod(examples, batch_size)
    return whole if drop_last or not rest else whole + 1


def _chunks(order: IntArray, size: int) -> list[IntArray]:
    return [order[start : start + size] for start in range(0, len(order), size)]
