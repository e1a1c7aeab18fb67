"""A score over few seeds: its interval, or the seeds one by one where none would cover.

A score that is solved or not takes two values. Where three seeds have 1, 1 and 0.5 no interval over
them covers the mean: simulated, of seeds that solve a task with a probability of 0.3 to 0.9 and
else stay at chance, the t-interval over three covers it with 27 to 76%, over five with 41 to 94%.
What three seeds do say is the rate of those that solved it (`wilson`), and each seed's score.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rnnexp.results.statistics import ROUNDING, UNBOUNDED, Bounds, Interval, t_interval
from rnnexp.scores import Score

#: Scores lie in two bunches where a gap between neighbours is at least this share of the way from
#: chance to perfect ...
GAP = 0.25
#: ... and so many times as wide as either bunch.
WIDER = 2.0

#: What an interval over seeds is of.
INTERVAL = (
    "95% interval: a t-interval over seeds, within the bounds of the score; it is about seeds that "
    "do as these did, and the rate about how many do"
)

#: Why a table shows seeds one by one.
ONE_BY_ONE = (
    "seeds one by one: of a task that is solved or not, and of scores in two bunches, no interval "
    "over so few seeds covers the mean"
)


def over_seeds(values: Sequence[float], score: Score, solvable: bool = False) -> Interval:
    """The mean with its t-interval within the score's bounds, or the seeds one by one.

    solvable: the values are of a task that is solved or not, so that they are shown one by one
    even where all seeds did the same: that three of three solved it says little of the fourth.
    """
    return one_by_one(t_interval(values, score.bounds), values, solvable or bunched(values, score))


def one_by_one(interval: Interval, values: Sequence[float], apart: bool) -> Interval:
    """`interval`; where the values lie `apart`, without its ends, with the values in their place.

    Values that are all alike say so, and are not repeated.
    """
    if not apart or interval.n < 2 or interval.alike:
        return interval
    return replace(interval, low=None, high=None, apart=tuple(values))


def bunched(values: Sequence[float], score: Score) -> bool:
    """Whether scores lie in two bunches, `GAP` apart and more.

    False where the score has no chance level or no perfect value, which are its measure. Simulated
    for 3, 5 and 10 seeds that differ normally: with a standard deviation of a tenth of the way
    from chance to perfect, fewer than 5% are taken for two bunches. Of seeds at chance and at
    perfect, each with a standard deviation of 0.02, all are where both are there.
    """
    skills = sorted(skill for value in values if (skill := score.skill(value)) is not None)
    if len(skills) < 2:
        return False
    gaps = np.diff(skills)
    widest = int(gaps.argmax())
    spread = max(skills[widest] - skills[0], skills[-1] - skills[widest + 1])
    return bool(gaps[widest] >= max(GAP, WIDER * spread))


def of_differences(bounds: Bounds) -> Bounds:
    """The bounds of the difference of two numbers that have `bounds`."""
    width = bounds[1] - bounds[0]
    return UNBOUNDED if np.isinf(width) else (-width, width)


def over_common_seeds(
    a: Mapping[int, float], b: Mapping[int, float], score: Score, solvable: bool = False
) -> Interval | None:
    """b - a over the seeds that both have; one by one where the scores of either are."""
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return None
    differences = [
        0.0 if math.isclose(a[seed], b[seed], rel_tol=ROUNDING) else b[seed] - a[seed]
        for seed in seeds
    ]
    apart = solvable or any(bunched([side[seed] for seed in seeds], score) for side in (a, b))
    return one_by_one(t_interval(differences, of_differences(score.bounds)), differences, apart)
