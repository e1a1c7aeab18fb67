"""How far apart the classes lie in the state, and below it who is right: a reader, the network."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.holding import TICKS, every_other
from rnnexp.results.findings.class_separation import ClassSeparation, SeparatedGroup
from rnnexp.results.statistics import Interval
from rnnexp.scores import ACCURACY

#: Groups that stand side by side.
MAX_COLUMNS = 4
#: In the legend, of lines that have the colour of their group.
_ANY = "#555555"


def draw(finding: ClassSeparation, folder: Path) -> list[Path]:
    """class_separation.png and .svg: a column per group, after training.

    Above: the scatter between classes over that within, along the longest sequence, a line per
    seed, and what 95% of shuffled labels stay below. Below: accuracy at each tested length, of a
    linear reader of the state and of the network.
    """
    groups = finding.groups[:MAX_COLUMNS]
    columns = len(groups)
    width = 5.4 if columns == 1 else 1.2 + 3.4 * columns
    with style.grid(width, 6.2, 2, columns, share_y="row") as (canvas, (above, below)):
        shown = looks.looks_of([group.model for group in groups])
        for axes, group, look in zip(above, groups, shown, strict=True):
            _draw_scatter(axes, group, look)
            style.panel_title(axes, words.label(group.label), 9)
        for axes, group, look in zip(below, groups, shown, strict=True):
            _draw_accuracies(axes, group, look)
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
        title = f"Is the class still in the state? Trained on {data}"
        if columns == 1 and (words_of := groups[0].in_words):
            title += "\nthe state holds it to {}, the answer to {}".format(*words_of)
        if len(finding.groups) > columns:
            title += f"\nthe first {columns} of {len(finding.groups)} settings"
        style.title(canvas, title, 10)
        style.legend(canvas, [*above, *below])
        return [style.save(canvas, folder, finding.name)]


def _draw_scatter(axes: Axes, group: SeparatedGroup, look: looks.Look) -> None:
    axes.plot([], [], color=_ANY, linewidth=1.1, label="classes (a line per seed)")
    for place, run in enumerate(group.runs):
        later_S = run.steps_S > 0
        x_S = run.steps_S[later_S]
        axes.plot(
            x_S, scales.on_log_axis(run.ratio_S[later_S]), color=look.color, linewidth=1.1,
            alpha=0.8,
        )  # fmt: skip
        axes.plot(
            x_S, scales.on_log_axis(run.shuffled_S[later_S]), ":", color="#888888", linewidth=0.9,
            label=None if place else "95% of shuffled labels stay below",
        )  # fmt: skip
    scales.length_scale(axes, _ticks(group))


def _draw_accuracies(axes: Axes, group: SeparatedGroup, look: looks.Look) -> None:
    """The network's own answers filled, those of the reader open."""
    kinds = ((True, "network's answer", look.color, "-"), (False, "linear reader", "white", "--"))
    for index, (answer, label, fill, dash) in enumerate(kinds):
        axes.plot(
            [], [], color=_ANY, marker="o", linestyle=dash,
            markerfacecolor=_ANY if answer else "white", label=label,
        )  # fmt: skip
        points: list[tuple[float, Interval, list[float]]] = []
        for n in group.places:
            interval = group.over_seeds(n, answer)
            if interval is None or n <= 0:
                continue
            each = [run.at[n] for run in group.runs if n in run.at]
            scores = [at.answer if answer else at.reader for at in each]
            points.append((n, interval, [at.value for at in scores if at and at.value is not None]))
        scales.score_line(
            axes, points, (index, 2),
            {"color": look.color, "marker": look.marker, "linestyle": dash,
             "markerfacecolor": fill}, "_",
        )  # fmt: skip
    scales.length_scale(axes, _ticks(group))


def _ticks(group: SeparatedGroup) -> list[int]:
    places = [n for n in group.places if n > 0]
    longest = int(np.max([run.steps_S[-1] for run in group.runs]))
    return every_other(places or [longest], TICKS)
