"""Whether a training has room: its weights with all that is kept of each, the states of a step."""

import torch
from torch import nn

from rnnexp import bounds
from rnnexp.data.base import Task
from rnnexp.model.base import SequenceModel
from rnnexp.optimizer.base import Optimizer
from rnnexp.training.feed import trained_widths
from rnnexp.training.optimizers import step
from rnnexp.training.trainer import Trainer

CPU = torch.device("cpu")

#: Bytes of a float32.
FLOAT = 4


def bytes_of_weight(recipe: Optimizer, ema: float | None = None) -> int:
    """Of one float32 weight, its gradient, and what the optimizer keeps of it, which is asked.

    ema: of the trainer; with one the weight's average is kept too.
    """
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.zeros(2)
    optimizer = recipe.make([weight], CPU)
    step(optimizer)
    kept = [value for value in optimizer.state[weight].values() if isinstance(value, torch.Tensor)]
    moments = sum(value.element_size() for value in kept if value.shape == weight.shape)
    return bounds.TRAINED + moments + (0 if ema is None else FLOAT)


def check_states(trainer: Trainer, model: SequenceModel, task: Task, device: torch.device) -> None:
    """Raise ValueError where the inputs and the states of one training step cannot be held.

    Backpropagation needs those of every step and layer at once.
    """
    if not trainer.epochs and trainer.steps is None:
        return
    widths = trained_widths(task, not model.reads_pads)
    examples = trainer.batch_size if task.generates else min(trainer.batch_size, len(widths))
    steps = int(widths.max())
    numbers = model.encoder.output_size + sum(layer.state_size for layer in model.recurrences())
    needed = examples * steps * numbers * FLOAT
    what = f"the states of {examples} sequences of {steps} steps, {numbers} numbers in each,"
    bounds.fits("batch_size", trainer.batch_size, needed, what, memory_of(device))


def memory_of(device: torch.device) -> int:
    """Bytes of the memory in which a device computes."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return bounds.memory()
