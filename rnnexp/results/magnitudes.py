"""Norms and ratios of several seeds that span orders of magnitude, some beyond what float64 holds.

None of the seeds is dropped in silence: those that cannot enter a geometric mean are counted beside
it, and a verdict is given where all of the interval agrees.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rnnexp.ranges import FLOOR
from rnnexp.results.statistics import Interval, log_interval
from rnnexp.results.tables import NOTHING, Cell

#: Verdicts on the gradient at an early step over that at a late one: upper bound, words.
VERDICTS = (
    (0.01, "severe vanishing"),
    (0.1, "moderate vanishing"),
    (10.0, "good flow"),
    (math.inf, "exploding"),
)
NOT_MEASURED = "not measured"


def verdict_on(ratio: float) -> str:
    """The words for an early/late ratio of gradient norms.

    >>> verdict_on(1e-9), verdict_on(0.05), verdict_on(0.5), verdict_on(30.0)
    ('severe vanishing', 'moderate vanishing', 'good flow', 'exploding')
    """
    if math.isnan(ratio):
        return NOT_MEASURED
    return next(words for bound, words in VERDICTS if ratio < bound or bound == math.inf)


@dataclass(frozen=True)
class Magnitude:
    """What the seeds' values come to.

    interval: the geometric mean of those that float64 holds, with its t-interval of the logarithm;
        its n says how many they are.
    below: how many underflowed, below 1e-300. zero: are exactly 0, as behind dead units.
    infinite: overflowed. missing: were not measured.
    """

    interval: Interval
    below: int = 0
    zero: int = 0
    infinite: int = 0
    missing: int = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        held = [value for value in values if FLOOR <= value < math.inf]
        return cls(
            log_interval(held),
            below=sum(0 < value < FLOOR for value in values),
            zero=sum(value == 0 for value in values),
            infinite=sum(value == math.inf for value in values),
            missing=sum(math.isnan(value) for value in values),
        )

    @property
    def n(self) -> int:
        """How many values there are, measured or not."""
        return self.interval.n + self.below + self.zero + self.infinite + self.missing

    def cell(
        self,
        bare: bool = False,
        unit: str = "",
        infinite: str = "overflow (above 1e308)",
        more: Mapping[str, int] | None = None,
    ) -> Cell:
        """The mean with its interval, and how many seeds it leaves out.

        bare: without the interval. infinite: what an infinite value is. more: how many seeds have
        no value for other reasons, by the reason in words.

        >>> Magnitude.of([1e-3]).cell().text, Magnitude.of([0.0, 1e-301, 1e-3]).cell().text
        ('0.001', '0.001 of 1 of 3 (1 below 1e-300, 1 exactly 0)')
        >>> Magnitude.of([0.0, 0.0]).cell().text, Magnitude.of([math.nan]).cell().text
        ('exactly 0', '-')
        """
        left_out = {
            "below 1e-300": self.below,
            "exactly 0": self.zero,
            infinite: self.infinite,
            NOT_MEASURED: self.missing,
            **(more or {}),
        }
        counted = {words: count for words, count in left_out.items() if count}
        interval, seeds = self.interval, self.n + sum((more or {}).values())
        if not interval.n:
            if seeds == self.missing:
                return Cell(NOTHING)
            if len(counted) == 1:
                return Cell(next(iter(counted)))
            return Cell(", ".join(f"{count} {words}" for words, count in counted.items()))
        text = f"{interval.mean:.2g}"
        if not bare and interval.low is not None and interval.high is not None:
            text += f" ({interval.low:.2g} to {interval.high:.2g})"
        text += unit
        if counted:
            rest = ", ".join(f"{count} {words}" for words, count in counted.items())
            text += f" of {interval.n} of {seeds} ({rest})"
        return Cell(text, interval.mean)


def verdict_over(ratios: Sequence[float], alone: tuple[float, float] | None = None) -> str:
    """The verdict on which a whole interval agrees, else that it is unclear, and each seed's own.

    ratios: one of each seed. alone: the ends of the interval over examples, for a single seed.
    A ratio that underflowed, overflowed or is 0 has no interval, but its verdict is certain: where
    there are such, all seeds must agree.

    >>> verdict_over([1e-9, 1e-7, 1e-8])
    'severe vanishing'
    >>> verdict_over([1e-9, 1e-40, 1e-80]), verdict_over([0.05, 0.2, 0.04])
    ('unclear at 3 seeds (severe vanishing in each)', 'unclear at 3 seeds (2 moderate vanishing, \
1 good flow)')
    >>> verdict_over([0.05], (0.02, 0.08)), verdict_over([0.05], (0.02, 0.2))
    ('moderate vanishing', 'unclear at 1 seed (moderate vanishing)')
    """
    known = [ratio for ratio in ratios if not math.isnan(ratio)]
    if not known:
        return NOT_MEASURED
    held = [ratio for ratio in known if FLOOR <= ratio < math.inf]
    ends: list[float] = known
    if len(held) == len(known):
        ends = _ends(known, alone)
    agreed = {verdict_on(end) for end in ends}
    if len(agreed) == 1 and NOT_MEASURED not in agreed:
        return agreed.pop()
    counts = Counter(verdict_on(ratio) for ratio in known)
    if len(known) == 1:
        return f"unclear at 1 seed ({verdict_on(known[0])})"
    each = ", ".join(f"{count} {words}" for words, count in counts.items())
    if len(counts) == 1:
        each = f"{verdict_on(known[0])} in each"
    return f"unclear at {len(known)} seeds ({each})"


def _ends(ratios: Sequence[float], alone: tuple[float, float] | None) -> list[float]:
    """The ends of the interval of ratios that float64 holds; NaN without one."""
    if len(ratios) == 1:
        return list(alone) if alone else [math.nan]
    interval = log_interval(ratios)
    if interval.alike:
        return [interval.mean]
    return [math.nan if end is None else end for end in (interval.low, interval.high)]
