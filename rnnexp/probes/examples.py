"""Which examples probes look at, and how they are cut."""

import numpy as np
import numpy.typing as npt

from rnnexp.types import SequenceDataset


def example_rows(
    dataset: SequenceDataset, count: int, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of `count` random examples in file order, and of the `count` longest, longest first.

    Among equally long ones the first in the file.
    """
    size = min(count, len(dataset))
    random = np.sort(generator.permutation(len(dataset))[:size])
    longest = np.argsort(-dataset.lengths.numpy(), kind="stable")[:size]
    return random, longest


def class_of(dataset: SequenceDataset) -> npt.NDArray[np.int64]:
    """The class of each example; 0 for all where targets are numbers, or there is one per step."""
    if dataset.targets.dim() == 1 and not dataset.targets.is_floating_point():
        return dataset.targets.numpy()
    return np.zeros(len(dataset), np.int64)
