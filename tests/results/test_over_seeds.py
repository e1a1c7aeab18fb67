"""When seeds are shown one by one, by simulation."""

from dataclasses import replace

import numpy as np
import pytest

from rnnexp.results.over_seeds import bunched, of_differences, over_common_seeds, over_seeds
from rnnexp.results.statistics import SHARE, UNBOUNDED, t_interval
from rnnexp.scores import ACCURACY, MSE, Score

COIN = replace(ACCURACY, chance=0.5)


def test_a_score_that_is_solved_or_not_is_shown_seed_by_seed() -> None:
    adding = replace(MSE, chance=1 / 6)
    errors = [0.001, 0.0012, 0.0009]
    assert over_seeds(errors, adding).ends == t_interval(errors, (0.0, np.inf)).ends
    found = over_seeds(errors, adding, solvable=True)
    assert (found.ends, found.apart, found.alike) == (None, tuple(errors), False)
    # seeds that are all the same are said to be, and not listed
    alike = over_seeds([1.0, 1.0, 1.0], COIN, solvable=True)
    assert (alike.apart, alike.alike) == ((), True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 1.0], True),
        ([0.52, 0.54, 0.80], True),  # one seed has learned
        ([0.58, 0.70, 0.75], False),
        ([0.5, 0.65, 0.8], False),  # spread out evenly
        ([0.98, 0.99, 0.999], False),
        ([0.7], False),
    ],
)
def test_two_bunches(values: list[float], expected: bool) -> None:
    assert bunched(values, COIN) is expected
    # what has no chance level has no measure of it
    assert not bunched(values, ACCURACY)


def test_what_a_mixture_of_solved_and_unsolved_makes_of_a_t_interval() -> None:
    """As the docstrings say: the interval fails, the bunches are seen, and normal seeds are not."""
    generator = np.random.default_rng(0)
    for n, low, high in ((3, 0.27, 0.77), (5, 0.41, 0.95)):
        coverage = []
        for share in (0.3, 0.5, 0.7, 0.9):
            covers = 0
            for _ in range(600):
                solved = generator.random(n) < share
                values = np.where(solved, 1.0, 0.5).tolist()
                ends = t_interval(values).ends or [values[0], values[0]]
                covers += ends[0] <= 0.5 + 0.5 * share <= ends[1]
                noisy = np.where(solved, 0.98, 0.5) + 0.01 * generator.standard_normal(n)
                if 0 < solved.sum() < n:
                    assert bunched(noisy.tolist(), COIN)
            coverage.append(covers / 600)
        assert low - 0.05 <= min(coverage) <= low + 0.05
        assert high - 0.05 <= max(coverage) <= high + 0.05
    for n in (3, 5, 10):
        taken = [
            bunched((0.75 + 0.05 * generator.standard_normal(n)).tolist(), COIN)
            for _ in range(1000)
        ]
        assert np.mean(taken) <= 0.05 + 0.02


def test_differences_keep_their_bounds_and_are_shown_one_by_one_with_their_scores() -> None:
    assert of_differences(SHARE) == (-1.0, 1.0)
    assert of_differences((0.0, np.inf)) == UNBOUNDED
    a, b = {0: 0.5, 1: 0.51, 2: 0.52}, {0: 0.99, 1: 0.99, 2: 0.52}
    found = over_common_seeds(a, b, COIN)
    assert found is not None
    assert found.apart == pytest.approx((0.49, 0.48, 0.0))
    percent = Score("share", "high", "share", percent=True)  # without a chance level
    smooth = over_common_seeds({0: 0.02, 1: 0.03}, {0: 0.95, 1: 0.99}, percent)
    assert smooth is not None
    assert smooth.high is not None
    assert smooth.high <= 1.0
