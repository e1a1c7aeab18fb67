"""The update of the weights: a step of the optimizer at the schedule's rate, and their average."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from rnnexp.interrupts import deferred
from rnnexp.schedule.base import CONSTANT, Schedule
from rnnexp.training.optimizers import step_unless, trainable
from rnnexp.training.tensors import copy_of, weights_of


class Average:
    """The exponential moving average e of the trained weights w over the updates.

    e_n = d_n e_(n-1) + (1 - d_n) w_n with d_n = min(decay, (1 + n) / (10 + n)), n = 1, 2, ...: the
    first weights, which are random, are soon forgotten. Source: Polyak and Juditsky 1992; the
    beginning as of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._weights = trainable(model)
        self._averages = [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def add(self, step: int) -> None:
        """The weights as they are after a step, which counts from 0."""
        decay = min(self.decay, (2 + step) / (11 + step))
        torch._foreach_lerp_(self._averages, [w.detach() for w in self._weights], 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside it the model has the averages for weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        # numbers, not memory: cuDNN wants the weights of a module where it has laid them
        with deferred():  # half of them swapped would be saved at a signal
            for weight, average in zip(self._weights, self._averages, strict=True):
                trained = weight.detach().clone()
                weight.copy_(average)
                average.copy_(trained)

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint, by the numbers of the weights; `restore` takes it back."""
        return {str(number): average for number, average in enumerate(self._averages)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        for number, average in enumerate(self._averages):
            average.copy_(state[str(number)])


@torch.no_grad()
def put_averages(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a model the averages of its trained weights, as `Average.state` has them.

    Raises RuntimeError where they are those of another model.
    """
    weights = trainable(model)
    if set(state) != {str(number) for number in range(len(weights))}:
        raise RuntimeError(f"{len(state)} averages for {len(weights)} trained weights")
    for number, weight in enumerate(weights):
        weight.copy_(state[str(number)])


class Update:
    """Called after the way back of each step, with the number of the step in the training.

    optimizer, schedule, lr: see `rnnexp.optimizer` and `rnnexp.schedule`. steps: of the whole
    training, as it is planned. average: of the weights, where one is wanted.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule = CONSTANT,
        lr: float | None = None,
        steps: int = 0,
        average: Average | None = None,
    ) -> None:
        self.optimizer, self.average = optimizer, average
        self._schedule = schedule
        self._lr: float = optimizer.defaults["lr"] if lr is None else lr
        self._steps = steps
        #: what the schedule has kept of the validation scores, see `Schedule.after`
        self.kept: Mapping[str, float] = {}

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return self._schedule.rate(self._lr, step, self._steps, self.kept)

    def zero_grad(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)

    def __call__(self, step: int, nonfinite: Tensor) -> None:
        """nonfinite: 0-dim, 1 where the weights are to stay as they are."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step)
        step_unless(nonfinite, self.optimizer)
        if self.average is not None:
            self.average.add(step)

    def averaged(self) -> AbstractContextManager[None]:
        """Inside this context the model has the weights that are validated and tested."""
        return nullcontext() if self.average is None else self.average.in_place()

    def tested_weights(self, model: nn.Module) -> dict[str, Tensor]:
        """A copy of all weights, the average for those that are averaged."""
        with self.averaged():
            return copy_of(weights_of(model))
