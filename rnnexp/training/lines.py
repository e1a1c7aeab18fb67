"""What is said of a training before it begins."""

from collections.abc import Sequence

import torch

from rnnexp.data.base import Task
from rnnexp.training.feed import FRESH_EPOCH, batch_count
from rnnexp.training.precision import slow_precision
from rnnexp.training.trainer import Trainer


def training_lines(
    trainer: Trainer, task: Task, device: torch.device, beside: Sequence[str] = ()
) -> list[str]:
    """Lines on the batches of this training, on the weights that are tested, and on a precision
    that is slow here. beside: what the recipe says of itself.
    """
    if trainer.steps is not None:
        words = f"training: steps {trainer.steps}, batch size {trainer.batch_size}"
    else:
        examples, batches = len(task.split("train")), FRESH_EPOCH
        if not task.generates:
            batches = batch_count(examples, trainer.step_size, trainer.drop_last)
        words = (
            f"training: epochs {trainer.epochs}, batches in each {batches}, batch size "
            f"{trainer.batch_size}"
        )
        if trainer.drop_last and (left_out := examples - batches * trainer.step_size) > 0:
            words += f", examples left out of each {left_out} of {examples} (drop_last)"
    if task.curriculum is not None:
        words += f", {task.curriculum.words}"
    if trainer.accumulate > 1:
        words += f", {trainer.accumulate} batches make a step"
    if trainer.truncate is not None:
        words += f", gradients cut every {trainer.truncate} steps"
    if trainer.stateful:
        words += f", {_streams(trainer, task)}"
    for part in beside:
        words += f", {part}"
    return [
        f"{words}; loss and scores are means over their examples",
        _tested(trainer, task),
        *filter(None, [slow_precision(trainer.precision, device)]),
    ]


def _streams(trainer: Trainer, task: Task) -> str:
    """How the examples of a stateful training hang together."""
    examples = len(task.split("train"))
    each = -(-examples // trainer.batch_size)
    return (
        f"stateful: {-(-examples // each)} sequences of {each} consecutive examples, each of which "
        "goes on where the one before it in the file has ended"
    )


def _tested(trainer: Trainer, task: Task) -> str:
    unit = "epoch" if trainer.steps is None else "step"
    kind = "weights" if trainer.ema is None else f"averaged weights (trainer.ema={trainer.ema:g})"
    if trainer.tests_best:
        chosen = trainer.test_weights == "best"
        why = "test_weights=best" if chosen else f"patience={trainer.patience}"
        words = f"tested: the {kind} with the {_best(trainer, task)} (trainer.{why})"
        return f"{words}; probes measure the last"
    if not trainer.epochs and trainer.steps is None:
        return "tested: the initial weights"
    way_out = ""
    if trainer.test_weights is None and len(task.split("val")):
        way_out = f"; trainer.test_weights=best takes those with the {_best(trainer, task)}"
    return f"tested: the {kind} after the last {unit}{way_out}"


def _best(trainer: Trainer, task: Task) -> str:
    """What the best weights have."""
    score = trainer.monitored(task)
    return f"{'lowest' if score.better == 'low' else 'highest'} validation {score.name}"
