"""A linear warm-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import at_least
from rnnexp.schedule.base import Schedule, check_warmup, warmed_up


@dataclass(frozen=True, kw_only=True)
class Warmup(Schedule):
    """lr min(1, (n + 1) / warmup_steps) at step n, from 0: it rises and stays.

    As torch's LinearLR with start_factor = 1 / warmup_steps and total_iters = warmup_steps - 1.
    Source: Goyal et al. 2017, section 2.2.

    warmup_steps: the number of the step, from 1, that is the first at the full rate.
    """

    varies: ClassVar[bool] = True

    warmup_steps: int = 100

    def __post_init__(self) -> None:
        at_least("warmup_steps", self.warmup_steps, 1)

    @property
    def words(self) -> str:
        return f"rate rises over the first {self.warmup_steps} steps"

    def check(self, steps: int, epochs: int, lr: float) -> None:
        check_warmup(self.warmup_steps, steps)

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        return lr * warmed_up(step, self.warmup_steps)
