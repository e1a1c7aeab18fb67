"""Up to the full rate and down again, once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rnnexp.ranges import more_than
from rnnexp.schedule.base import Schedule


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """From lr / div_factor up to lr, then down to lr / (div_factor final_div_factor), by cosines.

    As torch's OneCycleLR with max_lr = lr, the cosine strategy, two phases, and without its cycle
    of the momentum. Source: Smith and Topin 2019.

    pct_start: the share of the steps on which the rate rises. div_factor: how much lower it begins.
    final_div_factor: how much lower than that it ends.
    """

    varies: ClassVar[bool] = True

    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self) -> None:
        if not 0 < self.pct_start < 1:
            raise ValueError(
                f"pct_start must be greater than 0 and less than 1 (got {self.pct_start})"
            )
        more_than("div_factor", self.div_factor, 1)  # else the rate would not rise
        more_than("final_div_factor", self.final_div_factor, 0)

    @property
    def words(self) -> str:
        return f"rate rises over {self.pct_start:.0%} of the steps and falls over the others"

    def rate(self, lr: float, step: int, steps: int, kept: Mapping[str, float]) -> float:
        first, last = lr / self.div_factor, lr / self.div_factor / self.final_div_factor
        top, end = self.pct_start * steps - 1, steps - 1  # the numbers of these steps, as torch has
        if step <= top:
            return _between(first, lr, step / top if top else 1.0)
        return _between(lr, last, (step - top) / (end - top))


def _between(start: float, end: float, share: float) -> float:
    """Along half a cosine."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(1.0, share)))
