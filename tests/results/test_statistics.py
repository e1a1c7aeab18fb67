"""Intervals, rates and comparisons against tables, closed forms and simulation."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rnnexp.results.statistics import (
    bootstrap_interval,
    log_interval,
    median_interval,
    paired,
    t_interval,
    wilson,
)
from rnnexp.scores import ACCURACY, Score


def test_t_interval_and_deviation() -> None:
    """t(0.975, 2) = 4.302653; mean 2, s 1: 2 ± 4.302653/√3."""
    found = t_interval([1.0, 2.0, 3.0])
    assert (found.n, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert found.half_width == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert found.ends == [found.low, found.high]
    alone = t_interval([0.7])
    assert (alone.half_width, alone.deviation, alone.ends) == (None, None, None)


def test_log_interval_is_a_geometric_mean() -> None:
    assert log_interval([1e-4, 1e-2]).mean == pytest.approx(1e-3)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 10), (1, 3)])
def test_wilson_by_its_formula(k: int, n: int) -> None:
    """(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    z, p = float(stats.norm.ppf(0.975)), k / n
    middle, root = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = wilson(k, n)
    assert found.low == pytest.approx(max((middle - root) / (1 + z * z / n), 0), abs=1e-12)
    assert found.high == pytest.approx(min((middle + root) / (1 + z * z / n), 1), abs=1e-12)


def test_bootstrap_of_a_mean_is_that_of_theory() -> None:
    scores = (np.arange(2000) % 10 < 7).astype(np.float32)
    low, high = bootstrap_interval(scores)
    half = 1.96 * math.sqrt(0.7 * 0.3 / 2000)
    assert low == pytest.approx(0.7 - half, abs=0.002)
    assert high == pytest.approx(0.7 + half, abs=0.002)
    assert bootstrap_interval(scores) == (low, high)  # the same every time
    assert bootstrap_interval([0.25, 0.25]) == (0.25, 0.25)
    assert all(map(math.isnan, bootstrap_interval([0.25])))


def test_paired_difference_and_its_exact_p() -> None:
    a = {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4, 7: 9.0}
    b = {0: 0.3, 1: 0.35, 2: 0.45, 3: 0.35, 9: 9.0}
    found = paired(a, b)
    assert found is not None
    assert found.seeds == [0, 1, 2, 3]
    assert found.left_out == [7, 9]
    differences = [b[s] - a[s] for s in found.seeds]
    assert found.difference.mean == pytest.approx(np.mean(differences))
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert found.difference.ends == pytest.approx([expected.low, expected.high])
    flips = [
        abs(np.mean(np.array(signs) * differences))
        for signs in itertools.product([1, -1], repeat=4)
    ]
    extreme = sum(f >= abs(found.difference.mean) - 1e-12 for f in flips) / 16
    assert found.p == pytest.approx(extreme)


def test_few_seeds_say_little() -> None:
    one = paired({0: 1.0}, {0: 2.0})
    assert one is not None
    assert (one.p, one.difference.ends) == (None, None)
    three = paired(dict.fromkeys(range(3), 0.0), {0: 1.0, 1: 1.1, 2: 0.9})
    assert three is not None
    assert three.p == pytest.approx(0.25)
    assert paired({0: 1.0}, {1: 1.0}) is None


def test_the_median_interval_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    for n, level in ((3, 0.75), (5, 0.9375), (6, 0.96875), (12, 0.9614)):
        covered = 0
        for _ in range(4000):
            found = median_interval(generator.exponential(size=n).tolist())
            assert found.level == pytest.approx(level, abs=1e-4)
            assert found.low is not None
            assert found.high is not None
            covered += found.low <= math.log(2) <= found.high
        assert covered / 4000 == pytest.approx(level, abs=0.015)


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


def test_guessing_does_not_beat_chance() -> None:
    """Ten thousand coins of two thousand tosses: none of their intervals shows a skill of 0.1."""
    generator = np.random.default_rng(0)
    share = generator.binomial(2000, 0.5, size=10_000) / 2000
    low = share - 1.96 * np.sqrt(share * (1 - share) / 2000)
    score = replace(ACCURACY, chance=0.5)
    assert not any(score.beats_chance((x, 1.0)) for x in low)
    assert score.skill(0.5) == 0.0


def test_a_perfect_score_on_few_examples_is_not_certain() -> None:
    assert bootstrap_interval(np.ones(3)) == pytest.approx((0.4385, 1.0), abs=1e-3)  # Wilson's
    assert bootstrap_interval(np.zeros(3))[1] == pytest.approx(1 - 0.4385, abs=1e-3)
    assert all(math.isnan(end) for end in bootstrap_interval([0.5, math.inf]))
    assert not replace(ACCURACY, chance=0.5).beats_chance((None, 0.9))
