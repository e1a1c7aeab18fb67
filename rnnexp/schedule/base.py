"""The interface of a schedule: the learning rate of every step.

A rate is a function of the step's number, and, of a schedule that watches, of what it has kept of
the validation scores: a training that goes on comes to the same rates.
"""

from collections.abc import Mapping
from typing import ClassVar


class Schedule:
    """The learning rate of every step; the base itself leaves it as it is."""

    #: Whether metrics.csv gets its column, `lr`: the rate of the epoch's last step.
    varies: ClassVar[bool] = False

    #: Whether it needs a validation score after every epoch.
    watches: ClassVar[bool] = False

    @property
    def words(self) -> str:
        """What it does in a training; empty where it does nothing."""
        return ""

    def check(self, steps: int, epochs: int, lr: float) -> None:
        """Raise ValueError, which begins with a setting's name, where it has nothing to do.

        steps, epochs: of the training; an epoch is a row of metrics.csv. lr: `optimizer.lr`.
        """

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        """The learning rate of a step.

        lr: `optimizer.lr`. step: the step's number, from 0, of `steps`. kept: see `after`.
        """
        return lr

    def after(self, kept: Mapping[str, float], score: float) -> Mapping[str, float]:
        """What is kept of the validation scores once one more epoch has ended; empty at first.

        score: the monitored one, with its sign such that lower is better.
        """
        return kept


CONSTANT = Schedule()


def warmed_up(step: int, warmup_steps: int) -> float:
    """(step + 1) / warmup_steps up to 1: the share of the rate while it rises.

    >>> [warmed_up(step, 4) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def check_warmup(warmup_steps: int, steps: int) -> None:
    """Raise ValueError where the training ends before the rate has risen."""
    if steps and warmup_steps >= steps:
        raise ValueError(
            f"warmup_steps={warmup_steps} leaves none of the training's {steps} steps at the full "
            f"rate: use schedule.warmup_steps={max(1, steps // 10)}"
        )


def share_behind(step: int, first: int, steps: int) -> float:
    """How far a step is from `first` to the training's end, from 0 to below 1.

    >>> share_behind(step=15, first=10, steps=20)
    0.5
    """
    return min(1.0, max(0, step - first) / max(1, steps - first))
