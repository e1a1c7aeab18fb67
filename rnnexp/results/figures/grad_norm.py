"""The gradient norm of every training step, before and after clipping, and the training loss."""

from pathlib import Path
from typing import Any

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.findings.grad_norm import GradNorm
from rnnexp.scores import Score

SMOOTHED = 20
#: More steps than a line can show one by one.
CROWDED = 1000


def draw(finding: GradNorm, folder: Path) -> list[Path]:
    """grad_norm.png and .svg: norms on a logarithmic axis, and the loss.

    Of several seeds every run has its line. A cross marks the step at which a run diverged.
    """
    with style.figure(9.2, 3.9, columns=2) as (canvas, (norms, losses)):
        several = len(finding.lines) > 1
        for index, line in enumerate(finding.lines):
            color = style.series_color(index) if several else style.look(line.model).color
            line_style = style.LINE_STYLES[index % 4]
            for i, run in enumerate(line.runs):
                label = style.wrapped(style.label(line.label), 30) if i == 0 else None
                before, after, loss = run.before, run.after, run.loss
                steps = np.arange(1, len(before) + 1)
                look: Any = {"color": color, "linestyle": line_style, "label": label}
                if len(before) > CROWDED:
                    # step by step a long training is a solid block: a trend over a pale one
                    norms.plot(
                        steps, style.on_log_axis(before), color=color, linewidth=0.3, alpha=0.25
                    )
                    norms.plot(steps, trend(before), linewidth=1.4, **look)
                else:
                    norms.plot(steps, style.on_log_axis(before), linewidth=0.9, **look)
                if np.nanmax(np.where(np.isfinite(after), before - after, 0)) > 0:
                    norms.plot(
                        steps, style.on_log_axis(after), color=color, linewidth=0.9, linestyle=":",
                        label=f"{label}: after clipping" if label else None,
                    )  # fmt: skip
                losses.plot(steps, smoothed(loss), linewidth=1.1, **look)
                bad = np.flatnonzero(~np.isfinite(before) | ~np.isfinite(loss))
                if len(bad):
                    for axes in (norms, losses):
                        axes.plot(
                            bad[0] + 1, 0.97, "X", color=color, markersize=8, clip_on=False,
                            transform=axes.get_xaxis_transform(),
                            label="not finite: diverged" if axes is norms and i == 0 else None,
                        )  # fmt: skip
        style.log_scale(norms)
        norms.set_ylabel("total L2 norm, before clipping")
        score = finding.loss or Score("loss", "low", "loss")
        losses.set_ylabel(f"training {score.axis}")
        losses.set_title(f"training loss, mean of {SMOOTHED} steps", fontsize=10)
        norms.set_title("gradient norm", fontsize=10)
        chance = 1.0 if score.chance is None else score.chance
        far_off = losses.get_ylim()[1] > 1000 * max(chance, 1e-3)
        if far_off or score.logarithmic:
            style.log_scale(losses)
        if score.chance is not None:
            style.chance_line(losses, score.chance)
        for axes in (norms, losses):
            axes.set_xlabel("training step")
        norms.legend(fontsize=8)
        losses.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]


def trend(norms: Any) -> Any:
    """Geometric mean of the last `SMOOTHED` steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(smoothed(np.log(style.on_log_axis(norms))))


def smoothed(values: Any) -> Any:
    """Mean of the last `SMOOTHED` steps, fewer at the beginning."""
    total = np.cumsum(np.nan_to_num(values, posinf=0.0, neginf=0.0))
    width = np.minimum(np.arange(1, len(values) + 1), SMOOTHED)
    earlier = np.concatenate([np.zeros(SMOOTHED), total])[: len(values)]
    return (total - earlier) / width
