"""Tables: a head, rows of typed cells and notes, and the text that a terminal shows of them.

A cell keeps the number that its text shows, so that nobody has to read a number out of a text.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rnnexp.printable import in_one_line
from rnnexp.results.statistics import Interval
from rnnexp.scores import Score

#: What a cell shows where nothing was measured.
NOTHING = "-"
#: Seeds that one cell can list.
MAX_SEEDS = 12


@dataclass(frozen=True)
class Cell:
    """What is shown, and the number behind it; None where it is words, or was not measured."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """notes: lines below the table."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """
        >>> print(Table(["model", "runs"], [[Cell("rnn"), Cell("3", 3)]], ["seed by seed"]).text())
        model  runs
        -----------
        rnn    3
        seed by seed
        """
        return "\n".join([aligned([self.head, *map(_texts, self.rows)]), *self.notes])


def _texts(row: Sequence[Cell]) -> list[str]:
    return [cell.text for cell in row]


def aligned(lines: Iterable[Sequence[str]]) -> str:
    """Columns padded to their widest cell, a rule under the head."""
    table = [[in_one_line(cell) for cell in line] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    return "\n".join([texts[0], "-" * max(map(len, texts)), *texts[1:]])


def count(n: int) -> Cell:
    return Cell(str(n), n)


def with_interval(
    interval: Interval | None, show: Callable[[float], str] = "{:.3g}".format
) -> Cell:
    """
    >>> with_interval(Interval(3, 0.5, 0.25, 0.75)).text
    '0.5 (0.25 to 0.75)'
    >>> with_interval(Interval(3, 0.5, None, None)).text
    '0.5 (all 3 alike)'
    >>> with_interval(Interval(3, 0.7, None, None, apart=[1.0, 0.1, 1.0])).text
    '1, 0.1, 1'
    """
    if interval is None:
        return Cell(NOTHING)
    if interval.apart:
        return Cell(one_by_one(interval.apart, show))
    more = spread(interval, show)
    return Cell(show(interval.mean) + (f" ({more})" if more else ""), interval.mean)


def with_ends(mean: float, low: float, high: float, *, digits: int = 3) -> Cell:
    """A measured number and its interval; NaN ends where it has none, NaN where it is missing.

    >>> with_ends(0.5, 0.25, 0.75).text, with_ends(0.5, math.nan, math.nan).text
    ('0.5 (0.25 to 0.75)', '0.5')
    """
    if math.isnan(mean):
        return Cell(NOTHING)
    text = f"{mean:.{digits}g}"
    if not math.isnan(low):
        text += f" ({low:.{digits}g} to {high:.{digits}g})"
    return Cell(text, mean)


def spread(interval: Interval, show: Callable[[float], str]) -> str:
    """The interval alone, `0.25 to 0.75`; empty where there is none."""
    if interval.alike:
        return f"all {interval.n} alike"
    if interval.low is None or interval.high is None:
        return ""
    return f"{show(interval.low)} to {show(interval.high)}"


def one_by_one(values: Sequence[float], show: Callable[[float], str]) -> str:
    """
    >>> one_by_one([1.0, 0.1], str), one_by_one(list(range(20)), str)
    ('1.0, 0.1', '20 seeds: 0 to 19, median 9')
    """
    if len(values) <= MAX_SEEDS:
        return ", ".join(map(show, values))
    low, *between, high = sorted(values)
    median = between[(len(values) - 1) // 2 - 1]
    return f"{len(values)} seeds: {show(low)} to {show(high)}, median {show(median)}"


def score_with_interval(score: Score, interval: Interval | None) -> Cell:
    """A score below a head that says its unit: `61.0 (58.5 to 63.5)`."""
    return with_interval(interval, score.cell) if score.percent else with_interval(interval)


def ends(score: Score, interval: Interval | None) -> Cell:
    """The interval alone: `58.5 to 63.5`."""
    return Cell((interval and spread(interval, score.cell)) or NOTHING)


def powers(interval: Interval, bare: bool = False) -> Cell:
    """`3.2e-09 (1.1e-09 to 9e-09)`: small numbers need their power of ten. bare: the mean alone."""
    text = f"{interval.mean:.2g}"
    if not bare and interval.low is not None and interval.high is not None:
        text += f" ({interval.low:.2g} to {interval.high:.2g})"
    return Cell(text, interval.mean)
