"""Values that show when a pointer rests on a point of a figure, in its SVG and without scripts.

A browser shows the `<title>` of what is below the pointer. What was drawn is asked for its points,
whatever figure it is: lines, scattered points and bars. Nothing that is seen changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter
from matplotlib.transforms import Transform

from rnnexp.printable import in_one_line
from rnnexp.results.figures.scales import Exponents
from rnnexp.results.words import literal

#: Points of one figure that tell their values; of lines with more it is every so manieth.
MOST = 300
#: Points to either side of the pointer that are near enough, in SVG's units of 1/72 inch.
NEAR = 5.0
#: The group of the SVG that they are in.
GROUP = '<g class="values" fill="none" pointer-events="all">'

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Drawn:
    """Points (x, y) of one line, in the units of its axes, how they come to their places, and what
    the line is called.
    """

    axes: Axes
    points_N2: Points
    transform: Transform
    label: str


def with_values(canvas: Figure, drawing: str) -> str:
    """The SVG as which `canvas` has just been drawn, with the values of its points."""
    titles = list(_titles(canvas))
    if not titles:
        return drawing
    circles = "\n".join([GROUP, *titles, "</g>", ""])
    end = drawing.rindex("</svg>")
    return drawing[:end] + circles + drawing[end:]


def _titles(canvas: Figure) -> Iterator[str]:
    drawn = [line for axes in canvas.axes if axes.get_visible() for line in _drawn(axes)]
    # what has a name of its own says more than what lies on the same place without one
    drawn.sort(key=lambda line: not line.label)
    every = -(-sum(len(line.points_N2) for line in drawn) // MOST) if drawn else 1
    height, scale = 72 * canvas.get_figheight(), 72 / canvas.dpi
    taken: set[tuple[int, int]] = set()
    for line in drawn:
        axes = line.axes
        for x, y in line.points_N2[:: max(1, every)]:
            across, up = line.transform.transform((x, y))
            if not axes.bbox.padded(1).contains(across, up):
                continue
            place = round(across), round(up)
            if place in taken:
                continue
            taken.add(place)
            words = escape(in_one_line(_words(axes, x, y, line.label)))
            yield (
                f'<circle cx="{across * scale:.1f}" cy="{height - up * scale:.1f}" r="{NEAR:g}">'
                f"<title>{words}</title></circle>"
            )


def _drawn(axes: Axes) -> Iterator[_Drawn]:
    for line in axes.get_lines():
        shown = line.get_visible() and (line.get_linestyle() != "None" or _has_marker(line))
        if shown:
            place = line.get_transform()
            across, up = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
            told = np.asarray(line.get_markevery())
            if told.dtype == bool:  # the others are on the way, and no values
                across, up = across[told], up[told]
            yield from _finite(axes, across, up, place, line.get_label())
    for collection in axes.collections:
        if isinstance(collection, PathCollection) and collection.get_visible():
            x, y = np.ma.filled(np.ma.asarray(collection.get_offsets(), float), np.nan).T
            place = collection.get_offset_transform()
            yield from _finite(axes, x, y, place, collection.get_label())
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            upright = bars.orientation != "horizontal"
            for bar in bars.patches:
                middle = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
                x = middle[0] if upright else bar.get_x() + bar.get_width()
                y = bar.get_y() + bar.get_height() if upright else middle[1]
                yield from _finite(axes, [x], [y], axes.transData, bars.get_label())


def _has_marker(line: object) -> bool:
    return getattr(line, "get_marker", str)() not in ("None", "none", "", " ", None)


def _finite(axes: Axes, x: object, y: object, place: Transform, label: object) -> Iterator[_Drawn]:
    """None of what is not placed by both of its numbers, as a line across the whole axes is."""
    if not _by_both(axes, place):
        return
    try:
        columns = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):  # dates, categories
        return
    if columns[0].shape != columns[1].shape or columns[0].ndim != 1:
        return
    points_N2 = np.stack(columns, axis=1)
    points_N2 = points_N2[np.isfinite(points_N2).all(axis=1)]
    words = str(label or "")
    if len(points_N2):
        yield _Drawn(axes, points_N2, place, "" if words.startswith("_") else literal(words))


def _by_both(axes: Axes, place: Transform) -> bool:
    """Whether it places points as the axes' own numbers do, if moved by some points of paper."""
    corners_22 = np.stack([axes.get_xlim(), axes.get_ylim()], axis=1)
    moved_22 = place.transform(corners_22) - axes.transData.transform(corners_22)
    return bool(np.isfinite(moved_22).all() and np.allclose(moved_22[0], moved_22[1], atol=1e-3))


def _words(axes: Axes, x: float, y: float, label: str) -> str:
    """`LSTM: steps 100, test accuracy 82%`"""
    parts = [_value(axis, value) for axis, value in ((axes.xaxis, x), (axes.yaxis, y))]
    values = ", ".join(part for part in parts if part)
    return f"{label}: {values}".replace("\n", " ") if label else values.replace("\n", " ")


def _value(axis: Axis, value: float) -> str:
    """`test accuracy 82%`; at a tick with words of its own these."""
    ticks = axis.get_major_locator()
    words = axis.get_major_formatter()
    if isinstance(ticks, FixedLocator):
        places = np.asarray(ticks(), dtype=np.float64)
        for tick in np.flatnonzero(np.isclose(places, value))[:1]:
            if named := words(places[tick], int(tick)).strip():
                return f"{_name(axis)}{named}"
    if isinstance(words, Exponents):
        return f"{_name(axis)}{words.shown(value)}"
    shown = f"{value:.4g}"
    if isinstance(words, FuncFormatter) and (in_percent := words(value, None)).endswith("%"):
        shown = f"{float(in_percent[:-1]):.4g}%"
    return f"{_name(axis)}{shown}"


def _name(axis: Axis) -> str:
    """What stands at the axis, or at the one that it shares its scale with."""
    axes = axis.axes
    x = axis is axes.xaxis
    shared = axes.get_shared_x_axes() if x else axes.get_shared_y_axes()
    for near in (axes, *shared.get_siblings(axes)):
        if words := (near.get_xlabel() if x else near.get_ylabel()):
            return f"{' '.join(words.split())} "
    return "" if x or not axes.get_title() else f"{axes.get_title()} "
