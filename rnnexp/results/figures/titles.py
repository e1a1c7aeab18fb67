"""What a title may say is seen: no more than whole intervals have."""

from collections.abc import Mapping, Sequence

from rnnexp.results.statistics import Interval
from rnnexp.scores import Score


def ahead(score: Score, intervals: Mapping[str, Interval]) -> str | None:
    """The one whose whole interval is better than the whole intervals of all others; None where
    there is none, or one has no interval.

    Two that do not overlap differ at less than 5%; it is no test corrected for how many there are.

    >>> from rnnexp.scores import ACCURACY
    >>> a, b = Interval(5, 0.9, 0.85, 0.95), Interval(5, 0.6, 0.5, 0.7)
    >>> ahead(ACCURACY, {"LSTM": a, "RNN": b}), ahead(ACCURACY, {"LSTM": a, "RNN": a})
    ('LSTM', None)
    """
    ends = {label: interval.ends for label, interval in intervals.items()}
    known = {label: values for label, values in ends.items() if values is not None}
    if len(known) < len(intervals) or len(known) < 2:
        return None
    sign = 1.0 if score.better == "high" else -1.0
    worst = {label: min(sign * end for end in values) for label, values in known.items()}
    best = {label: max(sign * end for end in values) for label, values in known.items()}
    first = max(worst, key=lambda label: worst[label])
    if all(best[label] < worst[first] for label in known if label != first):
        return first
    return None


def counted(count: int, of: int, what: str) -> str:
    """How many of the lines of a figure do something.

    >>> counted(3, 3, "settings"), counted(0, 3, "settings"), counted(2, 3, "settings")
    ('all 3 settings', 'none of 3 settings', '2 of 3 settings')
    """
    if count == of:
        return f"all {of} {what}" if of > 1 else what
    return f"{count or 'none'} of {of} {what}"


def span(values: Sequence[int]) -> str:
    """`6`, or `3 to 6`."""
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"
