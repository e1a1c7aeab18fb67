"""What is said of a training before it begins."""

import torch

from rnnexp.data.base import Task
from rnnexp.training.feed import FRESH_EPOCH, batch_count
from rnnexp.training.precision import slow_precision
from rnnexp.training.trainer import Trainer


def training_lines(
    trainer: Trainer, task: Task, device: torch.device, beside: str = ""
) -> list[str]:
    """Lines on the batches of this training, on the weights that are tested, and on a precision
    that is slow here. beside: what is minimised beside the task's loss.
    """
    if trainer.steps is not None:
        words = f"training: steps {trainer.steps}, batch size {trainer.batch_size}"
    else:
        examples, batches = len(task.split("train")), FRESH_EPOCH
        if not task.generates:
            batches = batch_count(examples, trainer.batch_size, trainer.drop_last)
        words = (
            f"training: epochs {trainer.epochs}, batches in each {batches}, batch size "
            f"{trainer.batch_size}"
        )
        if trainer.drop_last and (left_out := examples - batches * trainer.batch_size) > 0:
            words += f", examples left out of each {left_out} of {examples} (drop_last)"
    if task.curriculum is not None:
        words += f", {task.curriculum.words}"
    if beside:
        words += f", {beside}"
    return [
        f"{words}; loss and scores are means over their examples",
        _tested(trainer, task),
        *filter(None, [slow_precision(trainer.precision, device)]),
    ]


def _tested(trainer: Trainer, task: Task) -> str:
    unit = "epoch" if trainer.steps is None else "step"
    if trainer.tests_best:
        chosen = trainer.test_weights == "best"
        why = "test_weights=best" if chosen else f"patience={trainer.patience}"
        words = f"tested: the weights with the lowest validation loss (trainer.{why})"
        return f"{words}; probes measure the last"
    if not trainer.epochs and trainer.steps is None:
        return "tested: the initial weights"
    way_out = ""
    if trainer.test_weights is None and len(task.split("val")):
        way_out = "; trainer.test_weights=best takes those with the lowest validation loss"
    return f"tested: the weights after the last {unit}{way_out}"
