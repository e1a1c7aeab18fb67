"""The gradient that reaches each step, linear and logarithmic, and how it changes over training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.findings.gradient_flow import Array, FlowLine, GradientFlow, RunFlow
from rnnexp.results.statistics import log_interval


def draw(finding: GradientFlow, folder: Path) -> list[Path]:
    """gradient_flow.png and .svg, a line per group; of one run also how it changed over training.

    One run: the band holds the 10th to the 90th percentile of the examples, and the untrained
    network is drawn beside it. Several seeds: geometric mean, 95% interval, and each run thin.
    """
    with style.figure(9.2, 3.9, columns=2) as (canvas, panels):
        seen: list[float] = []
        distinct = len({line.model for line in finding.lines}) == len(finding.lines)
        for index, line in enumerate(finding.lines):
            runs = line.runs
            mean, low, high = curve(runs, -1)
            color = style.look(line.model).color if distinct else style.series_color(index)
            line_style = style.LINE_STYLES[index % 4 if len(finding.lines) > 2 else 0]
            steps = np.arange(1, len(mean) + 1)
            label = style.wrapped(style.label(line.label), 30)
            for axes in panels:
                axes.plot(steps, mean, color=color, linestyle=line_style, label=label)
            # An interval over orders of magnitude belongs on the logarithmic axis alone.
            for axes in panels if len(runs) == 1 else panels[1:]:
                axes.fill_between(steps, low, high, color=color, alpha=0.15, linewidth=0)
            for run in runs if len(runs) > 1 else ():
                single = _positive(run.norm_MT[-1], run.floor)
                seen += [np.nanmin(single, initial=np.inf), np.nanmax(single, initial=0.0)]
                for axes in panels:
                    axes.plot(steps, single[: len(steps)], color=color, linewidth=0.6, alpha=0.7)
            if all(run.trained and run.has_untrained for run in runs):
                start, _, _ = curve(runs, 0)
                panels[1].plot(
                    np.arange(1, len(start) + 1), start, color=color, linewidth=1.0,
                    linestyle=(0, (4, 3)), alpha=0.8, label=f"{label}, untrained",
                )  # fmt: skip
            _annotate(panels[1], runs[0].marks[0], mean, color)
            _mark_underflow(panels[1], runs[0].norm_MT[-1], runs[0].floor, color)
        style.log_scale(panels[1])
        if seen and 0 < min(seen) < np.inf:  # the interval of a few seeds may leave the frame
            low_end, high_end = panels[1].get_ylim()
            panels[1].set_ylim(max(low_end, min(seen) / 100), min(high_end, max(seen) * 100))
        panels[0].set_ylim(bottom=0)
        for axes in panels:
            axes.set_xlabel("time step t")
        panels[0].set_ylabel(r"gradient norm $\Vert\partial L/\partial e_t\Vert$")
        panels[1].legend(fontsize=8, loc="best")
        panels[0].set_title("linear", fontsize=10)
        panels[1].set_title("logarithmic", fontsize=10)
        canvas.suptitle(f"Gradient reaching each step ({_band(finding.lines)})", fontsize=11)
        paths = [style.save(canvas, folder, finding.name)]
    (first, *others) = finding.lines
    if not others and len(first.runs) == 1 and len(first.runs[0].epoch_M) > 2:
        paths.append(_draw_over_training(first.label, first.runs[0], folder))
    return paths


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
        return np.where(values >= floor, style.on_log_axis(values), np.nan)


def _annotate(axes: Axes, early: int, mean: Array, color: str) -> None:
    """The value at the early step, which is what the figure is about."""
    value = mean[early - 1]
    if not math.isfinite(value):
        return
    axes.plot([early], [value], "o", color=color, markersize=4)
    axes.annotate(
        f"t = {early}: {value:.1e}", (early, value), xytext=(10, 6), textcoords="offset points",
        fontsize=8, color=color,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def _mark_underflow(axes: Axes, values: Array, floor: float, color: str) -> None:
    """Crosses along the bottom where the norm is too small for float64: never drawn as zero."""
    with np.errstate(invalid="ignore"):
        steps = np.flatnonzero(values < floor) + 1
    if len(steps):
        axes.plot(
            steps, np.full(len(steps), 0.02), "x", color=color, markersize=3, clip_on=False,
            transform=axes.get_xaxis_transform(), label=f"underflow (below {floor:.0e})",
        )  # fmt: skip


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
        bar.set_label(r"$\Vert\partial L/\partial e_t\Vert$")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("time step t")
        axes.set_ylabel(run.unit)
        axes.set_title(f"{style.label(label)}: gradient reaching each step", fontsize=10)
        return style.save(canvas, folder, "gradient_flow_over_training")
