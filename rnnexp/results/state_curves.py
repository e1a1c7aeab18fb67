"""Norms of states along sequences of several classes: a curve for each class. Without torch.

Shapes: N sequences, T steps, K spans of steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnexp.results.statistics import POSITIVE, Interval, t_interval

Array = npt.NDArray[np.float64]

#: Spans into which the steps are cut: a curve of each step is a thicket.
SPANS = 60
#: Classes that can be told apart in one panel; more are one curve.
MOST_CLASSES = 5


@dataclass(frozen=True)
class ClassCurve:
    """One class. steps_K: the middle of each span, counted from 1. each_NK: the mean norm of each
    sequence there, NaN behind its end. intervals: over the sequences, with their 95% t-interval;
    None where fewer than half of them go on, of which a mean would be one of other sequences.

    place: of the class among all; None where the curve is of all of them. width: steps of a span.
    """

    name: str
    place: int | None
    steps_K: Array
    each_NK: Array
    intervals: Sequence[Interval | None]
    width: int

    @classmethod
    def of(cls, name: str, place: int | None, norm_NT: Array) -> "ClassCurve":
        width = span_width(norm_NT.shape[1])
        count = -(-norm_NT.shape[1] // width)
        padded = np.full((len(norm_NT), count * width), np.nan)
        padded[:, : norm_NT.shape[1]] = norm_NT
        spans_NKW = padded.reshape(len(norm_NT), count, width)
        there_NK = (~np.isnan(spans_NKW)).sum(axis=2)
        with np.errstate(invalid="ignore"):
            each_NK = np.where(
                there_NK > 0, np.nansum(spans_NKW, axis=2) / np.maximum(there_NK, 1), np.nan
            )
        ends = np.minimum((np.arange(count) + 1) * width, norm_NT.shape[1])
        steps_K = (np.arange(count) * width + 1 + ends) / 2
        intervals = [_interval(column) for column in each_NK.T]
        return cls(name, place, steps_K, each_NK, intervals, width)


def _interval(values_N: Array) -> Interval | None:
    known = values_N[np.isfinite(values_N)]
    return t_interval(known.tolist(), POSITIVE) if 2 * len(known) >= max(len(values_N), 1) else None


def span_width(steps: int) -> int:
    """How many steps a span has."""
    return max(1, -(-steps // SPANS))


def class_curves(norm_NT: Array, target_N: Array, class_names: Sequence[str]) -> list[ClassCurve]:
    """A curve for each class that has a sequence; one of all where there are many classes.

    They end where more than half of the sequences of every class have ended.
    """
    there_N = ~np.isnan(target_N) & np.isfinite(norm_NT).any(axis=1)
    norm_NT, target_N = norm_NT[there_N], target_N[there_N]
    if not len(target_N):
        return []
    places = sorted({int(target) for target in target_N})
    # as far as half of the sequences of some class go: one long text would leave the others no room
    shares_PT = [np.isfinite(norm_NT[target_N == place]).mean(axis=0) for place in places]
    norm_NT = norm_NT[:, : int(np.flatnonzero(np.max(shares_PT, axis=0) >= 0.5)[-1]) + 1]
    if len(places) == 1 and not class_names:
        return [ClassCurve.of("test sequences", None, norm_NT)]
    if len(places) > MOST_CLASSES:
        return [ClassCurve.of(f"sequences of {len(places)} classes", None, norm_NT)]
    names = dict(enumerate(class_names))
    return [
        ClassCurve.of(names.get(place, f"class {place}"), place, norm_NT[target_N == place])
        for place in places
    ]
