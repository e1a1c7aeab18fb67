"""Batches from a split: which examples, in which order, how wide.

Where pads do not change the answer, examples of like length share a batch and the batch is cut to
its longest: at 400 tokens of IMDB about half of all steps would be pads.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from rnnexp.types import Batch, SequenceDataset

IntArray = npt.NDArray[np.int64]

POOL_BATCHES = 50  # examples are sorted by length within pools of so many batches


class Sampler:
    """One split on its device, and its lengths at hand on the CPU.

    trim: sort by length and cut; wrong where pads are part of the function (see `reads_pads`).
    """

    def __init__(self, dataset: SequenceDataset, device: torch.device, trim: bool) -> None:
        self.lengths: IntArray = dataset.lengths.numpy()
        # Pads before the text come first: cutting the tail would cut the text.
        self.trim = trim and dataset.padding == "post"
        self.dataset = dataset.to(device)
        self.device = device

    def __len__(self) -> int:
        return len(self.dataset)

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
        """Every example once, for evaluation: by length where batches are trimmed."""
        order = np.argsort(self.lengths, kind="stable") if self.trim else np.arange(len(self))
        return _chunks(order, batch_size)

    def batches(self, indices: list[IntArray]) -> Iterator[Batch]:
        """The batch of each array of indices."""
        # One copy to the device for the whole epoch, not one per step.
        flat = torch.from_numpy(np.concatenate(indices)).to(self.device)
        for index_B, rows in zip(
            torch.split(flat, [len(rows) for rows in indices]), indices, strict=True
        ):
            width = max(int(self.lengths[rows].max()), 1) if self.trim else None
            yield self.dataset.batch(index_B, width)


def _chunks(order: IntArray, size: int) -> list[IntArray]:
    return [order[start : start + size] for start in range(0, len(order), size)]
