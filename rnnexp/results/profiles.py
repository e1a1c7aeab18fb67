"""Performance profiles: the share of runs whose score lies above a bound, for every bound.

Of scores that lie in two bunches a mean is like none of the runs, and which bound counts as solved
is a choice; the profile shows all of them. Runs of several tasks or lengths are strata, of which
each counts the same. Never imports torch.

Source: Dolan and Moré 2002, "Benchmarking optimization software with performance profiles"; Agarwal
et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice" (rliable), with
other bands: theirs, percentiles of a stratified bootstrap, cover too seldom with few runs.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.results.statistics import LEVEL, Interval, wilson

Array = npt.NDArray[np.float64]

#: Strata of so many runs each from which on the bootstrap of a mean covers as often as said here.
MANY_STRATA, MANY_RUNS = 8, 6
#: Resamples of the bootstrap.
RESAMPLES = 2000


def share_above(strata: Sequence[Sequence[float]], bound: float) -> Interval:
    """The share of runs above `bound`, the mean over strata, with a 95% interval at this bound.

        p = Σ_s p_s / S,    p - √(Σ_s (p_s - l_s)²) / S  to  p + √(Σ_s (u_s - p_s)²) / S

    with Wilson's interval l_s to u_s of each stratum's share p_s: of one stratum it is Wilson's.
    Pointwise: a whole profile lies in its band less often than each of its points.

    Simulated for 1 to 8 strata of 6 to 20 runs of which shares of 0.05 to 0.95 are above the
    bound, it covers with 88 to 100%; percentiles of a stratified bootstrap over runs with 26 to
    95%, since six of six runs that do it leave them nothing to resample.
    Source: Zou, Huang and Zhang 2009, "A note on confidence interval estimation for a linear
    function of binomial proportions", with Wilson's intervals.

    >>> interval = share_above([[0.0, 1.0, 1.0, 1.0, 0.1, 1.0]], bound=0.5)
    >>> interval.n, round(interval.mean, 3), round(interval.low, 2), round(interval.high, 2)
    (6, 0.667, 0.3, 0.9)
    """
    rates = [wilson(sum(value > bound for value in values), len(values)) for values in strata]
    shares = [rate.successes / rate.n for rate in rates]
    below = [(share - rate.low) ** 2 for share, rate in zip(shares, rates, strict=True)]
    above = [(rate.high - share) ** 2 for share, rate in zip(shares, rates, strict=True)]
    mean, count = float(np.mean(shares)), len(strata)
    low, high = (
        max(0.0, mean - math.sqrt(sum(below)) / count),
        min(1.0, mean + math.sqrt(sum(above)) / count),
    )
    return Interval(sum(map(len, strata)), mean, low, high)


def stratified_mean(strata: Sequence[Sequence[float]]) -> Interval:
    """The mean over strata of their means, with the 2.5 and 97.5 percentiles of a bootstrap that
    draws runs anew within each stratum (`scipy.stats.bootstrap`).

    Without ends for fewer than `MANY_STRATA` strata of `MANY_RUNS` runs: simulated for scores that
    are 0 or 1 with probabilities of 0.05 to 0.95, it covers with 90 to 95% from there on, and with
    as little as 26% below.
    Source: Agarwal et al. 2021, section 4.1 (stratified bootstrap).
    """
    samples = [np.asarray(values, np.float64) for values in strata]
    mean, runs = float(np.mean([values.mean() for values in samples])), sum(map(len, samples))
    if len(samples) < MANY_STRATA or min(map(len, samples)) < MANY_RUNS:
        return Interval(runs, mean, None, None)
    from scipy.stats import bootstrap  # half a second, which few studies need

    def statistic(*drawn: Array, axis: int = -1) -> Any:
        return np.mean([values.mean(axis=axis) for values in drawn], axis=0)

    ends = bootstrap(
        samples, statistic, n_resamples=RESAMPLES, vectorized=True, confidence_level=LEVEL,
        method="percentile", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return Interval(runs, mean, float(ends.low), float(ends.high))
