"""The gradient that reaches each step, linear and logarithmic, and how it changes over training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.gradient_flow import Array, FlowLine, GradientFlow, RunFlow
from rnnexp.results.statistics import log_interval

#: Lines of one panel that can be told apart; of more each model has a row.
MAX_ROW_LINES = 4


def draw(finding: GradientFlow, folder: Path) -> list[Path]:
    """gradient_flow.png and .svg, a line per group; of one run also how it changed over training.

    One run: the band holds the 10th to the 90th percentile of the examples. Several seeds:
    geometric mean, 95% interval, and each run thin. The untrained have hollow markers.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_ROW_LINES)
    with style.grid(9.2, 0.7 + 3.0 * len(parts), len(parts), 2) as (canvas, table):
        for panels, part in zip(table, parts, strict=True):
            _draw_row(panels, part)
        for axes in table[-1]:
            axes.set_xlabel("time step t")
        style.panel_title(table[0][0], "linear")
        style.panel_title(table[0][1], "logarithmic")
        style.title(canvas, f"Gradient reaching each step ({_band(finding.lines)})")
        style.legend(canvas, [axes for row in table for axes in row])
        paths = [style.save(canvas, folder, finding.name)]
    (first, *others) = finding.lines
    if not others and len(first.runs) == 1 and len(first.runs[0].epoch_M) > 2:
        paths.append(_draw_over_training(first.label, first.runs[0], folder))
    return paths


def _draw_row(panels: Sequence[Axes], part: Sequence[tuple[FlowLine, looks.Look]]) -> None:
    seen: list[float] = []
    for line, look in part:
        runs = line.runs
        mean, low, high = curve(runs, -1)
        steps = np.arange(1, len(mean) + 1)
        label = words.wrapped(words.label(line.label), 40)
        panels[0].plot(steps, mean, **look.line)
        panels[1].plot(steps, mean, **look.line, label=label + _at_mark(runs[0].marks[0], mean))
        # An interval over orders of magnitude belongs on the logarithmic axis alone.
        for axes in panels if len(runs) == 1 else panels[1:]:
            axes.fill_between(steps, low, high, color=look.color, alpha=0.15, linewidth=0)
        seen += [np.nanmin(mean, initial=np.inf), np.nanmax(mean, initial=0.0)]
        for run in runs if len(runs) > 1 else ():
            single = _positive(run.norm_MT[-1], run.floor)
            seen += [np.nanmin(single, initial=np.inf), np.nanmax(single, initial=0.0)]
            for axes in panels:
                axes.plot(steps, single[: len(steps)], color=look.color, linewidth=0.5, alpha=0.6)
        if all(run.trained and run.has_untrained for run in runs):
            start, _, _ = curve(runs, 0)
            panels[1].plot(
                np.arange(1, len(start) + 1), start, **look.points, linewidth=0.8, markersize=4,
                markerfacecolor="white", markeredgewidth=0.8,
                markevery=max(1, len(start) // 10), label=f"{label}, untrained",
            )  # fmt: skip
        _mark_early(panels[1], runs[0].marks[0], mean, look.color)
        _mark_underflow(panels[1], runs[0].norm_MT[-1], runs[0].floor, look.color, label)
    scales.log_scale(panels[1])
    if seen and 0 < min(seen) < np.inf:  # the interval of a few seeds may leave the frame
        low_end, high_end = panels[1].get_ylim()
        panels[1].set_ylim(max(low_end, min(seen) / 100), min(high_end, max(seen) * 100))
    panels[0].set_ylim(bottom=0)
    panels[0].set_xlim(panels[1].get_xlim())  # where there is a gap too
    panels[0].set_ylabel("gradient norm ‖∂L/∂eₜ‖")
    for axes in panels:
        scales.whole_numbers(axes.xaxis)


def curve(runs: Sequence[RunFlow], row: int) -> tuple[Array, Array, Array]:
    """Of measurement `row`: mean and band per step; NaN where nothing can be said."""
    if len(runs) == 1:
        (run,) = runs
        mean, low, high = (
            _positive(values_MT[row], run.floor)
            for values_MT in (run.norm_MT, run.low_MT, run.high_MT)
        )
        return mean, low, high
    steps = min(run.norm_MT.shape[1] for run in runs)
    values = np.array([_positive(run.norm_MT[row][:steps], run.floor) for run in runs])
    intervals = [log_interval([v for v in column if not math.isnan(v)]) for column in values.T]
    none = float("nan")
    return (
        np.array([i.mean for i in intervals]),
        np.array([none if i.low is None else i.low for i in intervals]),
        np.array([none if i.high is None else i.high for i in intervals]),
    )


def _positive(values: Array, floor: float) -> Array:
    """What can stand on a logarithmic axis: under- and overflow and missing steps leave a gap."""
    with np.errstate(invalid="ignore"):
        return np.where(values >= floor, scales.on_log_axis(values), np.nan)


def _at_mark(early: int, mean: Array) -> str:
    """The value at the early step, which is what the figure is about."""
    value = mean[early - 1]
    return f" ({value:.1e} at t = {early})" if math.isfinite(value) else ""


def _mark_early(axes: Axes, early: int, mean: Array, color: str) -> None:
    if math.isfinite(mean[early - 1]):
        axes.plot([early], [mean[early - 1]], "o", color=color, markersize=5)


def _mark_underflow(axes: Axes, values: Array, floor: float, color: str, label: str) -> None:
    """Marks at the lower edge where the norm is too small for float64, or exactly 0."""
    with np.errstate(invalid="ignore"):
        small = {
            f"underflow (below {floor:.0e}), off the scale": (values > 0) & (values < floor),
            "exactly 0: no path to the loss": values == 0,
        }
    for what, where in small.items():
        if where.any():
            scales.off_scale(axes, np.flatnonzero(where) + 1, color, f"{label}: {what}")


def _band(lines: Sequence[FlowLine]) -> str:
    counts = sorted({len(line.runs) for line in lines})
    state = "trained" if any(run.trained for line in lines for run in line.runs) else "untrained"
    if counts == [1]:
        return f"{state}; one seed; band: 10 to 90% of the examples"
    seeds = "/".join(map(str, counts))
    return f"{state}; geometric mean and 95% interval over {seeds} seeds, thin: each"


def _draw_over_training(label: str, run: RunFlow, folder: Path) -> Path:
    """gradient_flow_over_training.png and .svg: time step by epoch."""
    values = _positive(run.norm_MT, run.floor)
    with style.figure(6.8, 3.9) as (canvas, (axes,)):
        axes.grid(visible=False)
        steps = np.arange(1, values.shape[1] + 1)
        axes.set_facecolor("#DDDDDD")  # no such step, or underflow
        finite = values[np.isfinite(values)]
        bounds = (finite.min(), finite.max()) if len(finite) else (0.1, 1.0)
        mesh = axes.pcolormesh(
            steps, run.progress_M, values, norm=LogNorm(*bounds), cmap="cividis", shading="nearest",
            rasterized=True,
        )  # fmt: skip
        bar = canvas.colorbar(mesh, ax=axes)
        bar.set_label("‖∂L/∂eₜ‖")
        scales.whole_numbers(axes.yaxis)
        scales.whole_numbers(axes.xaxis)
        axes.set_xlabel("time step t")
        axes.set_ylabel(run.unit)
        style.title(canvas, f"{words.label(label)}: gradient reaching each step", 10)
        return style.save(canvas, folder, "gradient_flow_over_training")
