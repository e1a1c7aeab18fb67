"""The score against the length, a line per model with a band over seeds."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rnnexp.results.figures import style
from rnnexp.results.findings.score_vs_length import LengthPanel, ScoreVsLength
from rnnexp.scores import Score


def draw(finding: ScoreVsLength, folder: Path) -> list[Path]:
    """score_vs_length.png and .svg: a panel per data set."""
    columns = len(finding.panels)
    with style.figure(2.6 + 5.2 * columns, 4.2, columns, share_y=True) as (canvas, panels):
        for axes, panel in zip(panels, finding.panels, strict=True):
            _draw_panel(axes, panel, finding.score)
            axes.set_title(style.data_name(panel.data, panel.synthetic), fontsize=10)
            axes.set_xlabel(style.LENGTH_AXES[finding.axis])
        panels[0].set_ylabel(f"test {finding.score.axis}")
        points = [
            point for panel in finding.panels for line in panel.lines for point in line.points
        ]
        legend: dict[str, Any] = {}
        for axes in panels:
            handles, labels = axes.get_legend_handles_labels()
            legend |= dict(zip(labels, handles, strict=True))
        canvas.legend(
            list(legend.values()), list(legend),
            loc="outside right center",
            title=style.seeds_note(
                sorted({point.interval.n for point in points}), [p.interval for p in points]
            ),
            fontsize=9, title_fontsize=9, alignment="left",
            handlelength=3.2,
        )  # fmt: skip
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, panel: LengthPanel, score: Score) -> None:
    variants = list(dict.fromkeys(tuple(v for _, v in line.variant) for line in panel.lines))
    for line in panel.lines:
        look = style.look(line.model)
        place = variants.index(tuple(value for _, value in line.variant))
        words = [style.model_name(line.model), *(_short(*setting) for setting in line.variant)]
        x = [point.length for point in line.points]
        intervals = [point.interval for point in line.points]
        axes.plot(
            x, [interval.mean for interval in intervals], color=look.color, marker=look.marker,
            linestyle=style.LINE_STYLES[place % len(style.LINE_STYLES)],
            label=style.wrapped(", ".join(words), width=40),
        )  # fmt: skip
        style.band(axes, x, intervals, look.color)
    points = [point for line in panel.lines for point in line.points]
    style.chance_curve(axes, {(p.length, level) for p in points for level in p.chance})
    style.length_scale(axes, sorted({point.length for point in points}))
    if score.logarithmic:
        axes.set_yscale("log")
    style.score_axis(axes.yaxis, score)
    if score.percent:
        style.within(axes, 0.0, 1.02)


def _short(factor: str, value: Any) -> str:
    """A setting in a legend: in words where it has some, else as it was given."""
    name = factor.rpartition(".")[2]
    if name == "readout":
        return {"last": "read at last step", "last_valid": "read at last word"}.get(
            str(value), f"readout {value}"
        )
    return f"{name}={value}"
