"""Parts of the sentences that findings answer with: numbers and their uncertainty, in words."""

from collections.abc import Callable, Sequence

from rnnexp.results import words
from rnnexp.results.statistics import Interval
from rnnexp.results.tables import one_by_one
from rnnexp.scores import Score

#: Lines that a sentence names; of more, the first ones.
MOST_NAMED = 3

#: Answers of fewer test examples are too few for a sentence on how they err.
FEWEST_ANSWERED = 20


def seeds(n: int) -> str:
    """
    >>> seeds(1), seeds(3)
    ('one seed', '3 seeds')
    """
    return "one seed" if n == 1 else f"{n} seeds"


def with_uncertainty(score: Score, interval: Interval) -> str:
    """A score over seeds; where it has no interval, why not.

    >>> from rnnexp.scores import ACCURACY
    >>> with_uncertainty(ACCURACY, Interval(3, 0.61, 0.585, 0.635))
    '61.0% (95% interval over 3 seeds: 58.5% to 63.5%)'
    >>> with_uncertainty(ACCURACY, Interval(1, 0.61, None, None))
    '61.0% (one seed: no interval)'
    >>> with_uncertainty(ACCURACY, Interval(2, 0.7, None, None, apart=[1.0, 0.4]))
    '100.0%, 40.0% (2 seeds one by one)'
    """
    return _over_seeds(interval, score.show)


def difference(score: Score, interval: Interval) -> str:
    """A difference of scores over seeds.

    >>> from rnnexp.scores import ACCURACY
    >>> difference(ACCURACY, Interval(3, 0.2, 0.1, 0.3))
    '+20.0 points (95% interval over 3 seeds: +10.0 to +30.0)'
    """
    return _over_seeds(interval, score.signed, " points" if score.percent else "")


def _over_seeds(interval: Interval, show: Callable[[float], str], unit: str = "") -> str:
    """A mean over seeds and its interval; else the seeds one by one, or why it has none."""
    n = seeds(interval.n)
    if interval.apart:
        return f"{one_by_one(interval.apart, show)}{unit} ({n} one by one)"
    shown = f"{show(interval.mean)}{unit}"
    if interval.alike:
        return f"{shown} (all {n} alike)"
    if interval.low is None or interval.high is None:
        return f"{shown} ({n}: no interval)"
    return f"{shown} (95% interval over {n}: {show(interval.low)} to {show(interval.high)})"


def which_is_better(score: Score, interval: Interval, first: str, second: str) -> str:
    """What an interval of the difference second - first says of the two; of seeds one by one, in
    how many of them which is better.

    >>> from rnnexp.scores import ACCURACY, MSE
    >>> which_is_better(ACCURACY, Interval(3, 0.2, 0.1, 0.3), "RNN", "LSTM")
    'LSTM is better than RNN'
    >>> which_is_better(MSE, Interval(3, 0.2, 0.1, 0.3), "RNN", "LSTM")
    'RNN is better than LSTM'
    >>> which_is_better(ACCURACY, Interval(3, 0.1, -0.1, 0.3), "RNN", "LSTM")
    'Between RNN and LSTM no difference is shown'
    >>> which_is_better(ACCURACY, Interval(2, 0.1, None, None, apart=[0.3, -0.1]), "RNN", "LSTM")
    'LSTM is better than RNN in 1 of 2 seeds, worse in 1'
    >>> which_is_better(ACCURACY, Interval(3, 0.5, None, None), "RNN", "LSTM")
    'LSTM is better than RNN in 3 of 3 seeds'
    >>> which_is_better(ACCURACY, Interval(1, 0.5, None, None), "RNN", "LSTM")
    'Of one seed nothing is said of RNN and LSTM'
    """
    sign = 1 if score.better == "high" else -1
    if interval.n == 1:
        return f"Of one seed nothing is said of {first} and {second}"
    apart = interval.apart
    if interval.alike and interval.mean != 0:
        apart = [interval.mean] * interval.n
    if apart:
        better = sum(sign * value > 0 for value in apart)
        worse = sum(sign * value < 0 for value in apart)
        told = f"{second} is better than {first} in {better} of {interval.n} seeds"
        return told + (f", worse in {worse}" if worse else "")
    if interval.ends is not None and not interval.alike:
        low, high = sorted(sign * end for end in interval.ends)
        if low > 0:
            return f"{second} is better than {first}"
        if high < 0:
            return f"{first} is better than {second}"
    return f"Between {first} and {second} no difference is shown"


def listed(parts: Sequence[str]) -> str:
    """The first `MOST_NAMED`, and how many more the table has.

    >>> listed(["a", "b"]), listed(list("abcdef"))
    ('a; b', 'a; b; c; and 3 more in the table')
    """
    more = len(parts) - MOST_NAMED
    shown = "; ".join(parts[:MOST_NAMED])
    return f"{shown}; and {more} more in the table" if more > 0 else shown


def labelled(label: str, text: str) -> str:
    """`RNN, 20 steps: ...`"""
    return f"{words.label(label)}: {text}"
