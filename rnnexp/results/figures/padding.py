"""Where the pads stand and where the answer is read: a panel for each pair, side by side."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.figures.score_vs_length import (
    draw_band,
    draw_chance,
    length_scale,
    seeds_note,
)
from rnnexp.results.study import Group, Study

READOUTS = ("last", "last_valid", "mean", "max")
NAMES = {
    "last": "last step",
    "last_valid": "last word",
    "mean": "mean over words",
    "max": "maximum over words",
    "post": "pads behind",
    "pre": "pads before",
}
FACTORS = ("data.padding", "model.readout")


def draw(study: Study) -> Path | None:
    """plots/padding.png and .svg; None for a study that does not vary padding and readout."""
    if not set(FACTORS) <= set(study.factors) or "seq_len" not in study.factors:
        return None
    if set(study.factors) - {*FACTORS, "model", "seq_len"}:
        return None
    scored = [group for group in study.groups() if group.interval(study.score)]
    if not scored:
        return None
    paddings = sorted({str(g.factors["data.padding"]) for g in scored})
    readouts = [r for r in READOUTS if any(g.factors["model.readout"] == r for g in scored)]
    with style.grid(
        1.4 + 2.7 * len(readouts), 0.9 + 2.5 * len(paddings), len(paddings), len(readouts), True
    ) as (canvas, table):
        for padding, row in zip(paddings, table, strict=True):
            for readout, axes in zip(readouts, row, strict=True):
                panel = [
                    g for g in scored
                    if (g.factors["data.padding"], g.factors["model.readout"]) == (padding, readout)
                ]  # fmt: skip
                _draw_panel(axes, study, panel)
                axes.set_title(f"{NAMES[padding]}, read at {NAMES[readout]}", fontsize=9)
                axes.set_xlabel("sequence length (steps)" if padding == paddings[-1] else "")
            row[0].set_ylabel(f"test {study.headline}")
        counts = sorted({len(group.values(study.score)) for group in scored})
        data = style.data_name(str(scored[0].rows[0]["data"]), scored[0].rows[0]["synthetic"])
        note = seeds_note(counts).replace("\n", " ")
        canvas.suptitle(f"Padding and readout on {data}: {note}", fontsize=11)
        handles, labels = table[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
        return style.save(canvas, study.path / "plots", "padding")


def _draw_panel(axes: Axes, study: Study, groups: list[Group]) -> None:
    for model in dict.fromkeys(str(group.factors["model"]) for group in groups):
        look = style.look(model)
        line = [group for group in groups if group.factors["model"] == model]
        x = [int(group.factors["seq_len"]) for group in line]
        found = [i for group in line if (i := group.interval(study.score))]
        axes.plot(
            x, [i.mean for i in found], color=look.color, marker=look.marker,
            label=style.model_name(model),
        )  # fmt: skip
        draw_band(axes, x, found, look.color)
    if groups:
        draw_chance(axes, study, groups)
        length_scale(axes, sorted({int(group.factors["seq_len"]) for group in groups}))
    if study.headline == "accuracy":
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, 0.0), min(top, 1.0))
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
