"""Rows of the numbers behind a figure, as `figure_files.Numbers` has them."""

from collections.abc import Mapping, Sequence

from rnnexp.results.statistics import Interval

#: What a row is of, in the column `of`.
MEAN, SEED = "mean", "single seed"
#: The row of a mean that is like none of its seeds, through which at most a thin line leads.
APART = "mean, like none of its seeds"


def over_seeds(
    place: Mapping[str, object],
    name: str,
    interval: Interval,
    values: Sequence[float] = (),
    counted: str = "seeds",
    **more: object,
) -> list[dict[str, object]]:
    """A row of a mean with the ends of its interval, and one of each seed behind it.

    place: where it stands, as panel, line and length. name: of the number, with its unit where it
    has one. counted: what the interval is over. more: what is said of the mean alone, as `chance`.

    >>> (row,) = over_seeds({"length": 8}, "accuracy", Interval(1, 0.5, None, None), chance=0.5)
    >>> list(row)
    ['length', 'of', 'accuracy', 'low', 'high', 'seeds', 'chance']
    >>> over_seeds({}, "accuracy", Interval(2, 0.7, None, None, apart=[1.0, 0.4]))[0]["of"]
    'mean, like none of its seeds'
    """
    mean = {
        **place, "of": APART if interval.apart else MEAN, name: interval.mean,
        "low": interval.low, "high": interval.high, counted: interval.n, **more,
    }  # fmt: skip
    of_seeds = [{**place, "of": SEED, name: value} for value in values if len(values) > 1]
    return [mean, *of_seeds]
