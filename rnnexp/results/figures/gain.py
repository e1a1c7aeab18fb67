"""The gradient's gain per step that the initial weights predict, against what is measured."""

from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.gain import Gain


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
    with style.figure(5.6, 4.6) as (canvas, (axes,)):
        axes.plot([low, high], [low, high], color="#888888", linewidth=0.9, label="equal")
        axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8, linestyle=(0, (1, 2)))
        for index, init in enumerate(inits):
            for model in dict.fromkeys(point.model for point in every):
                points = [p for p in every if (p.init, p.model) == (init, model)]
                if points:
                    named = f"{words.model_name(model)}, {init.replace('=', ' ')} init"
                    axes.plot(
                        [p.predicted or low for p in points], [p.measured for p in points],
                        color=looks.look(model).color, marker=looks.marker(index), markersize=6,
                        alpha=0.75, linestyle="none", markeredgecolor="white",
                        markeredgewidth=0.4, clip_on=False,
                        label=words.wrapped(
                            named + ("" if points[0].predicted else " (not predicted)"), 30
                        ),
                    )  # fmt: skip
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
        axes.set_xlabel("gain per step predicted from the initial weights")
        axes.set_ylabel("gain per step measured, untrained")
        style.title(canvas, "What the gradient's norm is multiplied by at each step back", 10)
        style.legend(canvas, [axes], "right")
        return [style.save(canvas, folder, finding.name)]
