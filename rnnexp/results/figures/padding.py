"""Where the pads stand and where the answer is read: a panel for each pair, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, numbers, scales, style, titles
from rnnexp.results.findings.padding import SETTINGS, Padding, PaddingScore

#: Readouts in the order of their panels; others follow.
READOUTS = ("last", "last_valid", "mean", "max")


def draw(finding: Padding, folder: Path) -> list[Path]:
    """padding.png and .svg: means, 95% intervals as bars, each seed as a dot."""
    paddings = sorted({score.padding for score in finding.scores})
    there = dict.fromkeys([*READOUTS, *(score.readout for score in finding.scores)])
    readouts = [r for r in there if any(score.readout == r for score in finding.scores)]
    variants = list(dict.fromkeys(score.others for score in finding.scores))
    rows: list[dict[str, object]] = []
    size = 1.0 + 2.9 * len(readouts), 0.9 + 2.6 * len(paddings)
    with style.grid(*size, len(paddings), len(readouts), True) as (canvas, table):
        for padding, row in zip(paddings, table, strict=True):
            for readout, axes in zip(readouts, row, strict=True):
                place = padding, readout
                panel = [s for s in finding.scores if (s.padding, s.readout) == place]
                pair = zip(SETTINGS, place, strict=True)
                name = ", ".join(words.setting(*part) for part in pair)
                rows += _draw_panel(axes, panel, variants, name, finding.score.name)
                style.panel_title(axes, name, 9)
                if padding == paddings[-1]:
                    axes.set_xlabel(scales.LENGTH_AXES["seq_len"])
            row[0].set_ylabel(f"test {finding.score.axis}")
        panels = [axes for row in table for axes in row]
        scales.score_scale(panels, finding.score)
        levels = {(score.length, level) for score in finding.scores for level in score.chance}
        for axes in panels:
            scales.chance_curve(axes, levels, finding.score.show)
        counts = sorted({score.interval.n for score in finding.scores})
        data = words.data_name(finding.data, finding.synthetic)
        dots = "" if counts == [1] else "; dots: single seeds"
        note = style.seeds_note(counts, [score.interval for score in finding.scores])
        style.title(canvas, f"{_seen(finding)}, on {data}\n{note}{dots}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _seen(finding: Padding) -> str:
    """What reading behind the pads costs; only where whole intervals have it."""
    differences = [cost.lost.difference for cost in finding.costs if cost.lost is not None]
    lost = sum(d.low is not None and d.low > 0 for d in differences)
    if not lost:
        return f"Test {finding.score.axis} by where the pads are and where is read"
    settings = titles.counted(lost, len(differences), "settings")
    return f"Reading behind the pads makes test {finding.score.axis} worse in {settings}"


def _draw_panel(
    axes: Axes,
    panel: Sequence[PaddingScore],
    variants: Sequence[Any],
    heading: str,
    score: str,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    lines: dict[tuple[str, Any], list[PaddingScore]] = {}
    for point in panel:
        lines.setdefault((point.model, point.others), []).append(point)
    for index, ((model, others), points) in enumerate(lines.items()):
        named = [words.model_name(model), *(words.setting(*setting) for setting in others)]
        name = ", ".join(named)
        scales.score_line(
            axes, [(point.length, point.interval, point.values) for point in points],
            (index, len(lines)), looks.look(model, variants.index(others)).points,
            name,
        )  # fmt: skip
        for point in points:
            rows += numbers.over_seeds(
                {"panel": heading, "line": name, "length": point.length}, score, point.interval,
                point.values, chance="; ".join(map(str, point.chance)),
            )  # fmt: skip
    if panel:
        scales.length_scale(axes, sorted({point.length for point in panel}))
    return rows
