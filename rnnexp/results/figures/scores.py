"""The score of each group of a study that does not vary the length: a point with its interval."""

from pathlib import Path

from matplotlib.ticker import PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.figures.score_vs_length import LOGARITHMIC, chance_levels, seeds_note
from rnnexp.results.study import Study, group_label


def draw(study: Study) -> Path | None:
    """plots/scores.png and .svg, a row per group; None without a finished run."""
    scored = [(group, i) for group in study.groups() if (i := group.interval(study.score))]
    if not scored:
        return None
    scored.reverse()  # the first group on top
    names = [style.wrapped(style.label(group_label(group.factors))) for group, _ in scored]
    text_lines = sum(name.count("\n") + 1.5 for name in names)
    with style.figure(7.2, 1.4 + 0.22 * text_lines) as (canvas, panels):
        axes = panels[0]
        for row, (group, interval) in enumerate(scored):
            look = style.look(str(group.factors["model"]))
            values = group.values(study.score)
            axes.plot(values, [row] * len(values), "|", color=look.color, markersize=9, alpha=0.6)
            axes.errorbar(
                interval.mean, row, xerr=interval.half_width, color=look.color,
                marker=look.marker, capsize=3, linewidth=1.4,
            )  # fmt: skip
        axes.set_yticks(range(len(scored)), names)
        axes.set_ylim(-0.6, len(scored) - 0.4)
        axes.grid(axis="y", visible=False)
        for chance in chance_levels(study, [group for group, _ in scored]):
            axes.axvline(chance, color=style.CHANCE, linewidth=1.0, linestyle=(0, (1, 2)))
            axes.annotate(
                "chance",
                (chance, 1.0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
            )
        if study.headline == "accuracy":
            axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
        counts = sorted({len(group.values(study.score)) for group, _ in scored})
        note = seeds_note(counts).replace("\n", " ")
        synthetic = "; synthetic data" if any(row["synthetic"] for row in study.rows) else ""
        axes.set_xlabel(f"test {study.headline}\n({note}; ticks: single runs{synthetic})")
        if study.headline in LOGARITHMIC:
            axes.set_xscale("log")
        return style.save(canvas, study.path / "plots", "scores")
