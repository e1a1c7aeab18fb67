"""Batches for training and evaluation: which examples, in which order, how wide.

Whatever a training step reads is a function of (seed, step): passes over a corpus, or samples drawn
for that step alone. Where pads do not change the answer, examples of like length share a batch and
the batch is cut to its longest: at 400 tokens of IMDB about half of all steps would be pads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.base import Task
from rnnexp.streams import stream_seed
from rnnexp.training.steps import EpochSteps
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

    def in_order(self, batch_size: int, drop_last: bool = False) -> list[IntArray]:
        """Every example once, in the order of the split: the indices of each batch."""
        count = len(self) // batch_size * batch_size if drop_last else len(self)
        return _chunks(np.arange(count), batch_size)

    def streams(self, count: int) -> list[IntArray]:
        """Every example once, in batches of at most `count` rows; see `StreamFeed`."""
        each = -(-len(self) // count)
        return [np.arange(number, len(self), each) for number in range(each)]

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
    """The time steps of each training example; of samples made anew, those of the test split, or
    of one sample at each length of the curriculum.
    """
    cpu = torch.device("cpu")
    lessons = task.curriculum
    if lessons is not None:
        lengths = {lessons.length(0, step) for step in range(FRESH_EPOCH)} | {lessons.longest}
        made = (
            task.at_length(length).fresh(1, np.random.default_rng(0)) for length in sorted(lengths)
        )
        return np.array([batch.inputs.shape[1] for batch in made])
    return Sampler(task.split("test" if task.generates else "train"), cpu, trim).widths


class Feed(Protocol):
    """The batches of a training, by the number of their step, counted from 0.

    epoch_steps: how many steps make an epoch.
    is_grown: whether its lengths grow no more.
    """

    epoch_steps: int

    @property
    def is_grown(self) -> bool: ...

    def batches(self, first: int, count: int, steps: EpochSteps) -> Iterator[Batch]:
        """The batches of the steps first, first + 1, ..., first + count - 1.

        steps: what the steps of this epoch were so far; a curriculum may look at their scores.
        """

    def state(self) -> Mapping[str, Any]:
        """What it has learned of the training so far, as JSON values, for a checkpoint."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on behind `state`."""


class CorpusFeed:
    """Pass after pass over a split, each in an order of its own."""

    is_grown = True

    def __init__(
        self,
        split: Sampler,
        seed: int,
        batch_size: int,
        drop_last: bool = False,
        shuffle: bool = True,
    ) -> None:
        self.split, self.seed = split, seed
        self.batch_size, self.drop_last, self.shuffle = batch_size, drop_last, shuffle
        self.epoch_steps = batch_count(len(split), batch_size, drop_last)

    def batches(self, first: int, count: int, steps: EpochSteps) -> Iterator[Batch]:
        while count > 0:
            epoch, start = divmod(first, self.epoch_steps)
            indices = self._pass(epoch)[start : start + count]
            yield from self.split.batches(indices)
            first, count = first + len(indices), count - len(indices)

    def _pass(self, epoch: int) -> list[IntArray]:
        """The indices of each batch of a pass over the split."""
        if not self.shuffle:
            return self.split.in_order(self.batch_size, self.drop_last)
        # epochs count from 1
        order = np.random.default_rng(stream_seed(self.seed, "order", epoch + 1))
        return self.split.epoch(self.batch_size, order, self.drop_last)

    def state(self) -> Mapping[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        pass


class StreamFeed:
    """Pass after pass over a split whose examples are consecutive pieces of `streams` sequences.

    Row r of batch number n of a pass is example r N + n, with N batches in a pass: it goes on where
    row r of the batch before has ended. A last sequence may be shorter than the others.
    """

    is_grown = True

    def __init__(self, split: Sampler, streams: int) -> None:
        self.split = split
        self._indices = split.streams(streams)
        self.epoch_steps = len(self._indices)

    def batches(self, first: int, count: int, steps: EpochSteps) -> Iterator[Batch]:
        while count > 0:
            start = first % self.epoch_steps
            indices = self._indices[start : start + count]
            for number, batch in enumerate(self.split.batches(indices), start):
                yield replace(batch, continues=number > 0)
            first, count = first + len(indices), count - len(indices)

    def state(self) -> Mapping[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        pass


class FreshFeed:
    """New samples of a task for every step, of the lengths of its curriculum where it has one."""

    epoch_steps = FRESH_EPOCH

    def __init__(self, task: Task, device: torch.device, seed: int, batch_size: int) -> None:
        self.task, self.device = task, device
        self.seed, self.batch_size = seed, batch_size
        self.curriculum = task.curriculum
        self._looked_at = 0

    def batches(self, first: int, count: int, steps: EpochSteps) -> Iterator[Batch]:
        for step in range(first, first + count):
            self._learn_from(steps, step)
            generator = np.random.default_rng(stream_seed(self.seed, "samples", step))
            made = self._task_at(step).fresh(self.batch_size, generator)
            yield replace(
                made,
                inputs=sent(made.inputs, self.device),
                targets=sent(made.targets, self.device),
                lengths=sent(made.lengths, self.device),
            )
        self._learn_from(steps, first + count)

    @property
    def is_grown(self) -> bool:
        return self.curriculum is None or not self.curriculum.looks_at_skill

    def _task_at(self, step: int) -> Task:
        if self.curriculum is None:
            return self.task
        return self.task.at_length(self.curriculum.length(self.seed, step))

    def _learn_from(self, steps: EpochSteps, taken: int) -> None:
        """Tell the curriculum of the last steps, where a window of them has just been taken.

        taken: steps of the whole training. Looked at before the next batch is made: a training that
        is saved after the last one, and goes on, comes to the same.
        """
        lessons = self.curriculum
        if lessons is None or self.is_grown or not len(steps) or len(steps) % lessons.window:
            return
        if self._looked_at == taken:  # before it was saved
            return
        self._looked_at = taken
        score = self.task.at_length(lessons.reached).score
        self.curriculum = lessons.after(score.skill(steps.recent(score.name, lessons.window)))

    def state(self) -> Mapping[str, Any]:
        if self.curriculum is None:
            return {}
        return {"curriculum": self.curriculum.state(), "looked_at": self._looked_at}

    def restore(self, state: Mapping[str, Any]) -> None:
        if self.curriculum is not None and state:
            self.curriculum = self.curriculum.restored(state["curriculum"])
            self._looked_at = state["looked_at"]


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
