"""Half a cosine from the full rate down, behind a warm-up if wanted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import at_least
from rnnexp.schedule.base import Schedule, check_warmup, share_behind, warmed_up


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """eta_min + (lr - eta_min) (1 + cos(π p)) / 2, p the share of the training behind step n.

    p runs from 0 at the end of the warm-up towards 1 at the end of the training, as of torch's
    CosineAnnealingLR with T_max the steps in between. Source: Loshchilov and Hutter 2017.

    eta_min: the rate in the end, a number as `lr` is. warmup_steps: see `Warmup`; 0 for none.
    """

    varies: ClassVar[bool] = True

    eta_min: float = 0.0
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        at_least("eta_min", self.eta_min, 0)
        at_least("warmup_steps", self.warmup_steps, 0)

    @property
    def words(self) -> str:
        rises = f"rises over the first {self.warmup_steps} steps, then " * bool(self.warmup_steps)
        return f"rate {rises}falls by a cosine to {self.eta_min:g}"

    def check(self, steps: int, epochs: int, lr: float) -> None:
        check_warmup(self.warmup_steps, steps)
        if self.eta_min >= lr:
            raise ValueError(
                f"eta_min={self.eta_min:g} is no lower rate than optimizer.lr={lr:g}: use a "
                "smaller schedule.eta_min"
            )

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        if step < self.warmup_steps:
            return lr * warmed_up(step, self.warmup_steps)
        share = share_behind(step, self.warmup_steps, steps)
        return self.eta_min + (lr - self.eta_min) * (1 + math.cos(math.pi * share)) / 2
