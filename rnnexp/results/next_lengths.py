"""Which lengths to try next, from what is known of L50: about where half the seeds learn.

A pure function of outcomes, so that a study that was cut short chooses the same lengths again.
Never imports torch.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rnnexp.results.l50 import Posterior

#: Lengths to an octave among which is chosen: neighbours differ by 19%.
PER_OCTAVE = 4


@dataclass(frozen=True)
class LengthPlan:
    """Lengths in rounds: a few, far apart, then those where most is to be learned of L50.

    first: the lengths of the first round, ascending; all others lie between its ends.
    rounds: at most so many, the first among them.
    each: how many lengths a round adds for each budget of training steps.
    precise: a line ends once in each budget the interval's upper end is at most so many times its
        lower one.

    Simulated for 6 seeds, one budget and L50 from 6 to 70: with `first` 5, 20, 80 and two rounds of
    two lengths more, the interval's ends are in the median a factor of 1.8, 1.5 and 1.25 apart for
    slopes of 6, 12 and 30, where seven lengths spread evenly give 1.9, 1.65 and 1.55, and it covers
    as often (97% or more). For slopes of 3 and below it makes no difference.
    """

    first: Sequence[int]
    rounds: int = 3
    each: int = 1
    precise: float = 1.5

    def __post_init__(self) -> None:
        whole = all(
            isinstance(length, int) and not isinstance(length, bool) and length > 0
            for length in self.first
        )
        if not whole or len(self.first) < 2 or list(self.first) != sorted(set(self.first)):
            raise ValueError(
                "first must be two whole numbers from 1 on or more, ascending, as in [5,20,80] "
                f"(got {list(self.first)})"
            )
        for name in ("rounds", "each"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 on (got {value})")
        if not isinstance(self.precise, int | float) or not 1 < self.precise < math.inf:
            raise ValueError(f"precise must be a factor greater than 1 (got {self.precise})")

    @property
    def lengths(self) -> list[int]:
        """All that can be chosen."""
        shortest, longest = self.first[0], self.first[-1]
        count = math.floor(PER_OCTAVE * math.log2(longest / shortest) + 1e-9)
        steps = {round(shortest * 2 ** (i / PER_OCTAVE)) for i in range(count + 1)}
        return sorted({*steps, *self.first})

    def next(self, budgets: Sequence[Posterior], tried: Collection[int]) -> list[int]:
        """The lengths of a line's next round, by what is known of L50 within each budget.

        For each budget the lengths nearest to where L50 is as likely below as above, or, of
        `each` of them, to what cuts the posterior in equal parts. Empty once all is precise, or
        nothing between the ends of an interval is left to try.
        """
        chosen: set[int] = set()
        for posterior in budgets:
            l50 = posterior.l50
            if l50.factor <= self.precise:
                continue
            low = self.first[0] if l50.low is None else l50.low
            high = self.first[-1] if l50.high is None else l50.high
            left = [n for n in self.lengths if n not in tried and low <= n <= high]
            for part in range(1, self.each + 1):
                wanted = math.log(posterior.quantile(part / (self.each + 1)))
                free = [length for length in left if length not in chosen]
                near = [length for length in left if length in chosen]
                best = min(free + near, key=lambda n: abs(math.log(n) - wanted), default=None)
                if best is not None:
                    chosen.add(best)
        return sorted(chosen)
