"""The gradient that reaches the first token, against the length of the sequence."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figure_files import Numbers
from rnnexp.results.figures import looks, numbers, scales, style
from rnnexp.results.findings.first_token import FirstToken, FirstTokenLine, FirstTokenPoint
from rnnexp.results.statistics import Interval, log_interval

#: Lines of one panel that can be told apart.
MAX_LINES = 6


def draw(finding: FirstToken, folder: Path) -> list[Path]:
    """first_token.png and .svg: a panel per model where there are many lines, a line per setting,
    geometric mean and 95% interval over seeds, untrained where that was measured.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    rows: list[dict[str, object]] = []
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        for axes, part in zip(panels, parts, strict=True):
            rows += _draw_panel(axes, part)
            # over a linear axis an exponential is a straight line
            scales.log_scale(axes)
            axes.set_xticks(finding.lengths)
            axes.set_xlabel("sequence length (steps)")
        for axes in leftmost:
            axes.set_ylabel("gradient norm ‖∂L/∂e₁‖ at the first step")
        style.title(canvas, _title(finding), 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _title(finding: FirstToken) -> str:
    points = [point for line in finding.lines for point in line.points]
    seeds = sorted({len(point.norms) for point in points})
    about = style.seeds_note(seeds, [_interval(p) for p in points]).replace(
        "mean", "geometric mean"
    )
    dots = "" if seeds == [1] else "; dots: single seeds"
    missing = any(len(_positive(point)) < point.runs for point in points)
    note = "; beyond the range of float64 left out" if missing else ""
    state = ", untrained" if finding.untrained else ""
    return f"Gradient that reaches the first step, by length{state}\n{about}{dots}{note}"


def _positive(point: FirstTokenPoint) -> list[float]:
    return [norm for norm in point.norms if 0 < norm < math.inf]


def _interval(point: FirstTokenPoint) -> Interval:
    return log_interval(_positive(point))


def _draw_panel(axes: Axes, part: Sequence[tuple[FirstTokenLine, looks.Look]]) -> Numbers:
    labels = [words.label(line.label) for line, _ in part]
    names = style.name_panel(axes, labels)
    rows: list[dict[str, object]] = []
    for index, (line, look) in enumerate(part):
        points = [
            (point.length, _interval(point), values)
            for point in line.points
            if (values := _positive(point))
        ]
        scales.score_line(axes, points, (index, len(part)), look.points, names[index])
        for length, interval, values in points:
            place = {"line": labels[index], "length": length}
            rows += numbers.over_seeds(place, "gradient_norm", interval, values)
    return rows
