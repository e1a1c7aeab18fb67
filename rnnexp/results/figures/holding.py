"""The score of trained networks by distance, and how far each seed holds."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.findings.holding import Holding
from rnnexp.results.held import HELD, HeldGroup
from rnnexp.results.tested import number, reach_in_words

#: Lines of one panel that can be told apart.
MAX_LINES = 4
#: Ticks that have room below a panel of its own, and below one of several.
TICKS_ALONE, TICKS = 8, 5


def draw(finding: Holding, folder: Path) -> list[Path]:
    """holding.png and .svg: a line per group, the lengths trained on shaded.

    One seed: the interval over test examples; several: that over seeds, or each seed.
    """
    groups = finding.groups
    models = [group.model for group in groups]
    shown = list(zip(groups, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    rows: list[dict[str, object]] = []
    with style.panels(len(parts), width=4.2, width_alone=6.0) as (canvas, panels, leftmost):
        places = sorted({at.place for group in groups for at in group.points})
        for axes, part in zip(panels, parts, strict=True):
            rows += _draw_panel(axes, part, finding)
            scales.length_scale(axes, every_other(places, TICKS if len(parts) > 1 else TICKS_ALONE))
            axes.set_xlabel(
                scales.LENGTH_AXES["data.distance"]
                if finding.axis == "distance"
                else "length tested at (steps)"
            )
        scales.score_scale(panels, finding.score)
        for axes, part in zip(panels, parts, strict=True):
            _draw_levels(axes, finding, part)
        for axes in leftmost:
            axes.set_ylabel(f"test {finding.score.axis}")
        intervals = [i for group in groups for at in group.points if (i := at.interval)]
        counts = sorted({interval.n for interval in intervals})
        note = (
            "one seed; bars: 95% over test examples"
            if finding.alone
            else f"{style.seeds_note(counts, intervals)}; dots: single seeds"
        )
        data = words.data_name(finding.data, finding.synthetic)
        style.title(canvas, f"{_seen(finding, data)}\n{note}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def every_other(places: Sequence[int], most: int) -> list[int]:
    """At most so many places for ticks, evenly chosen, the last among them.

    >>> every_other([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560], most=5)
    [10, 40, 160, 640, 2560]
    """
    step = -(-len(places) // most)
    return list(places[::-1][::step][::-1])


def _seen(finding: Holding, data: str) -> str:
    """What the figure shows, in a sentence or two."""
    what = f"{finding.score.name.capitalize()} by {finding.axis} on {data}"
    trained = {group.trained for group in finding.groups}
    on = f"trained on lengths {trained.pop()}" if len(trained) == 1 else "trained on those shaded"
    if len(finding.groups) > 1:
        whole = [group for group in finding.groups if _holds_to_the_end(group)]
        if not whole:
            return f"{what}, {on}"
        held = titles.counted(len(whole), len(finding.groups), "settings")
        return f"{what}, {on}:\nevery seed holds to the farthest tested in {held}"
    (group,) = finding.groups
    median = group.median.middle
    held = reach_in_words(median, group.first)
    if median.held == group.farthest:
        held = f"{number(group.farthest)}, the farthest tested"
    of = "it holds" if finding.alone else "the median seed holds"
    return f"{what}, {on}:\n{of} to {held}"


def _holds_to_the_end(group: HeldGroup) -> bool:
    """Whether every one of its seeds, of several, does."""
    rate = group.to_the_farthest
    return rate.successes == rate.n


def _draw_panel(
    axes: Axes, part: Sequence[tuple[HeldGroup, looks.Look]], finding: Holding
) -> list[dict[str, object]]:
    labels = [words.label(group.label) for group, _ in part]
    names = style.name_panel(axes, labels)
    rows: list[dict[str, object]] = []
    for index, (group, look) in enumerate(part):
        points = []
        for at in group.points:
            if at.interval is None:
                continue
            values = [value for value in at.by_seed.values() if value is not None]
            points.append((at.place, at.interval, values))
            place = {"line": labels[index], group.axis: at.place}
            rows += numbers.over_seeds(
                place, finding.score.name, at.interval, values, chance=at.chance
            )
        scales.score_line(axes, points, (index, len(part)), look.points, names[index])
    return rows


def _draw_levels(
    axes: Axes, finding: Holding, part: Sequence[tuple[HeldGroup, looks.Look]]
) -> None:
    """Chance, halfway from it to perfect, and the lengths trained on."""
    points = [at for group, _ in part for at in group.points if at.chance is not None]
    levels = {(at.place, at.chance) for at in points if at.chance is not None}
    scales.chance_curve(axes, levels, finding.score.show)
    chances = {level for _, level in levels}
    perfect = finding.score.perfect
    if len(chances) == 1 and perfect is not None:
        (chance,) = chances
        axes.axhline(
            chance + HELD * (perfect - chance), color="#888888", linewidth=0.9, linestyle="--",
            label="halfway from chance to perfect", zorder=1,
        )  # fmt: skip
    left, right = axes.get_xlim()
    for lengths, offset in dict.fromkeys(
        (group.lengths, 1 if group.axis == "distance" else 0) for group, _ in part
    ):
        low, high = (length - offset for length in lengths)
        if low == high:
            axes.axvline(
                low, color="#BBBBBB", linewidth=3, zorder=0, label="the length trained at"
            )  # fmt: skip
            continue
        span = axes.axvspan(
            max(low, left), min(high, right), color="#DDDDDD", alpha=0.5, linewidth=0,
            label="lengths trained on", zorder=0,
        )  # fmt: skip
        span.sticky_edges.y.clear()  # which would take the room above a perfect score
    axes.set_xlim(left, right)
