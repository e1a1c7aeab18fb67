"""The frame of every figure: its panels, its titles and legends, and how it is saved.

No text is read as a formula, so that a `$` of the user's is drawn as one; where a formula is meant,
matplotlib is told so with `parse_math=True`. Legends stand outside the axes.
"""

import io
import textwrap
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from rnnexp.durable import write_text
from rnnexp.results import figure_files
from rnnexp.results.figure_files import Numbers
from rnnexp.results.figures import direct_labels, fonts, hover, svg
from rnnexp.results.figures.scales import nothing, plain_powers
from rnnexp.results.statistics import Interval
from rnnexp.results.words import JOINER, in_common, literal
from rnnexp.results.words import label as label

Line = TypeVar("Line")

#: Of a PNG, for print.
DPI = 300

#: Inches that a figure can be high and still be looked at; drawing takes time with each.
MAX_HEIGHT = 40.0

#: The title of each figure that is being made, as it was given, and its size.
_titles: WeakKeyDictionary[Figure, tuple[str, float]] = WeakKeyDictionary()

#: What every figure of a study must say beside its title.
_note: ContextVar[str] = ContextVar("note", default="")


class TooMuch(Exception):
    """More than a figure can show."""


@contextmanager
def together(note: str = "") -> Iterator[None]:
    """The figures of one run or study: each says `note` below its title, and characters that none
    of them can show are told once.
    """
    token = _note.set(note)
    try:
        with fonts.together():
            yield
    finally:
        _note.reset(token)


@contextmanager
def grid(
    width: float, height: float, rows: int, columns: int, share_y: bool | str = False
) -> Iterator[tuple[Figure, list[list[Axes]]]]:
    """A figure and its panels by row, without a window system.

    Raises TooMuch for one that nobody could look at.
    """
    if height > MAX_HEIGHT:
        raise TooMuch(
            f"it would be {height:.0f} inches high, and {MAX_HEIGHT:.0f} can be looked at: a study "
            "that varies less draws it"
        )
    settings: Any = {
        "font.family": [fonts.FIRST],
        "font.size": 10,
        "text.parse_math": False,
        "text.usetex": False,  # a matplotlibrc in the current folder may ask for another program
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
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
        table = canvas.subplots(rows, columns, squeeze=False, sharey=share_y)  # type: ignore[arg-type]
        yield canvas, [list(row) for row in table]


@contextmanager
def panels(
    count: int, most_columns: int = 3, width: float = 3.6, width_alone: float = 5.4
) -> Iterator[tuple[Figure, list[Axes], list[Axes]]]:
    """A figure of `count` panels that share their y axis, at most `most_columns` in a row.

    Yields the figure, its panels, and the leftmost of each row, which has the label of the y axis.
    width: of a panel, in inches; width_alone: of panels below each other.
    """
    rows = -(-count // most_columns)
    columns = -(-count // rows)  # as many in each row as can be
    size = (1.2 + (width if columns > 1 else width_alone) * columns, 0.6 + 3.3 * rows)
    with grid(*size, rows, columns, share_y=True) as (canvas, table):
        places = [axes for row in table for axes in row]
        for axes in places[count:]:
            axes.set_visible(False)
        yield canvas, places[:count], [row[0] for row in table]


@contextmanager
def figure(
    width: float = 6.4, height: float = 4.2, columns: int = 1, share_y: bool = False
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure and its panels side by side."""
    with grid(width, height, 1, columns, share_y) as (canvas, (row,)):
        yield canvas, row


def parts(lines: Sequence[Line], models: Sequence[str], most: int) -> list[list[Line]]:
    """The lines in one panel, or, where there are more than `most`, in panels: one for each model,
    and of one with too many lines in several.

    >>> parts(["a", "b", "c"], ["rnn", "lstm", "rnn"], most=2)
    [['a', 'c'], ['b']]
    """
    if len(lines) <= most:
        return [list(lines)]
    panels = []
    for model in dict.fromkeys(models):
        own = [line for line, named in zip(lines, models, strict=True) if named == model]
        panels += [own[start : start + most] for start in range(0, len(own), most)]
    return panels


# -- titles and legends ----------------------------------------------------------------------------


def title(canvas: Figure, text: str, size: float = 11) -> None:
    """The figure's title, in as many lines as it needs: a few words on what is seen, and below them
    what bars and dots are.
    """
    _titles[canvas] = text, size
    canvas.suptitle(_fitted(text, canvas.get_figwidth(), size), fontsize=size)


def panel_title(axes: Axes, text: str, size: float = 10) -> None:
    """A panel's title, in as many lines as it needs; call it once all panels are there."""
    canvas = axes.get_figure(root=True)
    grid_spec = axes.get_subplotspec()
    columns = grid_spec.get_gridspec().ncols if grid_spec else 1
    assert canvas is not None
    # the axis labels take some room of each panel
    axes.set_title(_fitted(text, canvas.get_figwidth() / columns - 0.6, size), fontsize=size)


def name_panel(axes: Axes, labels: Sequence[str], size: float = 9.5) -> list[str]:
    """What all lines of a panel have in common as its title; returns what is left for each."""
    common, names = in_common(labels)
    if common:
        panel_title(axes, common, size)
    return names


def _fitted(text: str, inches: float, size: float) -> str:
    """Lines that are about as long: a letter is some 0.56 of the size wide."""
    width = max(16, int(inches * 72 / (0.56 * size)))
    lines = [textwrap.wrap(line, width) for line in literal(text).splitlines()]
    return "\n".join(part for line in lines for part in line)


def legend(
    canvas: Figure,
    panels: Sequence[Axes],
    where: str = "below",
    heading: str = "",
    size: float = 8.5,
    without: Collection[Artist] = (),
) -> None:
    """One legend for all panels, outside the axes, of each line once: `below` or at the `right`.

    The figure grows by it. Entries of the same words and different looks are both shown.
    without: what has a name elsewhere.
    """
    entries: dict[tuple[str, str], tuple[Any, str]] = {}
    for axes in panels:
        for handle, words in zip(*axes.get_legend_handles_labels(), strict=True):
            key = words, _look_of(handle)
            if handle not in without:
                entries.setdefault(key, (handle, words))
    if not entries:
        return
    handles = [handle for handle, _ in entries.values()]
    labels = [words for _, words in entries.values()]
    family = fonts.families([*labels, heading])
    place: Any = "outside lower center" if where == "below" else "outside right center"
    made: Legend | None = None
    columns = min(len(labels), 4) if where == "below" else 1
    while made is None or (columns > 1 and _width(made) > canvas.get_figwidth() - 0.2):
        if made is not None:
            made.remove()
            columns -= 1
        made = canvas.legend(
            handles, [""] * len(labels), loc=place, ncols=columns,
            prop={"family": family, "size": size}, title=heading or None, title_fontsize=size,
            alignment="left", handlelength=3.2,
        )  # fmt: skip
        # matplotlib hides entries that begin with "_"; set afterwards they are drawn as they are
        for text, words in zip(made.get_texts(), labels, strict=True):
            text.set_text(words.removeprefix(JOINER))
    with _quiet():
        box = made.get_window_extent()
    width, height = canvas.get_size_inches()
    if where == "below":
        canvas.set_size_inches(
            max(width, box.width / canvas.dpi + 0.2), height + box.height / canvas.dpi
        )
    else:
        canvas.set_size_inches(
            width + box.width / canvas.dpi, max(height, box.height / canvas.dpi + 0.4)
        )


def name_lines(
    canvas: Figure,
    panels: Sequence[Axes],
    width: int = direct_labels.WIDTH,
    each: bool = False,
    points: bool = False,
) -> None:
    """The name of each line beside its end, and a legend below of what is no line.

    Call it once all is drawn. width: letters of a line of a name. each: name them beside each panel
    even where all of a row have the same lines. points: name points that no line joins, too.
    """
    named = direct_labels.name_lines(canvas, panels, width=width, each=each, points=points)
    legend(canvas, panels, without=named)


def _width(made: Legend) -> float:
    """In inches."""
    canvas = made.get_figure(root=True)
    assert canvas is not None
    with _quiet():
        return float(made.get_window_extent().width / canvas.dpi)


def _look_of(handle: Any) -> str:
    names = ("color", "linestyle", "marker", "linewidth", "markerfacecolor", "facecolor")
    return str([getattr(handle, f"get_{name}", str)() for name in names])


def seeds_note(counts: Sequence[int], intervals: Sequence[Interval] = ()) -> str:
    """What the bars or the band mean, by the number of runs behind the points, in order; and where
    some of the `intervals` shown have no ends, so that there is no bar.
    """
    if list(counts) == [1]:
        return "one seed: no interval"
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    apart = [bool(interval.apart) for interval in intervals]
    if apart and all(apart):
        return f"{n} seeds; a mean would be like none of them"
    if any(apart):
        return f"mean over {n} seeds, 95% t-interval where there is one; none where seeds lie apart"
    if intervals and not any(interval.ends for interval in intervals):
        return f"mean over {n} seeds, without an interval"
    if any(interval.n > 1 and not interval.ends for interval in intervals):
        return f"mean over {n} seeds, 95% t-interval where there is one"
    return f"mean and 95% t-interval over {n} seeds"


# -- saving ----------------------------------------------------------------------------------------


def save(canvas: Figure, folder: Path, name: str, numbers: Numbers | None = None) -> Path:
    """`name`.png, for print, `name`.svg, and what is drawn as `name`.csv; returns the PNG's path.

    numbers: each value that is drawn, see `figure_files.Numbers`; of an empty figure none, and then
    it has no CSV.
    """
    if numbers is None:  # as a package for an earlier version calls it
        raise TypeError(
            "style.save(canvas, folder, name, numbers) needs the numbers behind the figure: a list "
            "of dicts, a row per point, as [{'line': 'LSTM', 'length': 50, 'accuracy': 0.8}]"
        )
    folder.mkdir(exist_ok=True)
    figure_files.write_numbers(folder, name, numbers)
    _finish(canvas)
    with _quiet():
        canvas.draw_without_rendering()
        # laid out once for all: working it out takes as long as drawing
        canvas.set_layout_engine("none")
        direct_labels.settle(canvas)
        file = io.StringIO()
        canvas.savefig(file, format="svg", metadata={"Date": None})
        drawing = hover.with_values(canvas, svg.with_fonts(file.getvalue()))
        write_text(folder / f"{name}.svg", drawing)
        canvas.savefig(folder / f"{name}.png", dpi=DPI)
    return folder / f"{name}.png"


@contextmanager
def _quiet() -> Iterator[None]:
    """Characters that no font has are told in one line by fonts.py, and not one by one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        yield


def _finish(canvas: Figure) -> None:
    """What all figures need once everything is on them."""
    above, size = _titles.pop(canvas, ("", 10.0))
    if lines := "\n".join(filter(None, [above, _note.get()])):
        title(canvas, lines, size)  # a legend may have made the figure wider
    for axes in canvas.axes:
        if not axes.get_visible():
            continue
        plain_powers(axes.xaxis)
        plain_powers(axes.yaxis)
        _show_lone_points(axes)
        if _is_empty(axes):
            nothing(axes, "nothing was measured")
    for text in canvas.findobj(Text):
        assert isinstance(text, Text)
        if (words := text.get_text()).startswith(JOINER):
            text.set_text(words.removeprefix(JOINER))
    _use_fonts(canvas)


def _show_lone_points(axes: Axes) -> None:
    """A marker where a line has a single point, or one between gaps: no line shows it."""
    for line in [*axes.get_lines()]:
        marked = line.get_marker() not in ("None", "none", "", " ", None)
        chosen = isinstance(line.get_markevery(), list)  # which points have one
        if marked and (line.get_markevery() is None or chosen):
            continue
        y = np.asarray(line.get_ydata(), dtype=np.float64)
        if len(y) < 1 or np.size(line.get_xdata()) != len(y):
            continue
        there = np.isfinite(y)
        if marked and not there.any():  # matplotlib looks for the first of none
            line.set_markevery(None)
            continue
        before = np.concatenate([[False], there[:-1]])
        after = np.concatenate([there[1:], [False]])
        lone = np.flatnonzero(there & ~before & ~after)
        if len(lone) and marked:
            axes.plot(
                np.asarray(line.get_xdata())[lone], y[lone], linestyle="none",
                marker=line.get_marker(), color=line.get_color(), markersize=line.get_markersize(),
                transform=line.get_transform(),
            )  # fmt: skip
        elif len(lone):
            line.set_marker("o")
            line.set_markersize(max(2.5, 2 * line.get_linewidth()))
            line.set_markevery(lone.tolist())


def _is_empty(axes: Axes) -> bool:
    """Whether lines were drawn and none has a point, and there is nothing else."""
    texts = [text for text in axes.texts if not direct_labels.is_name(text)]
    if not axes.get_lines() or axes.collections or axes.images or axes.patches or texts:
        return False
    return not np.isfinite(axes.dataLim.get_points()).all()


def _use_fonts(canvas: Figure) -> None:
    """Fonts that have all characters of the figure."""
    axes = [axes for axes in canvas.axes if axes.get_visible()]
    ticks = [text for one in axes for text in (*one.get_xticklabels(), *one.get_yticklabels())]
    texts = [text for text in canvas.findobj(Text) if isinstance(text, Text)]
    families = fonts.families(text.get_text() for text in (*texts, *ticks))
    if families == [fonts.FIRST]:
        return
    for text in (*texts, *ticks):
        text.set_fontfamily(families)
    for one in axes:
        one.tick_params(which="both", labelfontfamily=families)
