"""The lengths of the next round lie where most is to be learned, and no run is made twice."""

import math

import numpy as np
import pytest
from scipy.special import expit

from rnnexp.results.l50 import L50, Outcomes, Posterior
from rnnexp.results.next_lengths import LengthPlan

Learns = dict[int, list[bool]]


def posterior(learned: Learns) -> Posterior:
    lengths = sorted(learned)
    seeds = range(len(learned[lengths[0]]))
    return Posterior(Outcomes(lengths, {s: [learned[n][s] for n in lengths] for s in seeds}))


def counts(**by_length: int) -> Posterior:
    """Of six seeds so many at each length, `n5=6`."""
    return posterior(
        {int(key[1:]): [s < count for s in range(6)] for key, count in by_length.items()}
    )


def test_between_what_all_learn_and_what_none_learns() -> None:
    plan = LengthPlan([5, 20, 80])
    assert plan.next([counts(n5=6, n20=0, n80=0)], [5, 20, 80]) == [10]
    (length,) = plan.next([counts(n5=6, n20=6, n80=0)], [5, 20, 80])
    assert 34 <= length <= 48


def test_each_budget_has_its_own_and_shared_ones_are_made_once() -> None:
    plan = LengthPlan([5, 20, 80])
    low, high = counts(n5=6, n20=0, n80=0), counts(n5=6, n20=6, n80=0)
    assert len(plan.next([low, high], [5, 20, 80])) == 2
    assert plan.next([low, low], [5, 20, 80]) == [10]
    assert len(LengthPlan([5, 20, 80], each=2).next([low, low], [5, 20, 80])) == 2


def test_a_line_ends_once_it_is_precise_or_nothing_is_left_to_try() -> None:
    found = counts(n5=6, n10=6, n12=0, n20=0, n80=0)
    assert found.l50.factor < 1.5
    assert LengthPlan([5, 20, 80]).next([found], [5, 10, 12, 20, 80]) == []
    plan = LengthPlan([5, 20, 80], precise=1.01)
    assert plan.next([found], [5, 10, 12, 20, 80]) == []  # 10 and 12 are neighbours


def test_beyond_the_ends_nothing_is_chosen() -> None:
    plan = LengthPlan([5, 20, 80])
    above, below = counts(n5=6, n20=6, n80=6), counts(n5=0, n20=0, n80=0)
    for found in (above, below):
        assert all(5 < n < 80 for n in plan.next([found], [5, 20, 80]))


def test_all_lengths_lie_between_the_ends_of_the_first_round() -> None:
    lengths = LengthPlan([5, 20, 80]).lengths
    assert (lengths[0], lengths[-1]) == (5, 80)
    assert {5, 20, 80} <= set(lengths)
    steps = np.diff(np.log(lengths))
    assert steps.max() < math.log(1.26)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([5],), "first must be two whole numbers from 1 on or more, ascending"),
        (([5, 5],), "first must be two"),
        (([20, 5],), "first must be two"),
        (([0, 5],), "first must be two"),
        (([5, "a"],), "first must be two"),
        (([5, 10], 0), "rounds must be a whole number from 1 on"),
        (([5, 10], 2, 0), "each must be a whole number from 1 on"),
        (([5, 10], 2, 1, 1.0), "precise must be a factor greater than 1"),
        (([5, 10], 2, 1, "x"), "precise must be a factor greater than 1"),
    ],
)
def test_plans_that_are_none(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LengthPlan(*arguments)  # type: ignore[arg-type]


def study(
    plan: LengthPlan, planted: float, slope: float, generator: np.random.Generator
) -> tuple[L50, int]:
    """What a study of six seeds finds, and at how many lengths."""
    learned: Learns = {}
    lengths = list(plan.first)
    for _ in range(plan.rounds):
        for n in lengths:
            share = expit(slope * math.log(planted / n))
            learned[n] = [bool(lucky < share) for lucky in generator.random(6)]
        lengths = plan.next([posterior(learned)], learned)
    return posterior(learned).l50, len(learned)


@pytest.mark.slow
def test_chosen_lengths_say_more_than_as_many_spread_evenly() -> None:
    """And the interval covers what was planted as often."""
    generator = np.random.default_rng(0)
    plans = {
        "chosen": LengthPlan([5, 20, 80], rounds=3, each=2, precise=1.01),
        "even": LengthPlan([5, 8, 13, 20, 32, 50, 80], rounds=1),
    }
    widths, covered, tried = {}, {}, {}
    for name, plan in plans.items():
        found = []
        for planted in np.exp(generator.uniform(np.log(6), np.log(70), size=30)):
            found.append((planted, *study(plan, float(planted), 10.0, generator)))
        widths[name] = float(np.median([l50.factor for _, l50, _ in found]))
        covered[name] = np.mean(
            [(l50.low or 0) <= at <= (l50.high or math.inf) for at, l50, _ in found]
        )
        tried[name] = np.mean([lengths for *_, lengths in found])
    assert tried["chosen"] <= tried["even"]
    assert widths["chosen"] < 0.95 * widths["even"]
    assert min(covered.values()) >= 0.93, covered
