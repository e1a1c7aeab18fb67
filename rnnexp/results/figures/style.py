"""One look for all figures: colours, lines, and how they are saved.

Colours are those of Okabe and Ito (2008), told apart by the colour-blind; each goes with a line
style and a marker of its own, so that a figure holds in greyscale too.
"""

import textwrap
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter

from rnnexp.results.statistics import Interval
from rnnexp.scores import Score


@dataclass(frozen=True)
class Look:
    color: str
    marker: str


#: A model looks the same in every figure.
LOOKS = {
    "rnn": Look("#D55E00", "o"),
    "lstm": Look("#0072B2", "s"),
    "gru": Look("#009E73", "^"),
    "unrolled": Look("#CC79A7", "D"),
    "linear": Look("#56B4E9", "v"),
    "bag": Look("#6E6E6E", "x"),
}
_SPARE = [Look("#E69F00", "P"), Look("#000000", "*"), Look("#8B5A2B", "h"), Look("#F0E442", "d")]
NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "bag": "bag of words (order-free)"}
CHANCE = "#000000"
#: Of a PNG, for print.
DPI = 300
LINE_STYLES = ["-", "--", ":", "-."]


def look(model: str) -> Look:
    """A model's look; one that is not known gets a spare one, the same every time."""
    return LOOKS.get(model) or _SPARE[sum(map(ord, model)) % len(_SPARE)]


def model_name(model: str) -> str:
    return NAMES.get(model, model)


def label(text: str) -> str:
    """A series' label with the model, its first word, by its printed name."""
    model, comma, rest = text.partition(", ")
    rest = rest.replace("clip.max_norm=inf", "no clipping")
    rest = rest.replace("clip.max_norm=", "clipped at ")
    return f"{model_name(model)}{comma}{rest}"


def series_color(index: int) -> str:
    """A colour by place, where lines of one model stand beside each other."""
    colors = [look.color for name, look in LOOKS.items() if name != "bag"]
    return colors[index % len(colors)]


@contextmanager
def grid(
    width: float, height: float, rows: int, columns: int, share_y: bool = False
) -> Iterator[tuple[Figure, list[list[Axes]]]]:
    """A figure and its panels by row, without a window system."""
    settings: Any = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        "svg.hashsalt": "rnnexp",  # the same figure gives the same file
        "svg.fonttype": "none",
    }
    with mpl.rc_context(settings):
        canvas = Figure(figsize=(width, height), layout="constrained")
        table = canvas.subplots(rows, columns, squeeze=False, sharey=share_y)
        yield canvas, [list(row) for row in table]


@contextmanager
def figure(
    width: float = 6.4, height: float = 4.2, columns: int = 1, share_y: bool = False
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure and its panels side by side."""
    with grid(width, height, 1, columns, share_y) as (canvas, (row,)):
        yield canvas, row


def wrapped(text: str, width: int = 36, lines: int = 3) -> str:
    """A label in a few short lines: a long one would leave the axes no room.

    >>> wrapped("one two three", width=8, lines=1)
    'one two …'
    """
    short = textwrap.wrap(text, width)
    return "\n".join(
        short if len(short) <= lines else [*short[: lines - 1], f"{short[lines - 1]} …"]
    )


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
        axes.text(
            0.5, 0.5, "nothing in the range of float64", ha="center", transform=axes.transAxes
        )


def score_axis(axis: Axis, score: Score) -> None:
    """Ticks in percent where the score is read so."""
    if score.percent:
        axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))


def within(axes: Axes, low: float, high: float) -> None:
    """Cut the y axis off where no score can be; call it after the curves."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, low), min(top, high))


#: What an axis says of the setting that is the length.
LENGTH_AXES = {"seq_len": "sequence length (steps)", "data.distance": "distance of the cue (steps)"}


def length_scale(axes: Axes, lengths: Sequence[int]) -> None:
    """A logarithmic x axis with a tick at each length."""
    axes.set_xscale("log" if min(lengths) > 0 else "symlog", base=2)
    axes.set_xticks(list(lengths), [str(length) for length in lengths])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def band(axes: Axes, x: Sequence[Any], intervals: Sequence[Interval], color: str) -> None:
    """The intervals as a band; none where one seed gives none. A bar where there is one alone.

    Seeds that are shown one by one are dots.
    """
    for place, interval in zip(x, intervals, strict=True):
        axes.plot([place] * len(interval.apart), interval.apart, ".", color=color, alpha=0.6)
    low = [i.mean if i.low is None else i.low for i in intervals]
    high = [i.mean if i.high is None else i.high for i in intervals]
    if low != high and len(intervals) > 1:
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    elif low != high:
        axes.vlines(x, low, high, color=color, alpha=0.5)


def seeds_note(counts: Sequence[int], intervals: Sequence[Interval] = ()) -> str:
    """What the band means, by the number of runs behind the points, in order; and the dots, where
    some of the `intervals` shown are seeds one by one.
    """
    if counts == [1]:
        return "one seed: no interval"
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    if not any(interval.apart for interval in intervals):
        return f"mean and 95% t-interval\nover {n} seeds"
    both = any(interval.ends for interval in intervals)
    return f"mean and {'95% t-interval, or ' if both else ''}each\nof {n} seeds (dots)"


def data_name(name: str, synthetic: bool) -> str:
    """The data's name, with what must be said of it."""
    shown = "the built-in reviews" if name == "reviews" else name.replace("_", " ")
    return f"{shown} (synthetic)" if synthetic else shown


def chance_line(axes: Axes, value: float, label: str = "chance") -> None:
    """A dotted line at the chance level, clear of the frame; call it after the curves."""
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        axes.set_ylim(min(low, value / 1.2), max(high, value * 1.2))
    else:
        room = 0.05 * (high - low)
        axes.set_ylim(min(low, value - room), max(high, value + room))
    axes.axhline(value, color=CHANCE, linewidth=1.0, linestyle=(0, (1, 2)), label=label, zorder=1)


def chance_curve(axes: Axes, points: Set[tuple[int, float]]) -> None:
    """Chance at each length: a curve where the length alone decides it, else a line per level."""
    levels = sorted({level for _, level in points})
    lengths = {length for length, _ in points}
    if len(levels) > 1 and len(points) == len(lengths):
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, color=CHANCE, linewidth=1.0, linestyle=(0, (1, 2)), label="chance")
        return
    for level in levels:
        name = "chance" if len(levels) == 1 else f"chance {level:.3g}"
        chance_line(axes, level, name)


def save(canvas: Figure, folder: Path, name: str) -> Path:
    """`name`.png, for print, and `name`.svg; returns the PNG's path."""
    folder.mkdir(exist_ok=True)
    canvas.savefig(folder / f"{name}.svg", metadata={"Date": None})
    # laid out once for both: working it out takes as long as drawing
    canvas.set_layout_engine("none")
    canvas.savefig(folder / f"{name}.png", dpi=DPI)
    return folder / f"{name}.png"
