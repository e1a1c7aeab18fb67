"""The gradient norm of every training step, before and after clipping, and the training loss."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.grad_norm import GradNorm, NormLine, StepNorms
from rnnexp.scores import Score

SMOOTHED = 20
#: More steps than a line can show one by one.
CROWDED = 1000
#: Lines of one panel that can be told apart; of more each model has a row.
MAX_LINES = 4


def draw(finding: GradNorm, folder: Path) -> list[Path]:
    """grad_norm.png and .svg: norms on a logarithmic axis, and the loss.

    Of several seeds every run has its line. A cross marks the step at which a run diverged.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_LINES)
    score = finding.loss or Score("loss", "low", "loss")
    with style.grid(9.2, 0.6 + 3.0 * len(parts), len(parts), 2) as (canvas, table):
        for (norms, losses), part in zip(table, parts, strict=True):
            for line, look in part:
                _draw_line(norms, losses, line, look)
            scales.log_scale(norms)
            norms.set_ylabel("total L2 norm")
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
        style.panel_title(table[0][0], "norm of the gradient of all weights")
        style.panel_title(table[0][1], f"training loss, mean of {SMOOTHED} steps")
        style.legend(canvas, [axes for row in table for axes in row])
        return [style.save(canvas, folder, finding.name)]


def _draw_line(norms: Axes, losses: Axes, line: NormLine, look: looks.Look) -> None:
    clipped = any(map(_was_clipped, line.runs))
    named = words.wrapped(words.label(line.label), 40)
    if clipped:
        norms.plot([], [], ".", color=look.color, label=f"{named}: after clipping (dots)")
    for i, run in enumerate(line.runs):
        label = (f"{named}: before clipping" if clipped else named) if i == 0 else None
        steps = np.arange(1, len(run.before) + 1)
        if len(steps) > CROWDED:
            # step by step a long training is a solid block: a trend over a pale one
            norms.plot(
                steps, scales.on_log_axis(run.before), color=look.color, linewidth=0.3, alpha=0.25
            )
            norms.plot(steps, trend(run.before), linewidth=1.4, label=label, **look.line)
        else:
            norms.plot(
                steps, scales.on_log_axis(run.before), linewidth=0.9, label=label, **look.line
            )
        if _was_clipped(run):
            norms.plot(
                steps, scales.on_log_axis(run.after), color=look.color, linestyle="none",
                marker=".", markersize=2.5, markeredgewidth=0, alpha=0.6,
            )  # fmt: skip
        losses.plot(steps, smoothed(run.loss), linewidth=1.1, **look.line)
        bad = np.flatnonzero(~np.isfinite(run.before) | ~np.isfinite(run.loss))
        if len(bad):
            for axes in (norms, losses):
                axes.plot(
                    bad[0] + 1, 0.97, color=look.color, marker="X", markersize=8, clip_on=False,
                    linestyle="none", transform=axes.get_xaxis_transform(),
                    label=f"{named}: not finite, diverged" if axes is norms and i == 0 else None,
                )  # fmt: skip


def _was_clipped(run: StepNorms) -> bool:
    return bool(np.nanmax(np.where(np.isfinite(run.after), run.before - run.after, 0)) > 0)


def trend(norms: Any) -> Any:
    """Geometric mean of the last `SMOOTHED` steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(smoothed(np.log(scales.on_log_axis(norms))))


def smoothed(values: Any) -> Any:
    """Mean of the last `SMOOTHED` steps, fewer at the beginning."""
    total = np.cumsum(np.nan_to_num(values, posinf=0.0, neginf=0.0))
    width = np.minimum(np.arange(1, len(values) + 1), SMOOTHED)
    earlier = np.concatenate([np.zeros(SMOOTHED), total])[: len(values)]
    return (total - earlier) / width
