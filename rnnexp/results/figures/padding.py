"""Where the pads stand and where the answer is read: a panel for each pair, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.padding import SETTINGS, Padding, PaddingScore

#: Readouts in the order of their panels; others follow.
READOUTS = ("last", "last_valid", "mean", "max")


def draw(finding: Padding, folder: Path) -> list[Path]:
    """padding.png and .svg: means, 95% intervals as bars, each seed as a dot."""
    paddings = sorted({score.padding for score in finding.scores})
    there = dict.fromkeys([*READOUTS, *(score.readout for score in finding.scores)])
    readouts = [r for r in there if any(score.readout == r for score in finding.scores)]
    variants = list(dict.fromkeys(score.others for score in finding.scores))
    size = 1.0 + 2.9 * len(readouts), 0.9 + 2.6 * len(paddings)
    with style.grid(*size, len(paddings), len(readouts), True) as (canvas, table):
        for padding, row in zip(paddings, table, strict=True):
            for readout, axes in zip(readouts, row, strict=True):
                place = padding, readout
                panel = [s for s in finding.scores if (s.padding, s.readout) == place]
                _draw_panel(axes, panel, variants)
                pair = zip(SETTINGS, place, strict=True)
                style.panel_title(axes, ", ".join(words.setting(*part) for part in pair), 9)
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
        style.title(canvas, f"Padding and readout on {data}\n{note}{dots}", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, panel: Sequence[PaddingScore], variants: Sequence[Any]) -> None:
    lines: dict[tuple[str, Any], list[PaddingScore]] = {}
    for point in panel:
        lines.setdefault((point.model, point.others), []).append(point)
    for index, ((model, others), points) in enumerate(lines.items()):
        named = [words.model_name(model), *(words.setting(*setting) for setting in others)]
        scales.score_line(
            axes, [(point.length, point.interval, point.values) for point in points],
            (index, len(lines)), looks.look(model, variants.index(others)).points,
            words.wrapped(", ".join(named), 40),
        )  # fmt: skip
    if panel:
        scales.length_scale(axes, sorted({point.length for point in panel}))
