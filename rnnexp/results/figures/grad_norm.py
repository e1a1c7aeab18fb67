"""The gradient norm of every training step, before and after clipping, and the training loss."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.grad_norm import GradNorm, NormLine, StepNorms
from rnnexp.scores import Score

SMOOTHED = 20
#: More steps than a line can show one by one.
CROWDED = 1000
#: Lines of one panel that can be told apart; of more each model has a row.
MAX_LINES = 4
#: In the legend, of marks that have the colour of their line.
_ANY = "#555555"


def draw(finding: GradNorm, folder: Path) -> list[Path]:
    """grad_norm.png and .svg: norms on a logarithmic axis, and the loss.

    Of several seeds every run has its line. A cross marks the step at which a run diverged.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    score = finding.loss or Score("loss", "low", "loss")
    rows: list[dict[str, object]] = []
    with style.grid(9.2, 0.9 + 3.0 * len(parts), len(parts), 2) as (canvas, table):
        for (norms, losses), part in zip(table, parts, strict=True):
            for line, look in part:
                rows += _draw_line(norms, losses, line, look)
            scales.log_scale(norms)
            norms.set_ylabel("gradient norm (L2, all weights)")
            losses.set_ylabel(f"training {score.axis}")
            chance = 1.0 if score.chance is None else score.chance
            far_off = losses.get_ylim()[1] > 1000 * max(chance, 1e-3)
            if far_off or score.logarithmic:
                scales.log_scale(losses)
            if score.chance is not None:
                scales.chance_line(losses, score.chance)
        counted = range(1, 1 + max(len(run.before) for line in finding.lines for run in line.runs))
        for axes in (axes for row in table for axes in row):
            scales.progress_axis(axes, counted, "training step")
        style.panel_title(table[0][0], "before clipping" if _clips(finding.lines) else "each step")
        style.panel_title(table[0][1], f"training loss, mean of {SMOOTHED} steps")
        style.title(canvas, _title(finding.lines), 10.5)
        _explain_marks(table[0][0], finding.lines)
        style.name_lines(canvas, [axes for row in table for axes in row])
        return [style.save(canvas, folder, finding.name, rows)]


def _title(lines: Sequence[NormLine]) -> str:
    """What is seen: of one line its norms; else how many lines there are of each."""
    runs = "a line per run" if max(len(line.runs) for line in lines) > 1 else "one seed"
    if len(lines) > 1:
        return f"Gradient norm and loss at every training step ({runs})"
    (line,) = lines
    if line.median is None or line.largest is None:
        seen = "no gradient norm is finite"
    else:
        seen = f"gradient norm {line.median:.2g} in the median, {line.largest:.2g} at most"
    clipped = f", clipped in {line.clipped:.0%} of the steps" if _clips(lines) else ""
    return f"{words.label(line.label)}: {seen}{clipped} ({runs})"


def _clips(lines: Sequence[NormLine]) -> bool:
    return any(_was_clipped(run) for line in lines for run in line.runs)


def _explain_marks(axes: Axes, lines: Sequence[NormLine]) -> None:
    """In the legend: what the dots are, and the crosses."""
    if _clips(lines):
        axes.plot([], [], ".", color=_ANY, label="after clipping")
    if any(len(_not_finite(run)) for line in lines for run in line.runs):
        axes.plot([], [], "X", color=_ANY, markersize=8, label="not finite: diverged")


def _draw_line(
    norms: Axes, losses: Axes, line: NormLine, look: looks.Look
) -> list[dict[str, object]]:
    """Each run of a line; returns the numbers that are drawn."""
    name = words.label(line.label)
    rows = []
    for i, run in enumerate(line.runs):
        steps = np.arange(1, len(run.before) + 1)
        before, after = scales.on_log_axis(run.before), scales.on_log_axis(run.after)
        columns = {"gradient_norm": before, "after_clipping": after, "loss": smoothed(run.loss)}
        # by steps: along a jagged line markers would cover it
        marks = {"marker": look.marker if i == 0 else "", "markevery": max(1, len(steps) // 6)}
        look_of_run = {**look.line, **marks}
        if len(steps) > CROWDED:
            # step by step a long training is a solid block: a trend over a pale one
            columns["gradient_norm_trend"] = trend(run.before)
            norms.plot(steps, before, color=look.color, linewidth=0.3, alpha=0.25)
            norms.plot(steps, trend(run.before), linewidth=1.4, **look_of_run)
        else:
            norms.plot(steps, before, linewidth=0.9, **look_of_run)
        if _was_clipped(run):
            norms.plot(
                steps, after, color=look.color, linestyle="none", marker=".", markersize=2.5,
                markeredgewidth=0, alpha=0.6,
            )  # fmt: skip
        losses.plot(steps, columns["loss"], linewidth=1.1, label=None if i else name, **look_of_run)
        rows += along({"line": name, "run": i + 1}, training_step=steps, **columns)
        bad = _not_finite(run)
        for axes in (norms, losses) if len(bad) else ():
            axes.plot(
                bad[0] + 1, 0.97, color=look.color, marker="X", markersize=8, clip_on=False,
                linestyle="none", zorder=1, transform=axes.get_xaxis_transform(),
            )  # fmt: skip
    return rows


def _not_finite(run: StepNorms) -> Any:
    """The places, from 0, of the steps whose norm or loss is not finite."""
    return np.flatnonzero(~np.isfinite(run.before) | ~np.isfinite(run.loss))


def _was_clipped(run: StepNorms) -> bool:
    return bool(np.nanmax(np.where(np.isfinite(run.after), run.before - run.after, 0)) > 0)


def trend(norms: Any) -> Any:
    """Geometric mean of the last `SMOOTHED` steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(smoothed(np.log(scales.on_log_axis(norms))))


def smoothed(values: Any) -> Any:
    """Mean of the last `SMOOTHED` steps, fewer at the beginning; NaN behind one that is not finite:
    a mean that leaves it out would look as if nothing had happened.
    """
    total = np.cumsum(np.where(np.isfinite(values), values, np.nan))
    width = np.minimum(np.arange(1, len(values) + 1), SMOOTHED)
    earlier = np.concatenate([np.zeros(SMOOTHED), total])[: len(values)]
    return (total - earlier) / width
