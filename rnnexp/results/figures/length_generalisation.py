"""The score at lengths that a network was not trained on."""

from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.findings.length_generalisation import LengthGeneralisation


def draw(finding: LengthGeneralisation, folder: Path) -> list[Path]:
    """length_generalisation.png and .svg: a line per group, filled at the length trained at.

    One seed: the interval over test examples; several: that over seeds, or each seed.
    """
    with style.figure(6.6, 4.2) as (canvas, (axes,)):
        curves, score = finding.curves, finding.score
        distinct = len({curve.model for curve in curves}) == len(curves)
        for index, curve in enumerate(curves):
            look, points = style.look(curve.model), curve.points
            color = look.color if distinct else style.series_color(index)
            x = sorted(points)
            axes.plot(
                x, [points[n].mean for n in x], color=color, marker=look.marker,
                markerfacecolor="white", linestyle=style.LINE_STYLES[index % 4],
                label=style.wrapped(style.label(curve.label), 30),
            )  # fmt: skip
            for scores in curve.each:
                there = sorted(scores)
                axes.plot(there, [scores[n] for n in there], color=color, linewidth=0.6, alpha=0.7)
            banded = [n for n in x if points[n].low is not None]
            axes.fill_between(
                banded, [points[n].low or 0.0 for n in banded],
                [points[n].high or 0.0 for n in banded], color=color, alpha=0.15, linewidth=0,
            )  # fmt: skip
            trained = points[curve.trained_at]
            axes.plot(curve.trained_at, trained.mean, look.marker, color=color, markersize=9)
        axes.plot([], [], "o", color="#888888", markersize=9, label="length trained at")
        chances = {point for curve in curves for point in curve.chances.items()}
        style.chance_curve(axes, {(n, level) for n, level in chances if level is not None})
        style.length_scale(axes, sorted({n for curve in curves for n in curve.points}))
        axes.set_xlabel("length tested at (steps)")
        axes.set_ylabel(f"test {score.axis}")
        if score.logarithmic:
            axes.set_yscale("log")
        style.score_axis(axes.yaxis, score)
        if score.percent:
            style.within(axes, -0.02, 1.02)
        intervals = [interval for curve in curves for interval in curve.points.values()]
        counts = sorted({interval.n for interval in intervals})
        note = (
            "one seed; band: 95% over test examples"
            if counts == [1]
            else f"{style.seeds_note(counts, intervals)}, thin: each"
        )
        data = style.data_name(finding.data, finding.synthetic)
        axes.set_title(f"Other lengths, {data} ({note})".replace("\n", " "), fontsize=9)
        axes.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]
