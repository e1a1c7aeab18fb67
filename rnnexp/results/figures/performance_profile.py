"""The share of runs whose skill is above each bound."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.performance_profile import BOUNDS, PerformanceProfile, ProfileLine

#: Lines of one panel that can be told apart, with their bands.
MAX_LINES = 4


def draw(finding: PerformanceProfile, folder: Path) -> list[Path]:
    """performance_profile.png and .svg: a curve with its band per line."""
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    rows: list[dict[str, object]] = []
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        for axes, part in zip(panels, parts, strict=True):
            rows += _draw_panel(axes, part)
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.02)
            scales.percent_axis(axes.yaxis)
            axes.set_xlabel("skill (0: chance, 1: perfect)")
        for axes in leftmost:
            axes.set_ylabel("share of runs above that skill")
        strata = sorted({len(line.strata) for line in finding.lines})
        counts = str(strata[0]) if len(strata) == 1 else f"{strata[0]} to {strata[-1]}"
        over = "" if strata == [1] else f", mean over {counts} tasks and lengths"
        style.title(
            canvas,
            f"Share of runs that do better than each skill{over}\n"
            "bands: 95% at each skill, not of whole curves",
            10,
        )
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _draw_panel(
    axes: Axes, part: Sequence[tuple[ProfileLine, looks.Look]]
) -> list[dict[str, object]]:
    labels = [f"{words.label(line.label)} ({line.runs} runs)" for line, _ in part]
    names = style.name_panel(axes, labels)
    rows: list[dict[str, object]] = []
    for (line, look), label, name in zip(part, labels, names, strict=True):
        above = [line.above(float(bound)) for bound in BOUNDS]
        axes.plot(
            BOUNDS, [at.mean for at in above], **look.line, drawstyle="steps-post", label=name
        )
        axes.fill_between(
            BOUNDS, [at.low or 0.0 for at in above],
            [1.0 if at.high is None else at.high for at in above],
            color=look.color, alpha=0.14, linewidth=0, step="post",
        )  # fmt: skip
        rows += [
            {"line": label, "skill": float(bound), "share_of_runs_above": at.mean, "low": at.low,
             "high": at.high, "runs": line.runs}
            for bound, at in zip(BOUNDS, above, strict=True)
        ]  # fmt: skip
    return rows
