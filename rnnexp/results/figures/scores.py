"""The score of each group of a study that does not vary the length: a point with its interval."""

from pathlib import Path

from rnnexp.results.figures import style
from rnnexp.results.findings.scores import Scores


def draw(finding: Scores, folder: Path) -> list[Path]:
    """scores.png and .svg, a row per group; nothing without a finished run."""
    scored = [(group, group.interval) for group in finding.groups if group.interval is not None]
    if not scored:
        return []
    scored.reverse()  # the first group on top
    score = finding.score
    names = [style.wrapped(style.label(group.label)) for group, _ in scored]
    text_lines = sum(name.count("\n") + 1.5 for name in names)
    with style.figure(7.2, 1.4 + 0.22 * text_lines) as (canvas, (axes,)):
        for row, (group, interval) in enumerate(scored):
            look = style.look(group.model)
            axes.plot(
                group.values, [row] * len(group.values), "|", color=look.color, markersize=9,
                alpha=0.6,
            )  # fmt: skip
            if interval.apart:  # of scores in two bunches no mean is like any of them
                axes.plot(interval.apart, [row] * interval.n, look.marker, color=look.color)
                continue
            low, high = interval.ends or (interval.mean, interval.mean)
            axes.errorbar(
                interval.mean, row, xerr=[[interval.mean - low], [high - interval.mean]],
                color=look.color, marker=look.marker, capsize=3, linewidth=1.4,
            )  # fmt: skip
        axes.set_yticks(range(len(scored)), names)
        axes.set_ylim(-0.6, len(scored) - 0.4)
        axes.grid(axis="y", visible=False)
        for chance in sorted({level for group, _ in scored for level in group.chance_levels}):
            axes.axvline(chance, color=style.CHANCE, linewidth=1.0, linestyle=(0, (1, 2)))
            axes.annotate(
                "chance",
                (chance, 1.0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
            )
        style.score_axis(axes.xaxis, score)
        note = style.seeds_note(
            sorted({len(group.values) for group, _ in scored}), [i for _, i in scored]
        )
        note = note.replace("\n", " ")
        synthetic = "; synthetic data" if finding.synthetic else ""
        axes.set_xlabel(f"test {score.axis}\n({note}; ticks: single runs{synthetic})")
        if score.logarithmic:
            axes.set_xscale("log")
        return [style.save(canvas, folder, finding.name)]
