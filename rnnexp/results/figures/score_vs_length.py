"""The score against the length: a panel per data set and variant, a line per model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.findings.score_vs_length import LengthLine, LengthPanel, ScoreVsLength

#: Lines of one panel that can be told apart, bars and dots included, where there are several
#: variants; and models, of one.
MAX_LINES, MAX_MODELS = 4, 6
MAX_COLUMNS = 4


def draw(finding: ScoreVsLength, folder: Path) -> list[Path]:
    """score_vs_length.png and .svg: means, 95% intervals as bars, each seed as a dot.

    Where that makes more than `MAX_LINES` lines on one data set, each variant has a panel; of more
    than `MAX_MODELS` models each has one, with the others' means behind it in grey.
    """
    parts = [part for panel in finding.panels for part in _parts(panel)]
    several_data = len(finding.panels) > 1
    rows: list[dict[str, object]] = []
    with style.panels(len(parts), MAX_COLUMNS, 3.4, 5.8) as (canvas, panels, leftmost):
        for axes, (data, heading, lines) in zip(panels, parts, strict=True):
            named = words.data_name(data.data, data.synthetic)
            panel = ", ".join([named] * several_data + [heading] * bool(heading))
            rows += _draw_panel(axes, lines, {"panel": panel, "data": data.data}, finding)
            style.panel_title(axes, panel)
            if _one_each(data):
                _draw_others(axes, data.lines, lines[0])
        scales.score_scale(panels, finding.score)
        for axes, (_, _, lines) in zip(panels, parts, strict=True):
            levels = {(p.length, c) for line in lines for p in line.points for c in p.chance}
            scales.chance_curve(axes, levels, finding.score.show)
        columns = -(-len(panels) // len(leftmost))
        for axes in panels[-columns:]:  # the lowest of each column
            axes.set_xlabel(scales.LENGTH_AXES[finding.axis])
        for axes in leftmost:
            axes.set_ylabel(f"test {finding.score.axis}")
        points = [p for panel in finding.panels for line in panel.lines for p in line.points]
        data = finding.panels[0]
        on = "" if several_data else f" on {words.data_name(data.data, data.synthetic)}"
        note = style.seeds_note(
            sorted({point.interval.n for point in points}), [point.interval for point in points]
        )
        dots = "" if note.startswith("one") else "; dots: single seeds"
        if any(map(_one_each, finding.panels)):
            dots += "; grey: the other models"
        style.title(canvas, f"{_sentence(finding)}{on}\n{note}{dots}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _sentence(finding: ScoreVsLength) -> str:
    """What is seen; which line is ahead at the greatest length, where its interval lies apart."""
    what = f"Test {finding.score.axis}"
    axis = "length" if finding.axis == "seq_len" else "distance"
    longest = max(p.length for panel in finding.panels for line in panel.lines for p in line.points)
    there = {
        _line_name(line, several=True): point.interval
        for panel in finding.panels
        for line in panel.lines
        for point in line.points
        if point.length == longest
    }
    best = titles.ahead(finding.score, there) if len(finding.panels) == 1 else None
    return f"{what}: {best} ahead at {longest} steps" if best else f"{what} by {axis}"


def _line_name(line: LengthLine, several: bool) -> str:
    named = [words.model_name(line.model)]
    if several and line.variant:
        named.append(_in_words(line.variant))
    return ", ".join(named)


def _parts(panel: LengthPanel) -> list[tuple[LengthPanel, str, Sequence[LengthLine]]]:
    """A data set's lines in one panel, or in one for each variant, or of many models in one for
    each; with the variant, or the model, in words.
    """
    variants = list(dict.fromkeys(line.variant for line in panel.lines))
    models = {line.model for line in panel.lines}
    together = len(panel.lines) <= MAX_LINES or len(variants) == 1
    if len(models) == 1 and len(variants) <= 2 * MAX_LINES:
        together = True
    if _one_each(panel):
        return [(panel, _line_name(line, several=True), [line]) for line in panel.lines]
    if together:
        common = variants[0] if len(variants) == 1 else ()
        return [(panel, _in_words(common), panel.lines)]
    return [
        (panel, _in_words(variant), [line for line in panel.lines if line.variant == variant])
        for variant in variants
    ]


def _one_each(panel: LengthPanel) -> bool:
    """Whether each model has a panel."""
    models, variants = ({getattr(line, of) for line in panel.lines} for of in ("model", "variant"))
    return len(variants) == 1 and len(models) > MAX_MODELS


def _in_words(variant: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(words.setting(name, value) for name, value in variant)


def _draw_others(axes: Axes, lines: Sequence[LengthLine], but: LengthLine) -> None:
    for line in lines:
        if line is not but:
            axes.plot(
                [point.length for point in line.points],
                [point.interval.mean for point in line.points],
                color="#CCCCCC", linewidth=1.0, zorder=1.5,
            )  # fmt: skip


def _draw_panel(
    axes: Axes,
    lines: Sequence[LengthLine],
    place: dict[str, object],
    finding: ScoreVsLength,
) -> list[dict[str, object]]:
    variants = list(dict.fromkeys(line.variant for line in lines))
    rows: list[dict[str, object]] = []
    for index, line in enumerate(lines):
        name = _line_name(line, len(variants) > 1)
        scales.score_line(
            axes, [(point.length, point.interval, point.values) for point in line.points],
            (index, len(lines)), looks.look(line.model, variants.index(line.variant)).points,
            "" if str(place["panel"]).endswith(name) else name,  # the panel is called so
        )  # fmt: skip
        for point in line.points:
            rows += numbers.over_seeds(
                {**place, "line": name, finding.axis: point.length}, finding.score.name,
                point.interval, point.values, chance="; ".join(map(str, point.chance)),
            )  # fmt: skip
    points = [point for line in lines for point in line.points]
    scales.length_scale(axes, sorted({point.length for point in points}))
    return rows
