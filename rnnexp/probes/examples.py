"""Which examples probes look at, and how they are cut."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from rnnexp.types import Batch, SequenceDataset


def example_rows(
    dataset: SequenceDataset, count: int, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of `count` random examples, and of the `count` longest (the first among equals)."""
    size = min(count, len(dataset))
    random = np.sort(generator.permutation(len(dataset))[:size])
    longest = np.sort(np.argsort(-dataset.lengths.numpy(), kind="stable")[:size])
    return random, longest


def class_of(dataset: SequenceDataset) -> npt.NDArray[np.int64]:
    """The class of each example; 0 for all where targets are numbers, or there is one per step."""
    if dataset.targets.dim() == 1 and not dataset.targets.is_floating_point():
        return dataset.targets.numpy()
    return np.zeros(len(dataset), np.int64)


def without_pads(batch: Batch) -> Batch:
    """Cut to the length of the shortest example, so that no example has pads."""
    width = max(int(batch.lengths.min()), 1)
    if batch.padding == "post":
        return batch.cut(width)
    return replace(
        batch, inputs=batch.inputs[:, -width:], lengths=torch.full_like(batch.lengths, width)
    )
