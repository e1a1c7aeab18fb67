"""Where the pads stand and where the answer is read: a panel for each pair, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rnnexp.results.figures import style
from rnnexp.results.findings.padding import Padding, PaddingScore
from rnnexp.scores import Score

#: Readouts in the order of their panels; others follow.
READOUTS = ("last", "last_valid", "mean", "max")
NAMES = {
    "last": "last step",
    "last_valid": "last word",
    "mean": "mean over words",
    "max": "maximum over words",
    "post": "pads behind",
    "pre": "pads before",
}


def draw(finding: Padding, folder: Path) -> list[Path]:
    """padding.png and .svg."""
    paddings = sorted({score.padding for score in finding.scores})
    there = dict.fromkeys([*READOUTS, *(score.readout for score in finding.scores)])
    readouts = [r for r in there if any(score.readout == r for score in finding.scores)]
    variants = list(dict.fromkeys(score.others for score in finding.scores))
    with style.grid(
        1.4 + 2.7 * len(readouts), 0.9 + 2.5 * len(paddings), len(paddings), len(readouts), True
    ) as (canvas, table):
        for padding, row in zip(paddings, table, strict=True):
            for readout, axes in zip(readouts, row, strict=True):
                place = padding, readout
                panel = [s for s in finding.scores if (s.padding, s.readout) == place]
                _draw_panel(axes, finding.score, panel, variants)
                axes.set_title(
                    f"{NAMES.get(padding, padding)}, read at {NAMES.get(readout, readout)}",
                    fontsize=9,
                )
                axes.set_xlabel("sequence length (steps)" if padding == paddings[-1] else "")
            row[0].set_ylabel(f"test {finding.score.axis}")
        counts = sorted({score.interval.n for score in finding.scores})
        data = style.data_name(finding.data, finding.synthetic)
        intervals = [score.interval for score in finding.scores]
        note = style.seeds_note(counts, intervals).replace("\n", " ")
        canvas.suptitle(f"Padding and readout on {data}: {note}", fontsize=11)
        legend: dict[str, Any] = {}
        for axes in (axes for row in table for axes in row):
            handles, labels = axes.get_legend_handles_labels()
            legend |= dict(zip(labels, handles, strict=True))
        canvas.legend(
            list(legend.values()), list(legend), loc="outside lower center", ncols=4, fontsize=9
        )
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(
    axes: Axes, score: Score, panel: Sequence[PaddingScore], variants: Sequence[Any]
) -> None:
    lines: dict[tuple[str, Any], list[PaddingScore]] = {}
    for point in panel:
        lines.setdefault((point.model, point.others), []).append(point)
    alone = len({point.length for point in panel}) == 1
    for index, ((model, others), points) in enumerate(lines.items()):
        look = style.look(model)
        # at one length side by side, so that equal scores do not hide each other
        shift = 2 ** (0.1 * (index - (len(lines) - 1) / 2)) if alone else 1
        x = [point.length * shift for point in points]
        intervals = [point.interval for point in points]
        words = [style.model_name(model), *(f"{name}={value}" for name, value in others)]
        axes.plot(
            x, [interval.mean for interval in intervals], color=look.color, marker=look.marker,
            linestyle=style.LINE_STYLES[variants.index(others) % len(style.LINE_STYLES)],
            label=style.wrapped(", ".join(words), 40),
        )  # fmt: skip
        style.band(axes, x, intervals, look.color)
    if panel:
        style.chance_curve(axes, {(p.length, level) for p in panel for level in p.chance})
        style.length_scale(axes, sorted({point.length for point in panel}))
        if alone:
            axes.set_xlim(panel[0].length / 1.5, panel[0].length * 1.5)
    if score.percent:
        style.within(axes, 0.0, 1.0)
    style.score_axis(axes.yaxis, score)
