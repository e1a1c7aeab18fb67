"""What a few runs allow to be said: intervals, rates, comparisons. Never imports torch.

Over seeds everything is a small sample, and what it cannot say is None: one seed has no interval.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

LEVEL = 0.95

#: Resamples of the bootstrap; its 2.5% ends then rest on fifty of them.
RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95% t-interval; None where one seed gives none.

    deviation: the standard deviation over seeds, n-1 in the denominator.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    deviation: float | None = None

    @property
    def half_width(self) -> float | None:
        return None if self.high is None else self.high - self.mean

    @property
    def ends(self) -> list[float] | None:
        return None if self.low is None or self.high is None else [self.low, self.high]


def t_interval(values: Sequence[float]) -> Interval:
    """mean ± t(0.975, n-1) s/√n, s the standard deviation with n-1 in the denominator.

    >>> t_interval([0.5])
    Interval(n=1, mean=0.5, low=None, high=None, deviation=None)
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(n, mean, None, None)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * stats.sem(values))
    return Interval(n, mean, mean - half, mean + half, float(np.std(values, ddof=1)))


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

    def __str__(self) -> str:
        """
        >>> print(wilson(5, 5))
        5 of 5 (57-100%)
        """
        return f"{self.successes} of {self.n} ({100 * self.low:.0f}-{100 * self.high:.0f}%)"


def wilson(successes: int, n: int) -> Rate:
    """Wilson's score interval of a rate: honest for few runs, and at 0 and n of them.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Rate(successes, n, float(interval.low), float(interval.high))


def bootstrap_interval(scores: npt.ArrayLike, seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of the mean over examples: other test sets of this size.

    It says how well one trained network is known, not how much networks differ.
    Source: Efron 1979. Where all answers are right, or all wrong, resampling says nothing and
    Wilson's interval is given. NaN where a score is not finite, or for one number alone.
    """
    values = np.asarray(scores, np.float64)
    if not np.isfinite(values).all() or (len(values) < 2 and values[0] not in (0.0, 1.0)):
        return math.nan, math.nan
    if np.ptp(values) == 0:
        if values[0] in (0.0, 1.0):
            rate = wilson(int(values.sum()), len(values))
            return rate.low, rate.high
        return float(values[0]), float(values[0])
    interval = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=LEVEL,
        n_resamples=RESAMPLES,
        batch=200,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Paired:
    """The difference b - a over the seeds that both have.

    difference: its mean, with the t-interval of paired differences.
    p: two-sided sign-flip permutation test: the share of all 2^n ways to swap the two within seeds
    whose mean difference is as far from zero; never below 2/2^n. Exact up to 16 seeds, of more by
    as many random swaps. None for one seed.
    left_out: seeds that only one of them has.
    """

    difference: Interval
    p: float | None
    seeds: Sequence[int]
    left_out: Sequence[int]


def paired(a: Mapping[int, float], b: Mapping[int, float]) -> Paired | None:
    """Two settings compared over the same seeds, values by seed; None without a common seed.

    Source of the test: Fisher 1935; Pitman 1937.
    """
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return None
    differences = np.array([b[seed] - a[seed] for seed in seeds])
    p = None
    if len(seeds) > 1:
        p = float(
            stats.permutation_test(
                (differences,),
                np.mean,
                permutation_type="samples",
                n_resamples=2**16,  # all of them where there are no more
                vectorized=True,
                rng=np.random.default_rng(0),
            ).pvalue
        )
    return Paired(t_interval(differences.tolist()), p, seeds, sorted(a.keys() ^ b.keys()))


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
    infinite or tied, as horizons cut off at the ends of a sweep are.
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
        return 1 - 2 * float(stats.binom.cdf(k - 1, n, 0.5))

    k = max((k for k in range(1, (n + 1) // 2 + 1) if level(k) >= LEVEL), default=1)
    return MedianInterval(n, median, ordered[k - 1], ordered[n - k], level(k))
