"""The share of runs whose skill is above each bound."""

from pathlib import Path

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.performance_profile import BOUNDS, PerformanceProfile

#: Lines of one panel that can be told apart, with their bands.
MAX_LINES = 4


def draw(finding: PerformanceProfile, folder: Path) -> list[Path]:
    """performance_profile.png and .svg: a curve with its band per line."""
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    with style.panels(len(parts)) as (canvas, panels, leftmost):
        for axes, part in zip(panels, parts, strict=True):
            for line, look in part:
                above = [line.above(float(bound)) for bound in BOUNDS]
                axes.plot(
                    BOUNDS, [at.mean for at in above], **look.line, drawstyle="steps-post",
                    label=f"{words.wrapped(words.label(line.label), 36)} ({line.runs} runs)",
                )  # fmt: skip
                axes.fill_between(
                    BOUNDS, [at.low or 0.0 for at in above],
                    [1.0 if at.high is None else at.high for at in above],
                    color=look.color, alpha=0.14, linewidth=0, step="post",
                )  # fmt: skip
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
            f"How many runs do better than each skill{over}\n"
            "bands: 95% at each skill, not of whole curves",
            10,
        )
        style.legend(canvas, panels)
        return [style.save(canvas, folder, finding.name)]
