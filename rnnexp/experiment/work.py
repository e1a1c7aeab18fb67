"""How much a training computes, and how many threads are worth starting for it.

Told from sizes alone: the same configuration gives the same answer whatever else a machine does.
"""

from dataclasses import dataclass

import torch

from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.training.feed import trained_widths
from rnnexp.training.trainer import Trainer

#: Multiply-adds of a time step's product for each thread. Threads share a product and wait for each
#: other behind it. Of one of four million (LSTM, B = 64, H = 128) two threads made 1.7 of the speed
#: of one, with nothing else on the machine; a shorter one is mostly waited for.
PER_THREAD = 2_000_000

CPU = torch.device("cpu")

#: Multiply-adds that take about as long as what every time step costs whatever its size.
FIXED = 500_000


@dataclass(frozen=True)
class Work:
    """product: multiply-adds of the largest product that a time step waits for. total: about as
    many, of the whole training, as would take its time; to compare trainings with each other."""

    product: int
    total: float

    def threads(self, cores: int, most: int) -> int:
        """How many threads gain, of at most `most`.

        One core is left to whatever else the machine does: a thread that has lost its core makes
        all others wait, and on two cores, one of them busy, two threads took three times as long as
        one.

        >>> Work(product=4_194_304, total=0).threads(cores=8, most=8)
        2
        """
        return max(1, min(self.product // PER_THREAD, cores - 1, most))


def work_of(trainer: Trainer, model: SequenceModel, task: Task, seed: int) -> Work:
    """The work of a training, forward and back."""
    layers = model.recurrences()
    product = trainer.batch_size * max((layer.product_size for layer in layers), default=0)
    weights = sum(layer.weight_ih.numel() + layer.product_size for layer in layers)
    parts = trainer.accumulate
    each = parts * (trainer.batch_size * weights + FIXED * max(len(layers), 1))
    steps = sum(trainer.plan(trainer.feed(model, task, seed, CPU).epoch_steps))
    widths = trained_widths(task, not model.reads_pads)
    return Work(product, float(steps * widths.mean() * each))
