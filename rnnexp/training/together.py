"""The epochs of K trainings as one program.

Step by step: each reads its own batch, the states of all K are computed together, and each has its
own loss, gradients, clipping and update. One that diverges stops changing, as it would alone; one
whose epoch has fewer steps left waits for the others.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from rnnexp.interrupts import Pending, deferred
from rnnexp.model.base import SequenceModel
from rnnexp.training.checkpoint import Saver
from rnnexp.training.epoch import Epoch
from rnnexp.training.optimizers import trainable
from rnnexp.types import Batch


class Reading(Protocol):
    """What one model reads in a step."""

    @property
    def batch(self) -> Batch: ...


R = TypeVar("R", bound=Reading)


class Models(Protocol[R]):
    """K models that are computed together; `rnnexp.model.lockstep.Lockstep`."""

    def read(self, which: int, batch: Batch) -> R:
        """What a model reads."""

    def outputs(self, readings: Sequence[R | None]) -> list[Tensor | None]:
        """What each model answers; None for one that reads nothing."""


def train_together(
    epochs: Sequence[Epoch], together: Callable[[Sequence[SequenceModel]], Models[R]]
) -> None:
    """`Trainer.train_epoch` of K trainings in float32.

    together: the models as one program. The seconds of each training are those of all of them.
    """
    models = together([epoch.model for epoch in epochs])
    batches = [iter(epoch.batches) for epoch in epochs]
    parameters = [trainable(epoch.model) for epoch in epochs]
    for epoch in epochs:
        epoch.model.train()
    with deferred() as signals, ExitStack() as clocks:
        for epoch in epochs:
            clocks.enter_context(epoch.steps.clock)
        while _step(models, epochs, batches, parameters):
            _between_steps(epochs, signals)
    for epoch in epochs:
        epoch.steps.read()


def _step(
    models: Models[R],
    epochs: Sequence[Epoch],
    batches: Sequence[Iterator[Batch]],
    parameters: Sequence[Sequence[nn.Parameter]],
) -> bool:
    """One step of all that have a batch left; False where none has."""
    readings: list[R | None] = []
    with ExitStack() as under_way:
        for saver in _savers(epochs):
            under_way.enter_context(saver.step_under_way())
        for which, coming in enumerate(batches):
            # what a batch's random numbers are seeded for is drawn before the next one's
            batch = next(coming, None)
            readings.append(None if batch is None else models.read(which, batch))
        if not any(readings):
            return False
        outputs = models.outputs(readings)
        answers = [
            (epoch, own, answer, reading.batch)
            for epoch, own, answer, reading in zip(
                epochs, parameters, outputs, readings, strict=True
            )
            if answer is not None and reading is not None
        ]
        losses = [epoch.task.loss(answer, batch) for epoch, _, answer, batch in answers]
        for epoch, *_ in answers:
            epoch.update.zero_grad()
        # each parameter hears of its own model's loss alone
        torch.autograd.backward(
            [
                epoch.recipe.loss(loss, epoch.task, answer, batch)
                for (epoch, _, answer, batch), loss in zip(answers, losses, strict=True)
            ]
        )
        for (epoch, own, answer, batch), loss in zip(answers, losses, strict=True):
            epoch.steps.watched.measure()
            report = epoch.recipe.clip(own)
            epoch.steps.watched.measure()
            metrics = epoch.task.metrics(answer.detach(), batch)
            step = epoch.steps.before + len(epoch.steps)
            epoch.steps.add(loss.detach(), metrics, None, report, batch)
            epoch.update(step, epoch.steps.nonfinite_seen)
    return True


def _between_steps(epochs: Sequence[Epoch], signals: Pending) -> None:
    """Save all trainings where it is time to, and before a signal that has come is delivered."""
    if not signals and not any(saver.is_due for saver in _savers(epochs)):
        return
    with ExitStack() as clocks:
        for epoch in epochs:
            clocks.enter_context(epoch.steps.clock.stopped())
        for saver in _savers(epochs):
            saver.save()
        signals.deliver()


def _savers(epochs: Sequence[Epoch]) -> list[Saver]:
    return [epoch.saver for epoch in epochs if epoch.saver is not None]
