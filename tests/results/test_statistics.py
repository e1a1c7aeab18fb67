"""Intervals and rates against tables, closed forms and simulation."""

import bisect
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from rnnexp.results.statistics import (
    POSITIVE,
    SHARE,
    UNBOUNDED,
    Bounds,
    Rate,
    example_interval,
    log_interval,
    median_interval,
    t_interval,
    wilson,
)
from rnnexp.scores import ACCURACY, GUESSES, MSE, Score, guessing, guessing_share

#: Draws of n numbers.
Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]


def test_t_interval_and_deviation() -> None:
    """t(0.975, 2) = 4.302653; mean 2, s 1: 2 ± 4.302653/√3."""
    found = t_interval([1.0, 2.0, 3.0])
    assert (found.n, found.mean, found.deviation) == (3, 2.0, 1.0)
    half = 4.302653 / math.sqrt(3)
    assert found.ends == pytest.approx([2 - half, 2 + half], rel=1e-6)
    alone = t_interval([0.7])
    assert (alone.ends, alone.deviation, alone.alike) == (None, None, False)


def test_ends_stay_within_the_bounds_and_the_mean_is_kept() -> None:
    """By the delta method: logit(m) ± t s / (√n m (1-m)), and ln m ± t s / (√n m)."""
    values = [0.99, 0.999, 0.95]
    mean, error = float(np.mean(values)), float(stats.sem(values))
    assert mean + 4.302653 * error > 1
    step = 4.302653 * error / (mean * (1 - mean))
    logit = math.log(mean / (1 - mean))
    expected = [1 / (1 + math.exp(-(logit + sign * step))) for sign in (-1, 1)]
    found = t_interval(values, SHARE)
    assert found.mean == mean
    assert found.ends == pytest.approx(expected, rel=1e-6)
    # ten times as large between 0 and 10: the same, ten times as large
    tenfold = t_interval([10 * value for value in values], (0.0, 10.0))
    assert tenfold.ends == pytest.approx([10 * end for end in expected], rel=1e-6)

    errors = [0.001, 0.002, 0.009]
    mean, error = float(np.mean(errors)), float(stats.sem(errors))
    factor = math.exp(4.302653 * error / mean)
    expected = [mean / factor, mean * factor]
    assert t_interval(errors, POSITIVE).ends == pytest.approx(expected, rel=1e-6)
    mirrored = t_interval([-value for value in errors], (-math.inf, 0.0))
    assert mirrored.ends == pytest.approx([-expected[1], -expected[0]], rel=1e-6)


def test_ends_next_to_a_bound() -> None:
    for values, bounds in (([1.0, 1.0 - 1e-9, 1.0], SHARE), ([0.0, 5e-324], POSITIVE)):
        found = t_interval(values, bounds)
        assert found.low is not None
        assert found.high is not None
        assert bounds[0] <= found.low <= found.mean <= found.high <= bounds[1]
    # a bound that a value breaks is none
    assert t_interval([0.5, 1.5], SHARE).ends == t_interval([0.5, 1.5], POSITIVE).ends


def test_values_that_are_all_alike_have_no_interval() -> None:
    found = t_interval([0.61, 0.61 + 1e-16, 0.61], SHARE)  # but for rounding
    assert (found.mean, found.ends, found.deviation, found.alike) == (0.61, None, 0.0, True)


def covered(draw: Draw, mean: float, n: int, bounds: Bounds, repeats: int = 1000) -> float:
    """How often the interval of n such numbers covers their mean."""
    generator = np.random.default_rng(0)
    intervals = [t_interval(draw(generator, n).tolist(), bounds).ends for _ in range(repeats)]
    return sum(low <= mean <= high for low, high in filter(None, intervals)) / repeats


def beta(mean: float, weight: float) -> Draw:
    return lambda generator, n: generator.beta(mean * weight, (1 - mean) * weight, n)


def lognormal(sigma: float) -> Draw:
    return lambda generator, n: generator.lognormal(0, sigma, n)


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize(
    ("draw", "mean", "bounds", "at_least", "plain"),
    [  # the last: at most this without a scale
        (beta(0.5, 400), 0.5, SHARE, 0.92, 1.0),
        (beta(0.9, 60), 0.9, SHARE, 0.92, 1.0),
        (beta(0.99, 200), 0.99, SHARE, 0.92, 0.94),
        (beta(0.99, 60), 0.99, SHARE, 0.90, 0.90),
        (lognormal(0.5), math.exp(0.125), POSITIVE, 0.92, 0.94),
        (lognormal(1.0), math.exp(0.5), POSITIVE, 0.865, 0.86),
    ],
)
def test_an_interval_over_seeds_covers_as_its_docstring_says(
    draw: Draw, mean: float, bounds: Bounds, at_least: float, plain: float, n: int
) -> None:
    """The bounds leave three standard errors of a thousand repetitions."""
    assert at_least <= covered(draw, mean, n, bounds) <= 0.97
    assert covered(draw, mean, n, UNBOUNDED) <= plain


@pytest.mark.parametrize(
    ("n", "chi_squared", "very_skewed"),
    [(5, 0.87, 0.75), (20, 0.88, 0.76), (50, 0.90, 0.80), (200, 0.91, 0.86), (2000, 0.92, 0.90)],
)
def test_an_interval_over_examples_covers_skewed_errors(
    n: int, chi_squared: float, very_skewed: float
) -> None:
    """As its docstring says, less three standard errors of 600 repetitions."""
    draws: list[tuple[Draw, float, float]] = [
        (lambda generator, count: generator.chisquare(1, count), 1.0, chi_squared),
        (lognormal(1.5), math.exp(1.125), very_skewed),
    ]
    for draw, mean, at_least in draws:
        assert at_least <= covered(draw, mean, n, POSITIVE, 600) <= 0.98


def test_log_interval_is_a_geometric_mean() -> None:
    assert log_interval([1e-4, 1e-2]).mean == pytest.approx(1e-3)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 31, 2000])
def test_wilson_is_scipys(n: int) -> None:
    for successes in range(n + 1) if n < 100 else (0, 1, 1400, 1999, 2000):
        found = wilson(successes, n)
        expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
        assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-15)


def test_an_interval_over_examples() -> None:
    right = (np.arange(2000) % 10 < 7).astype(np.float32)
    rate = wilson(1400, 2000)
    assert example_interval(right, SHARE) == (rate.low, rate.high)
    assert rate.high - rate.low == pytest.approx(2 * 1.96 * math.sqrt(0.7 * 0.3 / 2000), rel=1e-3)
    errors = np.linspace(0, 1, 50) ** 4
    found = t_interval(errors.tolist(), POSITIVE)
    assert example_interval(errors, POSITIVE) == (found.low, found.high)
    for nothing in ([0.25, 0.25], [0.25], [0.5, math.inf], [math.nan, 1.0]):
        assert example_interval(nothing, POSITIVE) == (None, None)


def test_the_median_interval_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    for n, level in ((3, 0.75), (5, 0.9375), (6, 0.96875), (12, 0.9614)):
        covered = 0
        for _ in range(2000):
            found = median_interval(generator.exponential(size=n).tolist())
            assert found.level == pytest.approx(level, abs=1e-4)
            assert found.low is not None
            assert found.high is not None
            covered += found.low <= math.log(2) <= found.high
        assert covered / 2000 == pytest.approx(level, abs=0.02)


def test_the_median_interval_covers_at_least_as_often_on_the_lengths_of_a_sweep() -> None:
    """Planted lengths, lognormal, of which the longest of the sweep that is no longer is seen."""
    generator = np.random.default_rng(0)
    sweep = np.array([-1, 5, 10, 20, 40, 80])

    def seen(n: int) -> npt.NDArray[np.int64]:
        lengths = generator.lognormal(math.log(15), 0.5, n)
        return sweep[np.searchsorted(sweep, lengths, side="right") - 1]

    median = float(np.median(seen(100_001)))
    for n, level in ((3, 0.75), (5, 0.9375)):
        intervals = [median_interval(seen(n).tolist()) for _ in range(1000)]
        share = np.mean([i.low is not None and i.low <= median <= (i.high or 0) for i in intervals])
        assert share >= level - 0.02


def test_the_median_is_one_of_the_values() -> None:
    assert median_interval([1, 2, 4, 8]).median == 2
    assert median_interval([5]).low is None


@pytest.mark.parametrize(
    ("interval", "chance", "perfect", "expected"),
    [
        ((0.56, 0.60), 0.5, 1.0, True),
        ((0.54, 0.60), 0.5, 1.0, False),  # a skill of 0.08 at its lower end
        ((0.10, 0.14), 1 / 6, 0.0, True),
        ((0.10, 0.16), 1 / 6, 0.0, False),
        ((0.20, 0.30), 1 / 6, 0.0, False),
    ],
)
def test_beating_chance(
    interval: tuple[float, float], chance: float, perfect: float, expected: bool
) -> None:
    score = Score("score", "high" if perfect > chance else "low", "score", False, False, perfect)
    assert replace(score, chance=chance).beats_chance(interval) is expected


def beats(score: Score, rate: Rate) -> bool:
    return score.beats_chance((rate.low, rate.high))


def test_guessing_does_not_beat_chance() -> None:
    """No more often than `GUESSES` says: of coins exactly, of a constant answer by simulation."""
    for examples in (*GUESSES, 2, 4, 5, 6, 8, 30, 2000):
        for sides in (2, 3, 4, 10):
            score = replace(ACCURACY, chance=1 / sides)
            needed = bisect.bisect_left(  # so many right answers
                range(examples + 1), True, key=lambda right: beats(score, wilson(right, examples))
            )
            assert stats.binom.sf(needed - 1, examples, 1 / sides) <= guessing_share(examples)
    generator = np.random.default_rng(0)
    adding = replace(MSE, chance=1 / 6)
    for examples in (2, 4, 20, 100, 500):
        repeats = 1000 if examples <= 20 else 300
        passed = [
            adding.beats_chance(example_interval(errors, adding.bounds))
            for errors in (generator.random((repeats, 2, examples)).sum(axis=1) - 1) ** 2
        ]
        most = guessing_share(examples)
        assert np.mean(passed) <= most + 3 * math.sqrt(most / repeats)


def test_a_small_test_set_is_told_of() -> None:
    assert guessing(60).endswith("in up to 1% of runs")
    assert guessing(3).endswith("in up to 6% of runs")
    assert guessing(2000) == ""


def test_a_perfect_score_on_few_examples_is_not_certain() -> None:
    assert example_interval(np.ones(3), SHARE) == pytest.approx((0.4385, 1.0), abs=1e-3)  # Wilson's
    assert example_interval(np.zeros(3), SHARE)[1] == pytest.approx(1 - 0.4385, abs=1e-3)
    assert not replace(ACCURACY, chance=0.5).beats_chance((None, 0.9))
