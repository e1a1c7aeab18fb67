"""The score of each group of a study that does not vary the length: a point with its interval.

Of many groups, as a search for good settings makes, the best.
"""

from pathlib import Path

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.scores import Scores

#: Rows that can be read.
MAX_ROWS = 60


def draw(finding: Scores, folder: Path) -> list[Path]:
    """scores.png and .svg, a row per group; nothing without a finished run."""
    every = [(group, group.interval) for group in finding.groups if group.interval is not None]
    if not every:
        return []
    score = finding.score
    best = sorted(
        range(len(every)), key=lambda place: every[place][1].mean, reverse=score.better == "high"
    )
    scored = [every[place] for place in sorted(best[:MAX_ROWS])]
    scored.reverse()  # the first group on top
    names = [words.wrapped(words.label(group.label)) for group, _ in scored]
    text_lines = sum(name.count("\n") + 1.6 for name in names)
    with style.figure(7.2, 1.4 + 0.24 * text_lines) as (canvas, (axes,)):
        for row, (group, interval) in enumerate(scored):
            look = looks.look(group.model)
            axes.plot(
                group.values, [row] * len(group.values), "|", color=look.color, markersize=9,
                alpha=0.6,
            )  # fmt: skip
            if interval.low is not None and interval.high is not None:
                axes.plot(
                    [interval.low, interval.high], [row, row], color=look.color, marker="|",
                    markersize=6, linewidth=1.4,
                )  # fmt: skip
            if not interval.apart:  # of scores in two bunches no mean is like any of them
                axes.plot(interval.mean, row, marker=look.marker, color=look.color, markersize=6)
        axes.set_yticks(range(len(scored)), names)
        axes.set_ylim(-0.6, len(scored) - 0.4)
        axes.grid(axis="y", visible=False)
        scales.score_axis(axes.xaxis, score)
        if score.logarithmic:
            axes.set_xscale("log")
        if score.percent:
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, -0.02), min(high, 1.02))
        low, high = axes.get_xlim()
        elsewhere = []
        for chance in sorted({level for group, _ in scored for level in group.chance_levels}):
            if not low <= chance <= high:
                elsewhere.append(score.show(chance))
                continue
            axes.axvline(
                chance, color=scales.CHANCE, linewidth=1.0, linestyle=(0, (1, 2)),
                label=f"chance {score.show(chance)}",
            )  # fmt: skip
        note = style.seeds_note(
            sorted({len(group.values) for group, _ in scored}), [i for _, i in scored]
        )
        synthetic = "; synthetic data" if finding.synthetic else ""
        left_out = f"\nchance {', '.join(elsewhere)}: beyond the axis" if elsewhere else ""
        if len(every) > len(scored):
            left_out += f"\nthe best {len(scored)} of {len(every)} groups; all are in study.csv"
        axes.set_xlabel(f"test {score.axis}\n{note}; ticks: single runs{synthetic}{left_out}")
        style.legend(canvas, [axes])
        return [style.save(canvas, folder, finding.name)]
