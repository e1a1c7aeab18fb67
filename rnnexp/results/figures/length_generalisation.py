"""The score at lengths that a network was not trained on."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results.figures import looks, scales, style, words
from rnnexp.results.findings.length_generalisation import LengthCurve, LengthGeneralisation

#: Lines of one panel that can be told apart.
MAX_LINES = 5


def draw(finding: LengthGeneralisation, folder: Path) -> list[Path]:
    """length_generalisation.png and .svg: a line per group, filled at the length trained at.

    One seed: the interval over test examples; several: that over seeds, or each seed.
    """
    score, curves = finding.score, finding.curves
    models = [curve.model for curve in curves]
    shown = list(zip(curves, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        lengths = sorted({n for curve in curves for n in curve.points})
        for axes, part in zip(panels, parts, strict=True):
            _draw_panel(axes, part)
            scales.length_scale(axes, lengths)
            axes.set_xlabel("length tested at (steps)")
        scales.score_scale(panels, score)
        for axes, part in zip(panels, parts, strict=True):
            chances = {point for curve, _ in part for point in curve.chances.items()}
            levels = {(n, level) for n, level in chances if level is not None}
            scales.chance_curve(axes, levels, score.show)
        for axes in leftmost:
            axes.set_ylabel(f"test {score.axis}")
        intervals = [interval for curve in curves for interval in curve.points.values()]
        counts = sorted({interval.n for interval in intervals})
        note = (
            "one seed; bars: 95% over test examples"
            if counts == [1]
            else f"{style.seeds_note(counts, intervals)}; dots: single seeds"
        )
        data = words.data_name(finding.data, finding.synthetic)
        style.title(canvas, f"Other lengths than trained at, on {data}\n{note}", 10)
        style.legend(canvas, panels)
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, part: Sequence[tuple[LengthCurve, looks.Look]]) -> None:
    for index, (curve, look) in enumerate(part):
        points = curve.points
        scales.score_line(
            axes,
            [(n, points[n], [run[n] for run in curve.each if n in run]) for n in sorted(points)],
            (index, len(part)), {**look.points, "markerfacecolor": "white"},
            words.wrapped(words.label(curve.label), 40),
        )  # fmt: skip
        axes.plot(
            curve.trained_at, points[curve.trained_at].mean, color=look.color, marker=look.marker,
            markersize=8, transform=scales.beside(axes, index, len(part)),
        )  # fmt: skip
    axes.plot([], [], "o", color="#888888", markersize=8, label="length trained at")
