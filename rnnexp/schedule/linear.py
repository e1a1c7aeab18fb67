"""A straight line from the full rate down, behind a warm-up if wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import at_least
from rnnexp.schedule.base import Schedule, check_warmup, share_behind, warmed_up


@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """lr (1 + (end_factor - 1) p), p the share of the training behind step n; see `Cosine`.

    As torch's LinearLR with start_factor = 1 and total_iters the steps behind the warm-up.

    end_factor: of lr, in the end. warmup_steps: see `Warmup`; 0 for none.
    """

    varies: ClassVar[bool] = True

    end_factor: float = 0.0
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        at_least("end_factor", self.end_factor, 0)
        at_least("warmup_steps", self.warmup_steps, 0)

    @property
    def words(self) -> str:
        rises = f"rises over the first {self.warmup_steps} steps, then " * bool(self.warmup_steps)
        return f"rate {rises}goes linearly to {self.end_factor:g} of itself"

    def check(self, steps: int, epochs: int, lr: float) -> None:
        check_warmup(self.warmup_steps, steps)
        if self.end_factor == 1 and not self.warmup_steps:
            raise ValueError("end_factor=1 leaves the rate as it is: use schedule=none")

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        if step < self.warmup_steps:
            return lr * warmed_up(step, self.warmup_steps)
        return lr * (1 + (self.end_factor - 1) * share_behind(step, self.warmup_steps, steps))
