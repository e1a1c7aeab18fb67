"""The score at other lengths than the one that a network was trained at."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.figures.holding import TICKS, TICKS_ALONE, every_other
from rnnexp.results.findings.carrying_over import CarryingGroup, CarryingOver
from rnnexp.results.tested import number, reach_in_words

#: Lines of one panel that can be told apart.
MAX_LINES = 5


def draw(finding: CarryingOver, folder: Path) -> list[Path]:
    """carrying_over.png and .svg: a line per group, filled at the length trained at.

    One seed: the interval over test examples; several: that over seeds, or each seed.
    """
    score, curves = finding.score, finding.groups
    models = [curve.model for curve in curves]
    shown = list(zip(curves, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    rows: list[dict[str, object]] = []
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        lengths = sorted({n for curve in curves for n in curve.points})
        for axes, part in zip(panels, parts, strict=True):
            rows += _draw_panel(axes, part, finding)
            most = TICKS if len(parts) > 1 else TICKS_ALONE
            scales.length_scale(axes, every_other(lengths, most))
            axes.set_xlabel("length tested at (steps)")
        scales.score_scale(panels, score)
        for axes, part in zip(panels, parts, strict=True):
            chances = {point for curve, _ in part for point in curve.chances.items()}
            levels = {(n, level) for n, level in chances if level is not None}
            scales.chance_curve(axes, levels, score.show)
        for axes in leftmost:
            axes.set_ylabel(f"test {score.axis}")
        intervals = [i for curve in curves for i in curve.points.values() if i is not None]
        counts = sorted({interval.n for interval in intervals})
        note = (
            "one seed; bars: 95% over test examples"
            if finding.alone or counts == [1]
            else f"{style.seeds_note(counts, intervals)}; dots: single seeds"
        )
        data = words.data_name(finding.data, finding.synthetic)
        style.title(canvas, f"{_seen(finding)}, on {data}\n{note}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _seen(finding: CarryingOver) -> str:
    """What the figure shows, in a sentence."""
    groups = finding.groups
    carried = groups[0].carried if len(groups) == 1 else None
    if carried is None or carried.median is None:
        trained = titles.span([group.trained_at for group in groups])
        what = f"{finding.score.axis.capitalize()} at other lengths than the {trained} trained at"
        whole = sum(map(_carries_to_the_end, groups))
        if len(groups) == 1 or not whole:
            return what
        settings = titles.counted(whole, len(groups), "settings")
        return f"{what}:\nevery seed carries over to the longest tested in {settings}"
    held = reach_in_words(carried.median.middle, 1, "×")
    if carried.median.middle.held == carried.farthest:
        held = f"{number(carried.farthest)}×, the longest tested"
    of = "it carries" if finding.alone else "the median seed carries"
    return f"Trained at length {groups[0].trained_at}, {of} over to {held}"


def _carries_to_the_end(group: CarryingGroup) -> bool:
    """Whether every one of its seeds has learned and does."""
    carried = group.carried
    if carried is None or carried.not_learned or not carried.reaches:
        return False
    return all(reach.held == carried.farthest for reach in carried.reaches.values())


def _draw_panel(
    axes: Axes, part: Sequence[tuple[CarryingGroup, looks.Look]], finding: CarryingOver
) -> list[dict[str, object]]:
    labels = [words.label(curve.label) for curve, _ in part]
    names = style.name_panel(axes, labels)
    rows: list[dict[str, object]] = []
    for index, (curve, look) in enumerate(part):
        points = {n: interval for n, interval in curve.points.items() if interval is not None}
        values = {n: [run[n] for run in curve.each if n in run] for n in points}
        scales.score_line(
            axes, [(n, points[n], values[n]) for n in sorted(points)], (index, len(part)),
            {**look.points, "markerfacecolor": "white"}, names[index],
        )  # fmt: skip
        for n in sorted(points):
            place = {"line": labels[index], "trained_at": curve.trained_at, "length": n}
            rows += numbers.over_seeds(
                place, finding.score.name, points[n], values[n], chance=curve.chances.get(n)
            )
        # of one seed it may not be finite, and of seeds that lie apart no mean is like any of them
        if curve.trained_at not in points or points[curve.trained_at].apart:
            continue
        axes.plot(
            curve.trained_at, points[curve.trained_at].mean, color=look.color, marker=look.marker,
            markersize=8, transform=scales.beside(axes, index, len(part)),
        )  # fmt: skip
    axes.plot([], [], "o", color="#888888", markersize=8, label="length trained at")
    return rows
