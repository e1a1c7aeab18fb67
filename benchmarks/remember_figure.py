"""memory.png: each recurrence by its three numbers, side by side."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.remembered import Remembered
from rnnexp.results.figures import looks, style
from rnnexp.results.tested import MedianReach, Reach

COLOR = looks.other_look(0).color
GREY = "#999999"


def draw(rows: Sequence[Remembered], folder: Path) -> Path:
    """Left: L50 within the longest budget (filled) and a quarter of it (hollow), with 95% intervals.
    Middle: how far each seed holds, as dots, and the interval of the median. Right: the same of how
    far each carries over, as a multiple of the length trained at.
    """
    with style.figure(11.0, 1.9 + 0.42 * len(rows), 3, share_y=True) as (canvas, axes):
        _trainable(axes[0], rows)
        held = [row.held for row in rows]
        _reaches(
            axes[1],
            [None if h is None else (h.reaches.values(), h.median, h.farthest) for h in held],
            "distance from the cue to the question, steps",
        )
        carried = [row.carried for row in rows]
        _reaches(
            axes[2],
            [
                None if c is None or c.median is None
                else (c.reaches.values(), c.median, c.farthest)
                for c in carried
            ],
            "length, as a multiple of the one trained at",
        )  # fmt: skip
        axes[0].set_yticks(range(len(rows)), [row.model for row in rows])
        axes[0].set_ylim(len(rows) - 0.4, -0.6)
        for panel, title in zip(
            axes, ("can be trained to", "holds to", "carries over to"), strict=True
        ):
            style.panel_title(panel, title)
            panel.grid(axis="y", visible=False)
        style.title(
            canvas, "How far does it remember? Three questions, three numbers (recall, synthetic)"
        )
        style.legend(canvas, axes)
        return style.save(canvas, folder, "memory")


def _trainable(axes: Axes, rows: Sequence[Remembered]) -> None:
    budgets = sorted({budget for row in rows for budget in row.budgets})
    shown = [budgets[0], budgets[-1]] if len(budgets) > 1 else budgets
    for budget, fill, offset in zip(shown, ("none", COLOR), (-0.14, 0.14), strict=False):
        for place, row in enumerate(rows):
            within = None if row.line is None else row.line.within(budget)
            if within is None:
                continue
            l50, y = within.l50, place + offset
            low, high = l50.low or l50.shortest, l50.high or l50.longest
            axes.plot([low, high], [y, y], color=COLOR, linewidth=2)
            if l50.low is None:
                _arrow(axes, low, low / 1.5, y)
            if l50.high is None:
                _arrow(axes, high, high * 1.5, y)
            if l50.value is not None:
                axes.plot(l50.value, y, "o", color=COLOR, markerfacecolor=fill)
        axes.plot(
            [], [], "o", color=COLOR, markerfacecolor=fill, label=f"L50 within {budget:,} steps"
        )
    axes.set_xscale("log")
    axes.set_xlabel("length learned from scratch, steps")


def _reaches(
    axes: Axes,
    reaches: Sequence[tuple[Sequence[Reach], MedianReach, float] | None],
    label: str,
) -> None:
    for place, of in enumerate(reaches):
        if of is None:
            axes.annotate(
                "not learned there", (0.02, place), xycoords=("axes fraction", "data"), va="center"
            )
            continue
        seeds, median, farthest = list(of[0]), of[1], of[2]
        for index, reach in enumerate(seeds):
            y = place + 0.25 * ((index + 0.5) / len(seeds) - 0.5) * 2
            axes.plot(reach.held or 1, y, ".", color=GREY, markersize=4)
        low = median.low or 1
        high = farthest if median.high is None else median.high
        axes.plot([low, high], [place, place], color=COLOR, linewidth=2)
        if median.high is None:
            _arrow(axes, high, high * 1.6, place)
        axes.plot(median.middle.held or 1, place, "o", color=COLOR)
    axes.plot([], [], "o-", color=COLOR, label="median over seeds, interval")
    axes.plot([], [], ".", color=GREY, label="a seed")
    axes.set_xscale("log")
    axes.set_xlabel(label)


def _arrow(axes: Axes, start: float, end: float, y: float) -> None:
    axes.annotate(
        "", (end, y), (start, y), arrowprops={"arrowstyle": "->", "color": COLOR, "linewidth": 1.6}
    )
