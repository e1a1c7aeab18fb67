"""The gradient of the states at every training step: of one run by distance, of several how much is
left at the farthest.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm

from rnnexp.ranges import FLOAT32_FLOOR
from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.gradient_steps import GradientSteps, ReachedLine

#: Training steps that a figure can show side by side.
COLUMNS = 1000

#: What cannot be shown: below what float32 holds, nothing arrives, or no example is so long.
GREY = "#DDDDDD"


def draw(finding: GradientSteps, folder: Path) -> list[Path]:
    """gradient_steps.png and .svg."""
    (first, *others) = finding.lines
    if not others and len(first.runs) == 1:
        return [_draw_run(first, folder, finding.name)]
    return [_draw_lines(finding, folder)]


def _draw_run(line: ReachedLine, folder: Path, name: str) -> Path:
    """Norm by distance and training step."""
    (run,) = line.runs
    every = -(-len(run.norm_SK) // COLUMNS)
    shown_SK = run.norm_SK[::every, : run.far + 1]
    shown_SK = np.where((shown_SK >= FLOAT32_FLOOR) & np.isfinite(shown_SK), shown_SK, np.nan)
    held = shown_SK[~np.isnan(shown_SK)]
    bounds = (held.min(), max(held.max(), held.min() * 1.01)) if len(held) else (0.1, 1.0)
    with style.figure(6.8, 3.9) as (canvas, (axes,)):
        axes.grid(visible=False)
        axes.set_facecolor(GREY)
        mesh = axes.pcolormesh(
            np.arange(1, len(run.norm_SK) + 1, every), run.distance_K[: run.far + 1], shown_SK.T,
            norm=LogNorm(*bounds), cmap="cividis", shading="nearest", rasterized=True,
        )  # fmt: skip
        bar = canvas.colorbar(mesh, ax=axes)
        bar.set_label("gradient norm ‖∂L/∂hₜ‖, top layer")
        scales.whole_numbers(axes.xaxis)
        scales.whole_numbers(axes.yaxis)
        axes.set_xlabel("training step" + (f" (1 of {every})" if every > 1 else ""))
        axes.set_ylabel("distance from the readout (steps)")
        grey = "\n(grey: below 1e-36, overflow, or no example so long)"
        grey = grey if np.isnan(shown_SK).any() else ""
        seen = "how far back the gradient reaches at every training step"
        style.title(canvas, f"{words.label(line.label)}: {seen}{grey}", 10)
        rows = [
            row
            for step, norms in zip(range(1, len(run.norm_SK) + 1, every), shown_SK, strict=True)
            for row in along(
                {"training_step": step}, distance=run.distance_K[: run.far + 1], gradient_norm=norms
            )
        ]
        return style.save(canvas, folder, name, rows)


def _draw_lines(finding: GradientSteps, folder: Path) -> Path:
    """What is left at the farthest distance; a line per run, gaps where float32 lacks it."""
    shown = zip(finding.lines, looks.looks_of([x.model for x in finding.lines]), strict=True)
    rows: list[dict[str, object]] = []
    with style.figure(6.8, 3.9) as (canvas, (axes,)):
        for line, look in shown:
            name = words.label(line.label)
            for number, run in enumerate(line.runs):
                steps = np.arange(1, len(run.norm_SK) + 1)
                left = scales.on_log_axis(run.left_S)
                look_of_run = {**look.line, "marker": ""} if number else look.line
                axes.plot(steps, left, linewidth=0.9, label=None if number else name, **look_of_run)
                rows += along({"line": name, "run": number + 1}, training_step=steps, left=left)
                below = np.flatnonzero(run.norm_SK[:, run.far] < FLOAT32_FLOOR)
                if len(below):
                    text = "_" if number else f"{name}: below 1e-36, or 0"
                    scales.off_scale(axes, steps[below], look.color, text)
        scales.log_scale(axes)
        longest = max(len(run.norm_SK) for line in finding.lines for run in line.runs)
        scales.progress_axis(axes, range(1, longest + 1), "training step")
        axes.set_ylabel("‖∂L/∂h‖ farthest back / at the readout")
        style.title(
            canvas, "Gradient left at the farthest step, at every training step (a line per run)"
        )
        style.name_lines(canvas, [axes])
        return style.save(canvas, folder, finding.name, rows)
