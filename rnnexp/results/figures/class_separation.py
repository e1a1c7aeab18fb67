"""How far apart the classes lie in the state, and below it who is right: a reader, the network."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style
from rnnexp.results.figures.holding import TICKS, every_other
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.class_separation import ClassSeparation, SeparatedGroup
from rnnexp.results.statistics import Interval
from rnnexp.scores import ACCURACY

#: Groups that stand side by side.
MAX_COLUMNS = 4


def draw(finding: ClassSeparation, folder: Path) -> list[Path]:
    """class_separation.png and .svg: a column per group, after training.

    Above: the scatter between classes over that within, along the longest sequence, a line per
    seed, and what shuffled labels: 95% stay below. Below: accuracy at each tested length, of a
    linear reader of the state and of the network.
    """
    groups = finding.groups[:MAX_COLUMNS]
    columns = len(groups)
    width = 5.4 if columns == 1 else 1.2 + 3.4 * columns
    with style.grid(width, 6.2, 2, columns, share_y="row") as (canvas, (above, below)):
        shown = looks.looks_of([group.model for group in groups])
        rows: list[dict[str, object]] = []
        for axes, group, look in zip(above, groups, shown, strict=True):
            rows += _draw_scatter(axes, group, look)
            style.panel_title(axes, words.label(group.label), 9)
        for axes, group, look in zip(below, groups, shown, strict=True):
            rows += _draw_accuracies(axes, group, look, finding.chance)
            distance = group.axis == "distance"
            axes.set_xlabel(scales.LENGTH_AXES["data.distance"] if distance else "length (steps)")
        scales.score_scale(below, ACCURACY)
        lowest = min(axes.dataLim.y0 for axes in below)
        for axes in below:
            if finding.chance is not None:
                scales.chance_line(axes, finding.chance)
                lowest = min(lowest, finding.chance)
            axes.set_ylim(max(-0.02, lowest - 0.04), 1.03)
        for axes in above:
            scales.log_scale(axes)
        above[0].set_ylabel("scatter of the state:\nbetween classes / within")
        below[0].set_ylabel("accuracy")
        for top, bottom in zip(above, below, strict=True):
            ends = [*top.get_xlim(), *bottom.get_xlim()]
            top.set_xlim(min(ends), max(ends))
            bottom.set_xlim(min(ends), max(ends))
        data = words.data_name(finding.data, finding.synthetic)
        several = any(len(group.runs) > 1 for group in groups)
        title = f"Is the class still in the state? Trained on {data}"
        over = "seeds; dots: each" if several else "examples"
        if columns == 1 and (words_of := groups[0].in_words):
            title += "\nthe state holds it to {}, the answer to {}".format(*words_of)
        if len(finding.groups) > columns:
            title += f"\nthe first {columns} of {len(finding.groups)} settings"
        title += f"\n(bars: 95% interval over {over})"
        style.title(canvas, title, 10)
        style.name_lines(canvas, [*above, *below], width=18)
        return [style.save(canvas, folder, finding.name, rows)]


def _draw_scatter(axes: Axes, group: SeparatedGroup, look: looks.Look) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for place, run in enumerate(group.runs):
        later_S = run.steps_S > 0
        x_S = run.steps_S[later_S]
        ratio_S = scales.on_log_axis(run.ratio_S[later_S])
        shuffled_S = scales.on_log_axis(run.shuffled_S[later_S])
        axes.plot(
            x_S, ratio_S, color=look.color, linewidth=1.1, alpha=0.8,
            label=None if place else "classes",
        )  # fmt: skip
        axes.plot(
            x_S, shuffled_S, ":", color="#777777", linewidth=0.9,
            label=None if place else "shuffled labels: 95% stay below",
        )  # fmt: skip
        rows += along(
            {"panel": "scatter", "line": words.label(group.label), "seed": run.seed},
            **{group.axis: x_S}, between_over_within=ratio_S, shuffled_95=shuffled_S,
        )  # fmt: skip
    _along_scale(axes, group)
    return rows


def _along_scale(axes: Axes, group: SeparatedGroup) -> None:
    """Ticks at the tested places; where there is one alone, at powers of two on the way to it."""
    ticks = _ticks(group)
    if len(ticks) == 1 and ticks[0] > 2:
        ticks = [2**power for power in range(1, int(np.log2(ticks[0])) + 1)]
    scales.length_scale(axes, ticks)


def _draw_accuracies(
    axes: Axes, group: SeparatedGroup, look: looks.Look, chance: float | None
) -> list[dict[str, object]]:
    """The network's own answers filled, those of the reader open."""
    rows: list[dict[str, object]] = []
    kinds = ((True, "network's answer", look.color, "-"), (False, "linear reader", "white", "--"))
    for index, (answer, label, fill, dash) in enumerate(kinds):
        points: list[tuple[float, Interval, list[float]]] = []
        for n in group.places:
            interval = group.over_seeds(n, answer)
            if interval is None or n <= 0:
                continue
            each = [run.at[n] for run in group.runs if n in run.at]
            scores = [at.answer if answer else at.reader for at in each]
            values = [at.value for at in scores if at and at.value is not None]
            points.append((n, interval, values))
            place = {"panel": "accuracy", "line": words.label(group.label), "reads": label}
            rows += numbers.over_seeds(
                {**place, group.axis: n}, ACCURACY.name, interval, values, chance=chance
            )
        scales.score_line(
            axes, points, (index, 2),
            {"color": look.color, "marker": look.marker, "linestyle": dash,
             "markerfacecolor": fill}, label,
        )  # fmt: skip
    _along_scale(axes, group)
    return rows


def _ticks(group: SeparatedGroup) -> list[int]:
    places = [n for n in group.places if n > 0]
    longest = int(np.max([run.steps_S[-1] for run in group.runs]))
    return every_other(places or [longest], TICKS)
