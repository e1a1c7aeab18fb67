"""What tests of one network at several lengths say: its scores by length, and how far they hold.

A network is tested at a few lengths, so that how far its score holds is known to lie between two of
them: it held at the one and failed at the next. Of several seeds the median lies between the same
order statistics of what they held and of where they failed. Never imports torch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rnnexp.results.over_seeds import over_seeds
from rnnexp.results.statistics import Interval, median_interval, t_interval
from rnnexp.results.study_run import StudyRun
from rnnexp.results.summary import Summary
from rnnexp.scores import Score


@dataclass(frozen=True)
class ScoreAt:
    """The headline of one run at one length.

    value: None where it was not finite. ends: of its 95% interval over test examples.
    score: with the chance level of that length.
    """

    value: float | None
    ends: tuple[float | None, float | None]
    score: Score

    def verdict(self, skill: float) -> bool | None:
        """Whether it has more than that skill: None where its interval over test examples, which
        must lie above or below as a whole, has some of both.

        A score that was not finite has no skill. One without an interval is taken as it is.
        """
        if self.value is None:
            return False
        ends = [self.value if end is None else end for end in self.ends]
        skills = [shown for end in ends if (shown := self.score.skill(end)) is not None]
        if len(skills) < len(ends):
            return None
        if all(shown > skill for shown in skills):
            return True
        return None if any(shown > skill for shown in skills) else False

    @property
    def interval(self) -> Interval | None:
        """None where it was not finite."""
        return None if self.value is None else Interval(1, self.value, *self.ends)

    @classmethod
    def of(
        cls, value: float | None, ends: Sequence[float | None] | None, score: Score
    ) -> "ScoreAt":
        low, high = ends or (None, None)
        return cls(value, (low, high), score)


def trained_lengths(summary: Summary) -> tuple[int, int] | None:
    """Shortest and longest length that it was trained on; None without `data.train_lengths`.

    The curriculum that is `fixed` trains at the longest alone, which is then both.
    """
    lengths = summary.data_report.get("train_lengths")
    if not isinstance(lengths, list | tuple) or len(lengths) != 2:
        return None
    shortest, longest = (int(length) for length in lengths)
    return (longest if summary.data_report.get("curriculum") == "fixed" else shortest), longest


def distance_offset(summary: Summary) -> int | None:
    """Steps by which the distance of what is asked for is shorter than the length.

    None where a longer sequence is no greater distance, or where nobody knows: then the axis is the
    length.
    """
    distance = summary.data_report.get("distance")
    return 1 if distance is not None and distance == (summary.seq_len or 0) - 1 else None


def scores_by_length(summary: Summary) -> dict[int, ScoreAt]:
    """The headline at each length tested, `seq_len` among them, the shortest first.

    Nothing of a run without a test, as one that diverged.
    """
    score, own = summary.score(), int(summary.seq_len or 0)
    if score is None or summary.test is None:
        return {}
    name = score.name
    scores = {
        int(length): ScoreAt.of(
            at.test.get(name),
            at.test_interval.get(name),
            replace(score, chance=at.chance.get(name)),
        )
        for length, at in summary.at_lengths.items()
        if name in at.test  # an earlier version knew fewer scores
    }
    intervals = summary.test_interval or {}
    scores[own] = ScoreAt.of(summary.test.get(name), intervals.get(name), score)
    return dict(sorted(scores.items()))


def interval_over(runs: Sequence[StudyRun], scores: Sequence[ScoreAt]) -> Interval | None:
    """Over the runs whose scores these are; of one run that over its test examples.

    None where one of them was not finite, as a network can overflow on longer sequences: a mean of
    the others would say nothing of it.
    """
    values = [at.value for at in scores if at.value is not None]
    if not values or len(values) < len(scores):
        return None
    if len(values) == 1:
        return scores[0].interval
    if scores[0].score.name not in runs[0].summary.scores:
        return t_interval(values)
    return over_seeds(values, scores[0].score, runs[0].summary.solved_at is not None)


# -- how far ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """How far a score holds, from the first of the places at which it was tested.

    held: the last place up to which it held at every one; None: not at the first.
    failed: the first place at which it was shown not to hold; None: at none of them.
    again: places behind one at which it was not shown to hold, at which it did.
    """

    held: float | None
    failed: float | None
    again: tuple[float, ...] = ()

    @classmethod
    def of(cls, holds: Mapping[int, bool | None]) -> "Reach":
        """holds: whether it held at each place; None where the test does not say.

        >>> Reach.of({5: True, 10: True, 20: False, 40: True})
        Reach(held=10, failed=20, again=(40,))
        >>> Reach.of({5: True, 10: None, 20: False})
        Reach(held=5, failed=20, again=())
        """
        places = sorted(holds)
        end = next((place for place in places if not holds[place]), math.inf)
        held = max((place for place in places if place < end), default=None)
        failed = next((place for place in places if holds[place] is False), None)
        return cls(held, failed, tuple(place for place in places if place > end and holds[place]))

    def over(self, unit: float) -> "Reach":
        """The same as a multiple of `unit`."""
        held, failed = (None if end is None else end / unit for end in (self.held, self.failed))
        return Reach(held, failed, tuple(place / unit for place in self.again))


#: How far the score of the median seed holds, in the words of a table's notes.
MEDIAN_REACH = (
    "a seed holds somewhere between the last place where it did and the next tested, so the median "
    "over seeds lies between order statistics of the two (in brackets: how often such an interval "
    "covers it)"
)


@dataclass(frozen=True)
class MedianReach:
    """The median of how far the seeds' scores hold, which is known between tested places alone.

    middle: the reach of the seed in the middle (of an even number the lower one).
    low, high: an interval of the median; low None: below the first place tested, high None: beyond
        the last. Both are those of the seed itself where there is one alone, which has no level.
    level: how often such an interval covers the median of all seeds, at least: below 95% for fewer
        than six seeds, of which it is the whole range.
    """

    n: int
    middle: Reach
    low: float | None
    high: float | None
    level: float | None

    @classmethod
    def of(cls, reaches: Sequence[Reach]) -> "MedianReach":
        """
        The true reach of a seed lies between `held` and `failed`, so that the k-th smallest of the
        true ones is no smaller than that of the `held` and no greater than that of the `failed`:
        the interval covers the median at least as often as order statistics of the true ones would
        (`median_interval`), however coarse the places are.
        """
        held = [-math.inf if reach.held is None else reach.held for reach in reaches]
        failed = [math.inf if reach.failed is None else reach.failed for reach in reaches]
        below, above = median_interval(held), median_interval(failed)
        low = below.median if below.low is None else below.low
        high = above.median if above.high is None else above.high
        return cls(
            len(reaches),
            Reach(_finite(below.median), _finite(above.median)),
            _finite(low),
            _finite(high),
            below.level,
        )

    def as_json(self) -> dict[str, Any]:
        """held null: below the first tested; failed null: beyond the last tested."""
        return {
            "seeds": self.n,
            "held": self.middle.held,
            "failed": self.middle.failed,
            "interval": [self.low, self.high],
            "coverage": self.level,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def reach_in_words(reach: Reach, first: float, sign: str = "") -> str:
    """
    first: the first place tested. sign: of the unit, behind the number.

    >>> reach_in_words(Reach(10, 20), 5), reach_in_words(Reach(2560, None), 5)
    ('10', '2,560 or more')
    >>> reach_in_words(Reach(None, 5), 5), reach_in_words(Reach(2.5, None), 1, "×")
    ('below 5', '2.5× or more')
    >>> reach_in_words(Reach(None, 10), 5)
    'not shown at 5'
    """
    if reach.held is None:
        known = reach.failed is not None and reach.failed <= first
        return f"below {number(first)}{sign}" if known else f"not shown at {number(first)}{sign}"
    return f"{number(reach.held)}{sign}" + (" or more" if reach.failed is None else "")


def interval_in_words(median: MedianReach, ends: tuple[float, float], sign: str = "") -> str:
    """`10 to 40 (94%)`; of one seed what is known of it, without a level.

    ends: the first and the last place tested.

    >>> interval_in_words(MedianReach.of([Reach(1280, None)]), (5, 2560))
    '1,280 to beyond 2,560'
    """
    first, last = (f"{number(end)}{sign}" for end in ends)
    low = f"below {first}" if median.low is None else f"{number(median.low)}{sign}"
    high = f"beyond {last}" if median.high is None else f"{number(median.high)}{sign}"
    level = "" if median.level is None else f" ({median.level:.0%})"
    return f"{low} to {high}{level}"


def number(value: float) -> str:
    """
    >>> number(2560), number(2.5), number(1 / 3)
    ('2,560', '2.5', '0.333')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"
