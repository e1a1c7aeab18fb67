"""Dropout as a function of the seed and the step, so that a resumed training draws the same."""

from collections.abc import Callable, Iterable, Iterator

import torch

from rnnexp.streams import stream_seed
from rnnexp.types import Batch


def seeded(
    batches: Iterable[Batch], seed: int, first: int, prepare: Callable[[Batch], Batch]
) -> Iterator[Batch]:
    """The batches of a training, each with the random numbers of its step about to be drawn.

    first: the number of the first one's step in the run, from 0. prepare: what the task makes of a
    batch that is trained on, see `Task.for_training`; it draws before the model does.
    """
    for step, batch in enumerate(batches, first):
        seed_device(stream_seed(seed, "dropout", step), batch.inputs.device)
        yield prepare(batch)


def seed_device(seed: int, device: torch.device) -> None:
    """Seed what is drawn on a device.

    Not torch.manual_seed, which seeds every device there is, and keeps a note of each call until
    CUDA is used.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
