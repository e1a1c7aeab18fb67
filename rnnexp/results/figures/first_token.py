"""The gradient that reaches the first token, against the length of the sequence."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.first_token import FirstToken, FirstTokenLine
from rnnexp.results.statistics import log_interval

#: Lines of one panel that can be told apart.
MAX_LINES = 6


def draw(finding: FirstToken, folder: Path) -> list[Path]:
    """first_token.png and .svg: a line per setting, geometric mean and 95% interval over seeds,
    untrained where that was measured.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        for axes, part in zip(panels, parts, strict=True):
            _draw_panel(axes, part)
            # over a linear axis an exponential is a straight line
            scales.log_scale(axes)
            axes.set_xticks(finding.lengths)
            axes.set_xlabel("sequence length (steps)")
        for axes in leftmost:
            axes.set_ylabel("‖∂L/∂e₁‖ of the first step")
        missing = any(
            log_interval(point.norms).n < point.runs
            for line in finding.lines
            for point in line.points
        )
        note = "; beyond the range of float64 left out" if missing else ""
        state = ", untrained" if finding.untrained else ""
        seeds = sorted({len(point.norms) for line in finding.lines for point in line.points})
        about = style.seeds_note(seeds).replace("mean", "geometric mean")
        style.title(canvas, f"Gradient reaching the first step{state}\n{about}{note}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, part: Sequence[tuple[FirstTokenLine, looks.Look]]) -> None:
    for index, (line, look) in enumerate(part):
        points = []
        for point in line.points:
            positive = [norm for norm in point.norms if 0 < norm < math.inf]
            if positive:
                points.append((point.length, log_interval(positive), positive))
        scales.score_line(
            axes, points, (index, len(part)), look.points,
            words.wrapped(words.label(line.label), 40),
        )  # fmt: skip
