"""L50 recovers what was planted, behaves where all or none learn, and its interval covers."""

import math

import numpy as np
import pytest
from scipy.special import expit

from rnnexp.results.l50 import L50, Outcomes, Posterior

LENGTHS = (5, 10, 20, 40, 80, 160)


def shared(counts: list[int], seeds: int) -> Outcomes:
    """So many of the seeds at each length, the same ones first."""
    return Outcomes(LENGTHS, {seed: [seed < count for count in counts] for seed in range(seeds)})


def l50(counts: list[int], seeds: int = 6) -> L50:
    return Posterior(shared(counts, seeds)).l50


@pytest.mark.parametrize("planted", [7.0, 13.0, 28.0, 70.0, 120.0])
def test_a_planted_l50_is_recovered_from_many_seeds(planted: float) -> None:
    generator = np.random.default_rng(0)
    learns = generator.random((200, 6)) < expit(3 * np.log(planted / np.array(LENGTHS)))
    found = Posterior(Outcomes(LENGTHS, dict(enumerate(learns.tolist())))).l50
    assert found.value == pytest.approx(planted, rel=0.08)
    assert found.low is not None
    assert found.low <= planted <= (found.high or math.inf)
    assert found.factor < 1.5


def covered(
    seeds: int, slope: float, lucky: bool, studies: int, generator: np.random.Generator
) -> float:
    """The share of studies whose interval covers an L50 that lies anywhere among the lengths.

    lucky: whether a seed's luck is the same at all lengths, and not drawn anew for each.
    """
    hits = 0
    for planted in np.exp(generator.uniform(np.log(6), np.log(130), size=studies)):
        luck = generator.logistic(size=(seeds, 1 if lucky else len(LENGTHS))) / slope
        learns = np.log(planted) + luck > np.log(LENGTHS)
        found = Posterior(Outcomes(LENGTHS, dict(enumerate(learns.tolist())))).l50
        hits += (found.low or 0) <= planted <= (found.high or math.inf)
    return hits / studies


@pytest.mark.slow
@pytest.mark.parametrize("lucky", [False, True])
@pytest.mark.parametrize("seeds", [5, 6])
def test_the_interval_covers_93_percent_or_more(seeds: int, lucky: bool) -> None:
    """Whatever the slope, and whether or not a seed is as lucky at one length as at another."""
    generator = np.random.default_rng(1)
    coverage = {k: covered(seeds, k, lucky, 40, generator) for k in (3.0, 8.0, 30.0)}
    assert float(np.mean(list(coverage.values()))) >= 0.93, coverage
    assert min(coverage.values()) >= 0.9, coverage  # of 40 studies each


def test_where_all_learn_it_lies_above_and_where_none_does_below() -> None:
    above, below = l50([6] * 6), l50([0] * 6)
    assert (above.value, above.high) == (None, None)
    assert above.low == 160
    assert str(above) == "above 160"
    assert (below.value, below.low) == (None, None)
    assert str(below) == "below 5"
    assert above.factor == below.factor == math.inf


def test_where_none_learns_beyond_what_all_learn_nothing_between_is_ruled_out() -> None:
    found = l50([6, 6, 6, 0, 0, 0])
    assert found.low is not None
    assert found.high is not None
    assert found.value == pytest.approx(math.sqrt(20 * 40), rel=0.01)
    assert found.low <= 21
    assert found.high >= 38
    assert found.factor < 2.1


def test_few_seeds_say_little_and_more_say_more() -> None:
    factors = [l50([n, n, n, 0, 0, 0], seeds=n).factor for n in (2, 4, 8)]
    assert factors == sorted(factors, reverse=True)
    assert math.isinf(l50([1, 1, 1, 0, 0, 0], seeds=1).factor)
    assert str(l50([1, 0, 1, 0, 1, 0], seeds=1)) == "not known"


def test_a_long_length_that_is_learned_where_a_short_one_is_not_widens_it() -> None:
    assert l50([6, 5, 3, 1, 2, 0]).factor > l50([6, 6, 4, 1, 0, 0]).factor


def test_lengths_may_lack_some_of_the_seeds() -> None:
    whole = shared([6, 6, 4, 1, 0, 0], 6)
    by_seed = {seed: list(row) for seed, row in whole.by_seed.items()}
    by_seed[5][0] = by_seed[5][3] = None
    found = Outcomes(LENGTHS, by_seed)
    assert found.counts == [(5, 5), (6, 6), (4, 6), (1, 5), (0, 6), (0, 6)]
    assert Posterior(found).l50.value == pytest.approx(Posterior(whole).l50.value, rel=0.15)


def test_what_says_nothing_of_l50_is_refused() -> None:
    with pytest.raises(ValueError, match="no run"):
        Posterior(Outcomes((5, 10), {0: [None, None]}))
    with pytest.raises(ValueError, match="no run"):
        Posterior(Outcomes((5, 10), {}))
    with pytest.raises(ValueError, match="lengths must be greater than 0"):
        Posterior(Outcomes((0, 10), {0: [True, False]}))


def test_the_share_that_learns_falls_and_its_band_holds_it() -> None:
    lengths = np.geomspace(3, 300, 30)
    mean, low, high = Posterior(shared([6, 6, 4, 1, 0, 0], 6)).share_learning(lengths)
    assert (np.diff(mean) <= 1e-9).all()
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert mean[0] > 0.85
    assert mean[-1] < 0.15
