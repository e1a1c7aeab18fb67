"""The gradient's gain per step that the initial weights predict, against what is measured."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.gain import Gain, GainPoint

#: A prediction is near by a factor of e to this.
NEAR = math.log(1.1)


#: Panels in a row.
MAX_COLUMNS = 3


def draw(finding: Gain, folder: Path) -> list[Path]:
    """gain.png and .svg: a panel per model, a point per untrained run at the longest length.

    On the diagonal theory and measurement agree. Gated cells have a prediction for their direct
    path alone, and weights that are no random matrix have none: those stand at the left edge.
    """
    every = [point for points in finding.points.values() for point in points]
    inits = list(dict.fromkeys(point.init for point in every))
    models = list(dict.fromkeys(point.model for point in every))
    known = [p for p in every if p.predicted is not None]
    values = [p.measured for p in every] + [p.predicted for p in known if p.predicted]
    low, high = min(*values, 0.9) / 1.4, max(*values, 1.0) * 1.4
    with style.panels(len(models), MAX_COLUMNS, width=3.8, width_alone=4.4) as (
        canvas,
        panels,
        leftmost,
    ):
        for axes, model in zip(panels, models, strict=True):
            for index, init in enumerate(inits):
                points = [p for p in every if (p.init, p.model) == (init, model)]
                if points:
                    _draw_points(axes, points, index, low)
            _draw_frame(axes, low, high)
            style.panel_title(axes, words.model_name(model))
        for axes in leftmost:
            axes.set_ylabel("measured, untrained")
        style.title(canvas, _title(every, known), 10)
        style.name_lines(canvas, panels, each=True, points=True)
        rows = [
            {"line": label, "predicted_gain_per_step": point.predicted,
             "measured_gain_per_step": point.measured}
            for label, points in finding.points.items() for point in points
        ]  # fmt: skip
        return [style.save(canvas, folder, finding.name, rows)]


def _title(every: Sequence[GainPoint], known: Sequence[GainPoint]) -> str:
    within = sum(abs(math.log(p.measured / p.predicted)) < NEAR for p in known if p.predicted)
    seen = f"\npredicted to within {math.expm1(NEAR):.0%} in {within} of {len(known)} runs"
    edge = "; at the left edge: without a prediction" if len(known) < len(every) else ""
    return (
        "What the gradient's norm is multiplied by at each step back, by initialisation"
        f"{seen if known else ''}{edge}\na point: one seed"
    )


def _draw_points(axes: Axes, points: Sequence[GainPoint], index: int, edge: float) -> None:
    look = looks.look(points[0].model, index)
    name = f"{points[0].init.replace('=', ' ')} init"
    axes.plot(
        [p.predicted or edge for p in points], [p.measured for p in points], color=look.color,
        marker=look.marker, markersize=6, alpha=0.85, linestyle="none", markeredgecolor="white",
        markeredgewidth=0.4, clip_on=False,
        label=name + ("" if points[0].predicted else " (not predicted)"),
    )  # fmt: skip


def _draw_frame(axes: Axes, low: float, high: float) -> None:
    axes.plot(
        [low, high], [low, high], color="#888888", linewidth=0.9, zorder=1, label="as predicted"
    )
    axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1,
                 label="neither grows nor falls")  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        if high / low < 300:
            subs = (1.0, 2.0, 3.0, 5.0, 7.0) if high / low < 20 else (1.0, 2.0, 5.0)
            axis.set_major_locator(LogLocator(subs=subs, numticks=12))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_xlabel("predicted from the initial weights")
