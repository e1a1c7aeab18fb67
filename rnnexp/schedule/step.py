"""A fixed factor every so many steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import at_least, more_than
from rnnexp.schedule.base import Schedule


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """lr gamma^(n // step_size) at step n, as torch's StepLR.

    step_size: training steps, not epochs. gamma: the factor; with step_size=1 it is torch's
        ExponentialLR.
    """

    varies: ClassVar[bool] = True

    step_size: int = 1000
    gamma: float = 0.1

    def __post_init__(self) -> None:
        at_least("step_size", self.step_size, 1)
        more_than("gamma", self.gamma, 0)
        if self.gamma > 1:
            raise ValueError(f"gamma must be at most 1 (got {self.gamma}): the rate would grow")

    @property
    def words(self) -> str:
        return f"rate times {self.gamma:g} every {self.step_size} steps"

    def check(self, steps: int, epochs: int, lr: float) -> None:
        if steps and self.step_size >= steps:
            raise ValueError(
                f"step_size={self.step_size} changes nothing in a training of {steps} steps: use "
                f"schedule.step_size={max(1, steps // 3)}"
            )

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        return lr * self.gamma ** (step // self.step_size)
