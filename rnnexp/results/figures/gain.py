"""The gradient's gain per step that the initial weights predict, against what is measured."""

from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnexp.results.figures import style
from rnnexp.results.findings.gain import Gain

MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*", "h", "d"]


def draw(finding: Gain, folder: Path) -> list[Path]:
    """gain.png and .svg: a point per untrained run at the longest length.

    On the diagonal theory and measurement agree. Gated cells have a prediction for their direct
    path alone, and weights that are no random matrix have none: those stand at the left edge.
    """
    every = [point for points in finding.points.values() for point in points]
    inits = list(dict.fromkeys(point.init for point in every))
    known = [p for p in every if p.predicted is not None]
    values = [p.measured for p in every] + [p.predicted for p in known if p.predicted]
    low, high = min(values) / 1.4, max(values) * 1.4
    with style.figure(6.9, 4.6) as (canvas, (axes,)):
        axes.plot([low, high], [low, high], color="#888888", linewidth=0.9, label="equal")
        axes.axhline(1.0, color=style.CHANCE, linewidth=0.8, linestyle=(0, (1, 2)))
        for index, init in enumerate(inits):
            for model in dict.fromkeys(point.model for point in every):
                points = [p for p in every if (p.init, p.model) == (init, model)]
                if points:
                    axes.plot(
                        [p.predicted or low for p in points], [p.measured for p in points],
                        MARKERS[index % len(MARKERS)], color=style.look(model).color,
                        markersize=6, alpha=0.75, linestyle="none", markeredgecolor="white",
                        markeredgewidth=0.4, clip_on=False,
                        label=f"{style.model_name(model)}, {init}"
                        + ("" if points[0].predicted else " (not predicted)"),
                    )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 4.0, 6.0, 8.0)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel("gain per step predicted from the initial weights")
        axes.set_ylabel("gain per step measured, untrained")
        axes.set_title("What the gradient's norm is multiplied by at each step back", fontsize=10)
        canvas.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize=8)
        return [style.save(canvas, folder, finding.name)]
