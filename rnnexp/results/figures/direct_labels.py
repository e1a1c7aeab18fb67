"""The name of each line beside its end, moved apart from the names of others; no legend to look up.

A name stands right of its panel, in the line's colour, at the height where the line ends; where it
had to be moved, a thin line leads to it. Where it stands is known once the figure is laid out:
`name_lines` makes room for the names, and `settle`, which `style.save` calls, moves them apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from rnnexp.results import words
from rnnexp.results.figures import fonts

#: Points between a panel and a name, and between two names.
GAP, ROOM = 9.0, 1.5
#: Letters of a line of a name, and its lines.
WIDTH, LINES = 24, 4
#: WCAG 2's contrast of text with white, below which a colour is made darker.
CONTRAST = 4.5
#: A name moved by more of its points, or of a line that ends so far from the edge, has a leader.
LEAD, FAR = 5.0, 10.0
#: A leader's colour where it crosses its panel.
LEADER = "#777777"

Place = tuple[float, float]


@dataclass
class _Name:
    """The name of a line, in the panel that it stands beside."""

    axes: Axes
    line: Line2D
    text: Text


#: The names of each figure that is being made.
_names: WeakKeyDictionary[Figure, list[_Name]] = WeakKeyDictionary()


def name_lines(
    canvas: Figure,
    panels: Sequence[Axes],
    size: float = 8.5,
    width: int = WIDTH,
    each: bool = False,
    points: bool = False,
) -> list[Line2D]:
    """Names beside the ends of the labelled lines; returns the lines that have one.

    Where the panels of a row have the same lines, they are named beside the last of them. What is
    no line (points, bands, samples of a marker) is left for a legend. The figure grows.

    width: letters of a line of a name. each: beside each panel, also where they have the same
    lines. points: those that no line joins have names too.
    """
    lines = {axes: lines_of(axes, points) for axes in panels}
    named = [line for of in lines.values() for line in of]
    made: list[_Name] = []
    rows = _rows(panels)
    longest = max(map(len, rows), default=0)
    if not each and _alike(
        lines.values()
    ):  # a row that is not full needs no room for names between panels
        rows = [row for row in rows if len(row) == longest]
    for row in rows:
        alike = not each and _alike([lines[axes] for axes in row])
        for axes in row[-1:] if alike else row:
            made += [_Name(axes, line, _text(axes, line, size, width)) for line in lines[axes]]
    _names.setdefault(canvas, []).extend(made)
    _make_room(canvas, made)
    return named


def lines_of(axes: Axes, points: bool = False) -> list[Line2D]:
    """The labelled lines of a panel that have an end, in the order in which they were drawn.

    points: also those whose points are not joined.
    """
    found = []
    for line in axes.get_lines():
        label = str(line.get_label())
        joined = points or line.get_linestyle() not in ("None", "none", "", " ")
        hidden = label.startswith("_") and not label.startswith(words.JOINER)
        if label and not hidden and joined and np.size(line.get_ydata()):
            found.append(line)
    return found


def is_name(text: Text) -> bool:
    """Whether it names a line, beside a panel."""
    figure = text.get_figure(root=True)
    return figure is not None and any(name.text is text for name in _names.get(figure, ()))


def settle(canvas: Figure) -> None:
    """Move the names of a figure apart, once it is laid out."""
    by_panel: dict[Axes, list[_Name]] = {}
    for name in _names.pop(canvas, []):
        by_panel.setdefault(name.axes, []).append(name)
    for axes, names in by_panel.items():
        _settle_panel(axes, names)


def spread(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Places of boxes as near as can be to those wanted, by least squares, that do not overlap.

    Pool adjacent violators: boxes that would overlap stand together about the mean of what they
    want. Within `low` to `high` where they have room there, else centred on it.
    Source: Barlow et al. 1972, Statistical Inference under Order Restrictions.

    >>> spread([1.0, 1.0, 9.0], [2.0, 2.0, 2.0], 0.0, 10.0)
    [1.0, 3.0, 9.0]
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    half = np.array([heights[i] / 2 for i in order])
    offsets = np.concatenate([[0.0], np.cumsum(half[:-1] + half[1:])])
    blocks: list[tuple[float, int]] = []
    for place, offset in zip(order, offsets.tolist(), strict=True):
        mean, count = wanted[place] - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, n = blocks.pop()
            mean, count = (before * n + mean * count) / (n + count), n + count
        blocks.append((mean, count))
    moved = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    lowest, highest = low + half[0], high - half[-1] - offsets[-1]
    middle = (lowest + highest) / 2
    moved = np.clip(moved, min(lowest, middle), max(highest, middle))
    places = np.empty(len(order))
    places[order] = moved + offsets
    return [float(place) for place in places]


def readable(color: Any) -> str:
    """The colour, as dark as letters on white need it: a contrast of at least `CONTRAST`."""
    rgb = np.array(to_rgb(color))
    while 1.05 / (_luminance(rgb) + 0.05) < CONTRAST:
        rgb = rgb * 0.95
    return to_hex(rgb.tolist())


def _luminance(rgb: npt.NDArray[np.float64]) -> float:
    """Relative, of WCAG 2."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _alike(several: Iterable[Sequence[Line2D]]) -> bool:
    """Whether all have lines of the same names and looks."""
    return len({tuple(map(_key, lines)) for lines in several}) == 1


def _rows(panels: Sequence[Axes]) -> list[list[Axes]]:
    """The panels that stand side by side, from the left."""
    rows: dict[tuple[Any, int], list[Axes]] = {}
    for axes in panels:
        place = axes.get_subplotspec()
        key = (None, id(axes)) if place is None else (place.get_gridspec(), place.rowspan.start)
        rows.setdefault(key, []).append(axes)
    return list(rows.values())


def _key(line: Line2D) -> tuple[str, str, str]:
    return str(line.get_label()), str(line.get_color()), str(line.get_linestyle())


def _text(axes: Axes, line: Line2D, size: float, width: int) -> Text:
    figure = axes.get_figure(root=True)
    assert figure is not None
    shown = " ".join(str(line.get_label()).removeprefix(words.JOINER).split("\n"))
    if not np.isfinite(np.asarray(line.get_ydata(), dtype=np.float64)).any():
        shown += " (no value)"
    shown = words.wrapped(shown, width, LINES)
    text = axes.text(
        1.0, 0.5, shown, fontsize=size, color=readable(line.get_color()), ha="left", va="center",
        transform=axes.transAxes + ScaledTranslation(GAP / 72, 0, figure.dpi_scale_trans),
        clip_on=False, linespacing=1.0,
    )  # fmt: skip
    text.set_fontfamily(fonts.families([shown]))
    return text


def _make_room(canvas: Figure, names: Sequence[_Name]) -> None:
    """As much wider as the names of each column of panels are, and as much higher as the panel with
    the most of them needs.
    """
    wide: dict[int, float] = {}
    high: dict[Axes, float] = {}
    rows = 1
    for name in names:
        box, place = name.text.get_window_extent(), name.axes.get_subplotspec()
        column = place.colspan.stop if place else 0
        rows = max(rows, place.get_gridspec().nrows if place else 1)
        wide[column] = max(wide.get(column, 0.0), box.width / canvas.dpi + GAP / 72)
        high[name.axes] = high.get(name.axes, 0.0) + (box.height / canvas.dpi) + ROOM / 72
    if not names:
        return
    width, height = canvas.get_size_inches()
    panel = height / rows - 1.0  # about: its title, its axis and its ticks
    missing = max(0.0, max(high.values()) - panel)
    canvas.set_size_inches(width + sum(wide.values()), height + missing * rows)


def _settle_panel(axes: Axes, names: Sequence[_Name]) -> None:
    figure = axes.get_figure(root=True)
    assert figure is not None
    points = figure.dpi / 72
    box = axes.get_window_extent()
    ends = [_end(axes, name.line) for name in names]
    wanted = [float(np.clip(end[1], box.y0, box.y1)) for end in ends]
    heights = [name.text.get_window_extent().height + ROOM * points for name in names]
    places = spread(wanted, heights, box.y0 - 4 * points, box.y1 + 4 * points)
    to_axes = axes.transAxes.inverted()
    for name, (x, _), y, place in zip(names, ends, wanted, places, strict=True):
        name.text.set_y(float(to_axes.transform((box.x1, place))[1]))
        if abs(place - y) > LEAD * points or x < box.x1 - FAR * points:
            edge, label = (max(x, box.x1), y), (box.x1 + (GAP - 1.5) * points, place)
            _lead(axes, [edge, label], name.text.get_color())
            if x < box.x1:  # inside the panel no colour of data, which it might be taken for
                _lead(axes, [(x, y), edge], LEADER, (0, (1, 3)))


def _lead(axes: Axes, path: Sequence[Place], color: Any, dashes: Any = "-") -> None:
    """A thin line from place to place, in pixels."""
    outline = Outline(axes.transAxes.inverted().transform(path))
    leader = PathPatch(
        outline, transform=axes.transAxes, fill=False, clip_on=False, edgecolor=color,
        linewidth=0.6, linestyle=dashes, alpha=0.7, zorder=1.5,
    )  # fmt: skip
    axes.add_patch(leader)


def _end(axes: Axes, line: Line2D) -> tuple[float, float]:
    """Where the last point of a line is that the panel can show, in pixels."""
    path = line.get_xydata()
    xy = np.asarray(line.get_transform().transform(np.asarray(path, dtype=np.float64)))
    box = axes.get_window_extent()
    there = np.isfinite(xy).all(axis=1) & (xy[:, 0] <= box.x1 + 1)
    if not there.any():
        return float(box.x1), float(box.y0)
    x, y = xy[there][-1]
    return float(min(x, box.x1)), float(y)
