"""Axes that tell the truth: ticks at the values that they name, and nothing moved along an axis."""

import re
from collections.abc import Callable, Sequence, Set
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    FuncFormatter,
    LogFormatterMathtext,
    MaxNLocator,
    NullFormatter,
)
from matplotlib.transforms import ScaledTranslation, Transform

from rnnexp.results.statistics import Interval
from rnnexp.scores import Score

CHANCE = "#000000"
_CHANCE_LINE: Any = {"color": CHANCE, "linewidth": 1.0, "linestyle": (0, (1, 2))}
#: What an axis says of the setting that is the length.
LENGTH_AXES = {"seq_len": "sequence length (steps)", "data.distance": "distance of the cue (steps)"}
#: Ticks that have room on an axis of lengths; of more those that are apart by a factor.
MOST_TICKS, APART = 6, 1.6
#: Numbers touch that are closer than this share of the axis.
TOUCHING = 0.085
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# -- ticks -----------------------------------------------------------------------------------------


def percent(fraction: float) -> str:
    """With as many digits as it needs.

    >>> percent(0.5), percent(0.575), percent(1 / 3)
    ('50%', '57.5%', '33.3333%')
    """
    return f"{round(100 * fraction, 4):g}%"


def percent_axis(axis: Axis) -> None:
    """Ticks in percent, at round values, and none above 100%: the room there is for markers."""
    axis.set_major_locator(_Shares(nbins=8, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))


class _Shares(MaxNLocator):
    """Round shares that can be; below 0 only where the axis reaches well below it."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        places = np.asarray(super().tick_values(vmin, vmax))
        lowest = 0.0 if min(vmin, vmax) > -0.1 else -np.inf
        return places[(places >= lowest - 1e-9) & (places <= 1 + 1e-9)]


def name_unseen(axis: Axis, name: str) -> None:
    """What the values of an axis are called below the pointer, where another panel is labelled."""
    axis.set_label_text(name)
    axis.label.set_visible(False)


def score_axis(axis: Axis, score: Score) -> None:
    """Ticks in percent where the score is read so."""
    if score.percent:
        percent_axis(axis)


def score_scale(panels: Sequence[Axes], score: Score) -> None:
    """The y axis of panels that share it, once all of their curves are drawn."""
    for axes in panels:
        if score.logarithmic:
            axes.set_yscale("log")
        score_axis(axes.yaxis, score)
        if score.percent:
            within(axes, -0.02, 1.02)


def progress_axis(axes: Axes, progress: Sequence[float], unit: str) -> None:
    """The x axis: how far a training has come, in whole numbers; of one measurement its own."""
    axis = axes.xaxis
    axes.set_xlabel(unit)
    places = sorted({float(place) for place in progress})
    if len(places) == 1:
        axis.set_major_locator(FixedLocator(places))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlim(places[0] - 0.5, places[0] + 0.5)
    else:
        axis.set_major_locator(_WholeWithin(places[0], places[-1]))


class _WholeWithin(MaxNLocator):
    """Whole numbers from `low` to `high`, and none in the margins: there was no epoch before."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
        self._low, self._high = low, high

    def tick_values(self, vmin: float, vmax: float) -> Any:
        places = np.asarray(super().tick_values(vmin, vmax))
        return places[(places >= self._low) & (places <= self._high)]


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers alone."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def length_scale(axes: Axes, lengths: Sequence[int]) -> None:
    """A logarithmic x axis with a tick at each length, of many at as many as have room."""
    axes.set_xscale("log" if min(lengths) > 0 else "symlog", base=2)
    ticks = _with_room(sorted(lengths))
    if len(lengths) > MOST_TICKS:
        ticks = apart(sorted(lengths), APART)
    axes.set_xticks(ticks, [str(length) for length in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    if len(set(lengths)) == 1:
        axes.set_xlim(lengths[0] / 1.5 or -1, lengths[0] * 1.5 or 1)


def _with_room(lengths: Sequence[int]) -> list[int]:
    """Without those that stand so close before the next that their numbers would touch."""
    kept: list[int] = []
    span = lengths[-1] / max(lengths[0], 1)
    for length in reversed(lengths):
        if not kept or length <= 0 or kept[-1] >= length * span**TOUCHING:
            kept.append(length)
    return kept[::-1]


def apart(lengths: Sequence[int], factor: float) -> list[int]:
    """The first, and of those behind it the next that is far enough away, and so on."""
    kept: list[int] = []
    for length in lengths:
        if not kept or length >= factor * kept[-1]:
            kept.append(length)
    return kept


class PlainPowers(Formatter):
    """matplotlib's ticks of a logarithmic axis, without its formulas: `10⁻³`, or `0.1` where the
    whole axis lies between a thousandth and a hundred thousand.
    """

    def __init__(self, formatter: LogFormatterMathtext) -> None:
        self._formatter = formatter

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        self._formatter.set_axis(axis)

    def set_locs(self, locs: Any = None) -> None:
        self._formatter.set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        formula = self._formatter(x, pos)
        if not formula:
            return ""
        assert self.axis is not None
        low, high = sorted(np.abs(self.axis.get_view_interval()))
        if low >= 5e-4 and high <= 2e5:
            return f"{x:.6g}"
        words = re.sub(r"^\$\\mathdefault\{(.*)\}\$$", r"\1", formula)
        words = re.sub(r"\^\{(.*?)\}", lambda m: m[1].translate(_SUPERSCRIPTS), words)
        return words.replace(r"\times", "×")


def plain_powers(axis: Axis) -> None:
    """No formulas at the ticks of a logarithmic axis: figures read no text as one."""
    for get, put in (
        (axis.get_major_formatter, axis.set_major_formatter),
        (axis.get_minor_formatter, axis.set_minor_formatter),
    ):
        formatter = get()
        if isinstance(formatter, LogFormatterMathtext):
            put(PlainPowers(formatter))


class Exponents(Formatter):
    """What is drawn is the exponent: at 3 stands 10³. For what leaves the range of numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return "10" + str(round(x)).translate(_SUPERSCRIPTS)

    def shown(self, exponent: float) -> str:
        """The value itself, as far as it is a number.

        >>> Exponents().shown(-2.5), Exponents().shown(400.5)
        ('0.003162', '10^400.5')
        """
        return f"{10.0**exponent:.4g}" if abs(exponent) < 300 else f"10^{exponent:.4g}"


def exponents_axis(axis: Axis) -> None:
    """Ticks at whole exponents, as the powers of ten that they are."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 4, 5, 10]))
    axis.set_major_formatter(Exponents())


# -- logarithmic axes ------------------------------------------------------------------------------


def on_log_axis(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a logarithmic axis can show: a gap where a number is not positive or out of range."""
    with np.errstate(invalid="ignore"):
        return np.where((values > 1e-300) & (values < 1e300), values, np.nan)


def log_scale(axes: Axes) -> None:
    """A logarithmic y axis, if there is anything that it can show; else it is said to be empty."""
    shown = [np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.get_lines()]
    if any((values > 0).any() for values in shown):
        axes.set_yscale("log")
    else:
        nothing(axes, "nothing in the range of float64")


def off_scale(axes: Axes, x: npt.ArrayLike, color: str, label: str) -> None:
    """Marks on the lower edge, pointing out of the axes: what is too small to be shown."""
    axes.plot(
        x, np.zeros(np.size(x)), marker=7, linestyle="none", color=color, markersize=4,
        clip_on=False, transform=axes.get_xaxis_transform(), label=label, zorder=1,
    )  # fmt: skip


def nothing(axes: Axes, why: str) -> None:
    """A sentence where there is nothing to draw."""
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, fontsize=9)


# -- points, intervals, levels ---------------------------------------------------------------------


def beside(axes: Axes, index: int, count: int, extra: float = 0.0) -> Transform:
    """The transform of the `index`-th of `count` lines that stand beside each other.

    Each is moved by some points on paper, so that equal values do not hide each other and every
    value stays at its true place on the axis. extra: points more.
    """
    points = min(7.0, 24.0 / count) * (index - (count - 1) / 2) + extra
    figure = axes.get_figure(root=True)
    assert figure is not None
    return axes.transData + ScaledTranslation(points / 72, 0, figure.dpi_scale_trans)


def include(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Let the axes reach all points of a line that stands `beside` others: matplotlib does not."""
    axes.update_datalim(np.column_stack([x, y]))
    axes.margins(x=0.08)


def score_line(
    axes: Axes,
    points: Sequence[tuple[float, Interval, Sequence[float]]],
    place: tuple[int, int],
    look: dict[str, Any],
    label: str,
) -> None:
    """Means with their intervals as bars and each seed as a dot, at their places on the x axis.

    Where seeds lie apart no mean is like any of them: it has no marker, the seeds stand in its
    place, and the line that leads on is thin and dotted.
    points: x, interval over seeds, values of the seeds. place: which line of how many (`beside`).
    """
    transform, dots = beside(axes, *place), beside(axes, *place, extra=2.6)
    if not points:
        return
    x = [at for at, _, _ in points]
    intervals = [interval for _, interval, _ in points]
    means = np.array([i.mean for i in intervals])
    known = [not i.apart for i in intervals]
    next_to = np.convolve(known, [1, 1, 1])[1:-1] > 1  # another that a line can join
    if all(known):
        axes.plot(x, means, transform=transform, label=label, **look)
    else:
        thin = {**look, "linestyle": (0, (1, 2)), "linewidth": 0.9}
        axes.plot(x, means, transform=transform, label=label, markevery=known, **thin)
        axes.plot(
            x, np.where(known & next_to, means, np.nan), transform=transform,
            **{**look, "marker": ""}, label="_between means",
        )  # fmt: skip
    include(axes, x, means.tolist())
    for at, interval, values in points:
        if len(values) > 1:
            include(axes, [at] * len(values), values)
            axes.plot(
                [at] * len(values), values, "o", transform=transform if interval.apart else dots,
                color=look["color"], markersize=4.0 if interval.apart else 2.8, markeredgewidth=0,
                alpha=0.75,
            )  # fmt: skip
        if interval.low is not None and interval.high is not None:
            include(axes, [at, at], [interval.low, interval.high])
            axes.plot(
                [at, at], [interval.low, interval.high], transform=transform, color=look["color"],
                linewidth=0.9, marker="_", markersize=5, alpha=0.8,
            )  # fmt: skip


def within(axes: Axes, low: float, high: float) -> None:
    """Cut the y axis off where no score can be; call it after the curves."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, low), min(top, high))


def band(axes: Axes, x: Sequence[Any], intervals: Sequence[Interval], color: str) -> None:
    """The intervals as a band; none where one seed gives none. A bar where there is one alone."""
    low = [i.mean if i.low is None else i.low for i in intervals]
    high = [i.mean if i.high is None else i.high for i in intervals]
    if low != high and len(intervals) > 1:
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    elif low != high:
        axes.vlines(x, low, high, color=color, alpha=0.5)


def chance_line(axes: Axes, value: float, label: str = "chance") -> None:
    """A dotted line at the chance level, clear of the frame; call it after the curves."""
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        axes.set_ylim(min(low, value / 1.2), max(high, value * 1.2))
    else:
        room = 0.05 * (max(high, value) - min(low, value))
        least, most = (float(end) for end in axes.dataLim.intervaly)
        ends = [low, value - room], [high, value + room]
        if np.isfinite([least, most]).all():  # for the whole of the markers at either end
            ends = [*ends[0], least - 0.7 * room], [*ends[1], most + 0.7 * room]
        axes.set_ylim(min(ends[0]), max(ends[1]))
    axes.axhline(value, label=label, zorder=1, **_CHANCE_LINE)


def chance_curve(
    axes: Axes, points: Set[tuple[int, float]], show: Callable[[float], str] = "{:.3g}".format
) -> None:
    """Chance at each length: a curve where the length alone decides it, else a line per level."""
    levels = sorted({level for _, level in points})
    lengths = {length for length, _ in points}
    if len(levels) > 1 and len(points) == len(lengths):
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, label="chance", zorder=1, **_CHANCE_LINE)
        return
    for level in levels:
        chance_line(axes, level, "chance" if len(levels) == 1 else f"chance {show(level)}")
