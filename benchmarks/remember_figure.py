"""memory.png: each recurrence by its three numbers, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.remembered import Remembered
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.l50 import L50
from rnnexp.results.tested import MedianReach, Reach

COLOR = looks.other_look(0).color
GREY = "#999999"


#: The reaches of the seeds, the interval of their median, and the farthest place tested.
Reaches = tuple[list[Reach], MedianReach, float]


def draw(rows: Sequence[Remembered], folder: Path) -> Path:
    """Left: L50 within the longest budget (filled) and the shortest (hollow), with 95% intervals.
    Middle: how far each seed holds, as dots, and the interval of the median. Right: the same of how
    far each carries over, as a multiple of the length trained at.
    """
    with style.figure(11.0, 1.9 + 0.42 * len(rows), 3, share_y=True) as (canvas, axes):
        _trainable(axes[0], rows)
        _reaches(
            axes[1],
            [
                _of(row.held.reaches, row.held.median, row.held.farthest) if row.held else None
                for row in rows
            ],
            "distance from the cue to the question, steps",
            "not measured",
        )
        _reaches(
            axes[2],
            [
                _of(row.carried.reaches, row.carried.median, row.carried.farthest)
                if row.carried
                else None
                for row in rows
            ],
            "length, as a multiple of the one trained at",
            "not learned there",
        )
        axes[0].set_yticks(range(len(rows)), [row.model for row in rows])
        axes[0].set_ylim(len(rows) - 0.4, -0.6)
        titles = ("can be trained to", "holds to", "carries over to")
        for panel, title in zip(axes, titles, strict=True):
            style.panel_title(panel, title)
            panel.grid(axis="y", visible=False)
        style.title(
            canvas,
            "How far does it remember? Three questions, three numbers: recall of a cue (synthetic)",
        )
        style.legend(canvas, axes)
        return style.save(canvas, folder, "memory", list(_numbers(rows)))


def _numbers(rows: Sequence[Remembered]) -> Iterator[dict[str, object]]:
    """A row of each L50 and of each seed's reach; an open end is empty."""
    for row in rows:
        for within in row.line.budgets if row.line else ():
            l50 = within.l50
            yield {
                "model": row.model, "of": "L50", "training_steps": within.steps,
                "length": l50.value, "low": l50.low, "high": l50.high,
            }  # fmt: skip
        for of, found in (("holds to", row.held), ("carries to, as a multiple", row.carried)):
            for seed, reach in found.reaches.items() if found else ():
                yield {"model": row.model, "of": of, "seed": seed, "length": reach.held}


def _of(
    reaches: Mapping[int, Reach], median: MedianReach | None, farthest: float
) -> Reaches | None:
    return None if median is None else (list(reaches.values()), median, farthest)


def _trainable(axes: Axes, rows: Sequence[Remembered]) -> None:
    budgets = sorted({budget for row in rows for budget in row.budgets})
    shown = [budgets[0], budgets[-1]] if len(budgets) > 1 else budgets
    lines = [row.line for row in rows if row.line is not None]
    axes.set_xscale("log")
    if lines:
        tried = [length for line in lines for length in line.lengths]
        axes.set_xlim(min(tried) / 2.2, max(tried) * 2.2)
        scales.length_scale(axes, sorted({5, 10, 20, 40, 80} & set(tried)) or sorted(set(tried)))
    for budget, fill, offset in zip(shown, ("white", COLOR), (-0.14, 0.14), strict=False):
        for place, row in enumerate(rows):
            within = None if row.line is None else row.line.within(budget)
            if within is not None:
                _l50(axes, within.l50, place + offset, fill)
        words = f"L50 within {budget:,} steps, 95% interval"
        axes.plot([], [], "o-", color=COLOR, markerfacecolor=fill, label=words)
    axes.set_xlabel("length learned from scratch, steps")


def _l50(axes: Axes, l50: L50, y: float, fill: str) -> None:
    """An end that lies outside the lengths tried is an arrow."""
    low, high = l50.low or l50.shortest, l50.high or l50.longest
    axes.plot([low, high], [y, y], color=COLOR, linewidth=2)
    if l50.low is None:
        _arrow(axes, low, low / 1.7, y)
    if l50.high is None:
        _arrow(axes, high, high * 1.7, y)
    if l50.value is not None:
        axes.plot(l50.value, y, "o", color=COLOR, markerfacecolor=fill)


def _reaches(axes: Axes, rows: Sequence[Reaches | None], label: str, without: str) -> None:
    """Below the first place tested, and beyond the last, an arrow."""
    held = [reach.held for row in rows if row for reach in row[0] if reach.held is not None]
    first = min(held, default=1.0) / 1.5
    farthest = max((row[2] for row in rows if row), default=1.0)
    axes.set_xscale("log")
    axes.set_xlim(first / 2, farthest * 2.5)
    for place, row in enumerate(rows):
        if row is None:
            where = ("axes fraction", "data")
            axes.annotate(without, (0.04, place), xycoords=where, va="center", fontsize=9)
            continue
        seeds, median, last = row
        for index, reach in enumerate(seeds):
            y = place + 0.5 * ((index + 0.5) / len(seeds) - 0.5)
            axes.plot(reach.held or first, y, ".", color=GREY, markersize=4)
        low, high = median.low or first, median.high or last
        axes.plot([low, high], [place, place], color=COLOR, linewidth=2)
        if median.high is None:
            _arrow(axes, high, high * 1.9, place)
        if median.low is None:
            _arrow(axes, low, low / 1.5, place)
        middle = median.middle.held
        axes.plot(middle or first, place, "o" if middle else "<", color=COLOR)
    axes.plot([], [], "o-", color=COLOR, label="median over seeds, its interval")
    axes.plot([], [], ".", color=GREY, label="a seed")
    axes.set_xlabel(label)


def _arrow(axes: Axes, start: float, end: float, y: float) -> None:
    look = {"arrowstyle": "->", "color": COLOR, "linewidth": 1.6}
    axes.annotate("", (end, y), (start, y), arrowprops=look)
