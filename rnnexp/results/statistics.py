"""What a few runs allow to be said: intervals and rates. Never imports torch.

Over seeds everything is a small sample, and what it cannot say is None: one seed has no interval,
and neither have seeds that are all alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, expit, logit, ndtri, stdtrit

LEVEL = 0.95

#: The least and the greatest value that a number can have.
Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)
#: Values that differ by less than this, relative to the greatest, are the same.
ROUNDING = 1e-12

#: Of an error, a loss, a time.
POSITIVE: Bounds = (0.0, math.inf)
#: Of an accuracy, and of any other share.
SHARE: Bounds = (0.0, 1.0)


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95% interval, whose ends are None where it has none.

    deviation: the standard deviation over seeds, n-1 in the denominator.
    apart: the values one by one, in order of the seeds, where no interval over so few would cover
        their mean (`over_seeds`); it has no ends then.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    deviation: float | None = None
    apart: Sequence[float] = ()

    @property
    def ends(self) -> list[float] | None:
        return None if self.low is None or self.high is None else [self.low, self.high]

    @property
    def alike(self) -> bool:
        """Several values that are all the same: how others would differ, they do not say."""
        return self.n > 1 and not self.apart and self.low == self.high


@lru_cache
def _quantile(n: int) -> float:
    return float(stdtrit(n - 1, (1 + LEVEL) / 2))


def t_interval(values: Sequence[float], bounds: Bounds = UNBOUNDED) -> Interval:
    """mean ± t(0.975, n-1) s/√n, s the standard deviation with n-1 in the denominator.

    Where the values have bounds, the same on a scale g that has none, by the delta method, so that
    no end lies outside: g(end) = g(mean) ± t(0.975, n-1) s g'(mean)/√n, with g = logit between 0
    and 1, and g = ln of the distance from the bound where there is one. The mean stays that of the
    values. A bound that a value breaks is none.

    It covers the mean of normal values with 95%. Simulated for 3, 5 and 10: accuracies (beta) about
    0.5 to 0.99, 92 to 95%, where the interval without a scale has 84 to 95%; errors that are
    lognormal with σ = 0.5, 93 to 94%, with σ = 1, 88 to 92% (without: 92 and 82 to 84%).
    Source of the delta method: Wasserman 2004, All of Statistics, section 5.5.

    >>> t_interval([0.5])
    Interval(n=1, mean=0.5, low=None, high=None, deviation=None, apart=())
    >>> [round(end, 3) for end in t_interval([0.97, 0.98, 0.99], SHARE).ends]
    [0.932, 0.994]
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(n, mean, None, None)
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return Interval(n, float(values[0]), None, None, 0.0)
    deviation = float(np.std(values, ddof=1))
    low, high = ends_on_scale(mean, _quantile(n) * deviation / math.sqrt(n), _kept(bounds, values))
    return Interval(n, mean, low, high, deviation)


def _kept(bounds: Bounds, values: Sequence[float]) -> Bounds:
    low, high = bounds
    return low if low <= min(values) else -math.inf, high if max(values) <= high else math.inf


def ends_on_scale(mean: float, half: float, bounds: Bounds) -> tuple[float, float]:
    """The ends of an interval that has the half width `half` at its mean, within its bounds."""
    low, high = bounds
    if not low < mean < high:  # by rounding, next to a bound
        return max(mean - half, low), min(mean + half, high)
    with np.errstate(over="ignore"):
        if math.isinf(low) and math.isinf(high):
            return mean - half, mean + half
        if math.isinf(high):
            distance = mean - low
            factor = float(np.exp(half / distance))
            return low + distance / factor, low + distance * factor
        if math.isinf(low):
            distance = high - mean
            factor = float(np.exp(half / distance))
            return high - distance * factor, high - distance / factor
        width = high - low
        share = (mean - low) / width
        step = half / width / (share * (1 - share))
        ends = expit(logit(share) + np.array([-step, step]))
    return low + width * float(ends[0]), low + width * float(ends[1])


def log_interval(values: Sequence[float]) -> Interval:
    """The t-interval of ln x, taken back: a geometric mean, for what spans orders of magnitude.

    Only positive, finite values count: n says how many.
    """
    logs = [math.log(value) for value in values if 0 < value < math.inf]
    if not logs:
        return Interval(0, math.nan, None, None)
    of_logs = t_interval(logs)
    low, high = (None if end is None else float(np.exp(end)) for end in (of_logs.low, of_logs.high))
    return Interval(of_logs.n, math.exp(of_logs.mean), low, high)


@dataclass(frozen=True)
class Rate:
    """Successes among n runs, with Wilson's 95% interval."""

    successes: int
    n: int
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """The rate as a mean of ones and zeros."""
        return Interval(self.n, self.successes / self.n, self.low, self.high)

    def __str__(self) -> str:
        """
        >>> print(wilson(5, 5))
        5 of 5 (57-100%)
        """
        return f"{self.successes} of {self.n} ({100 * self.low:.0f}-{100 * self.high:.0f}%)"


def wilson(successes: int, n: int) -> Rate:
    """Wilson's score interval of a rate: honest for few runs, and at 0 and n of them.

    The rates q that are not rejected: |p - q| <= z √(q (1 - q) / n), with p the share observed and
    z the normal quantile. The same as `scipy.stats.binomtest(...).proportion_ci(method="wilson")`,
    which takes half a second to import, in every job of a study.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    p, z2 = successes / n, float(ndtri((1 + LEVEL) / 2)) ** 2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    low = middle - half if successes > 0 else 0.0
    high = middle + half if successes < n else 1.0
    return Rate(successes, n, low, high)


def example_interval(
    scores: npt.ArrayLike, bounds: Bounds = UNBOUNDED
) -> tuple[float | None, float | None]:
    """95% interval of the mean over test examples: other test sets of this size.

    It says how well one trained network is known, not how much networks differ. Wilson's where
    each answer is right or wrong (1 or 0), else the t-interval on the scale that `bounds` give.
    None, None where a score is not finite, and of one number or of equal ones other than 0 and 1,
    which do not say how others would differ.

    Simulated for 5, 20, 50, 200 and 2,000 errors it covers, where they are chi-squared with one
    degree of freedom, 91, 92, 93, 94 and 95%; lognormal with σ = 1.5, far more skewed, 81, 82, 85,
    90 and 94%. The bootstrap's percentiles: 74, 89, 92, 95 and 95%; 61, 76, 83, 88 and 93%; its
    corrected ones (BCa): 78, 91, 92, 95 and 95%; 64, 80, 86, 88 and 94%.

    >>> low, high = example_interval([1, 1, 1], SHARE)
    >>> round(low, 2), high
    (0.44, 1.0)
    """
    values = np.asarray(scores, np.float64)
    if not np.isfinite(values).all():
        return None, None
    if np.isin(values, (0.0, 1.0)).all():
        rate = wilson(int(values.sum()), len(values))
        return rate.low, rate.high
    interval = t_interval(values.tolist(), bounds)
    return interval.low, interval.high


@dataclass(frozen=True)
class MedianInterval:
    """A median with an interval made of order statistics, and the level that it reaches.

    level: the exact probability that the interval covers the median; below 95% for fewer than six
    values, of which the whole range is taken. None for one value, which has no interval.
    """

    n: int
    median: float
    low: float | None
    high: float | None
    level: float | None


def median_interval(values: Sequence[float]) -> MedianInterval:
    """[x_(k), x_(n+1-k)] with the largest k that covers the median with 95%, else the range.

    Its coverage is 1 - 2 P(Bin(n, 1/2) < k) whatever the distribution, and the values may be
    infinite or tied, as lengths cut off at the ends of a sweep are.
    Source: Thompson 1936; David and Nagaraja 2003, section 7.1.

    >>> interval = median_interval([10, 20, 20, 40, 80])
    >>> interval.median, interval.low, interval.high, interval.level
    (20, 10, 80, 0.9375)
    """
    ordered = sorted(values)
    n = len(ordered)
    # the lower of the two in the middle: a length that was really tried
    median = ordered[(n - 1) // 2]
    if n < 2:
        return MedianInterval(n, median, None, None, None)

    def level(k: int) -> float:
        return 1 - 2 * float(bdtr(k - 1, n, 0.5))

    k = max((k for k in range(1, (n + 1) // 2 + 1) if level(k) >= LEVEL), default=1)
    return MedianInterval(n, median, ordered[k - 1], ordered[n - k], level(k))
