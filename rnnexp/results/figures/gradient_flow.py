"""The gradient that reaches each step, linear and logarithmic, and how it changes over training."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from rnnexp.results import words
from rnnexp.results.figure_files import Numbers
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.gradient_flow import Array, FlowLine, GradientFlow, RunFlow
from rnnexp.results.statistics import log_interval

#: Lines of one panel that can be told apart; of more each model has a row.
MAX_ROW_LINES = 4
#: Verdicts that have room in a title.
TITLE_LINES = 3


def draw(finding: GradientFlow, folder: Path) -> list[Path]:
    """gradient_flow.png and .svg, a line per group; of one run also how it changed over training.

    One run: the band holds the 10th to the 90th percentile of the examples. Several seeds:
    geometric mean, 95% interval, and each run thin. The untrained have hollow markers.
    """
    models = [line.model for line in finding.lines]
    shown = list(zip(finding.lines, looks.looks_of(models), strict=True))
    parts = style.parts(shown, models, MAX_ROW_LINES)
    rows: list[dict[str, object]] = []
    with style.grid(9.2, 0.9 + 3.0 * len(parts), len(parts), 2) as (canvas, table):
        for panels, part in zip(table, parts, strict=True):
            for line, look in part:
                rows += _draw_line(panels, line, look, len(finding.lines) == 1)
            _scale(panels)
        for axes in (axes for row in table[:-1] for axes in row):
            scales.name_unseen(axes.xaxis, "time step t")
        for axes in table[-1]:
            axes.set_xlabel("time step t")
        style.panel_title(table[0][0], "linear axis")
        style.panel_title(table[0][1], "logarithmic axis")
        style.title(canvas, f"{_seen(finding.lines)}\n{_band(finding.lines)}", 10.5)
        style.name_lines(canvas, [axes for row in table for axes in row])
        paths = [style.save(canvas, folder, finding.name, rows)]
    (first, *others) = finding.lines
    if not others and len(first.runs) == 1 and len(first.runs[0].epoch_M) > 2:
        paths.append(_draw_over_training(first.label, first.runs[0], folder))
    return paths


def _draw_line(
    panels: Sequence[Axes], line: FlowLine, look: looks.Look, alone: bool
) -> list[dict[str, object]]:
    """The mean with its band, each of several runs, and the untrained; returns their numbers.

    alone: whether it is the only one, so that the untrained have a name of their own too.
    """
    runs, (linear, logarithmic) = line.runs, panels
    name = words.label(line.label)
    mean, low, high = curve(runs, -1)
    steps = np.arange(1, len(mean) + 1)
    rows = along(
        {"line": name, "of": "mean"}, time_step=steps, gradient_norm=mean, low=low, high=high
    )
    linear.plot(steps, mean, **look.line)
    logarithmic.plot(steps, mean, **look.line, label=name + _at_mark(runs[0].marks[0], mean))
    # An interval over orders of magnitude belongs on the logarithmic axis alone.
    # Of two seeds it fills the panel, and they themselves are there.
    for axes in panels if len(runs) == 1 else panels[1:] if len(runs) > 2 else ():
        axes.fill_between(steps, low, high, color=look.color, alpha=0.15, linewidth=0)
    for run in runs if len(runs) > 1 else ():
        single = _positive(run.norm_MT[-1], run.floor)[: len(steps)]
        rows += along({"line": name, "of": "single seed"}, time_step=steps, gradient_norm=single)
        for axes in panels:
            axes.plot(steps, single, color=look.color, linewidth=0.5, alpha=0.6)
    if all(run.trained and run.has_untrained for run in runs):
        start, _, _ = curve(runs, 0)
        steps = np.arange(1, len(start) + 1)
        rows += along({"line": name, "of": "untrained"}, time_step=steps, gradient_norm=start)
        logarithmic.plot(
            steps, start, **look.points, linewidth=0.8, markersize=4, markerfacecolor="white",
            markeredgewidth=0.8, markevery=max(1, len(start) // 10),
            label=f"{name}, untrained" if alone else None,
        )  # fmt: skip
    _mark_early(logarithmic, runs[0].marks[0], mean, look.color)
    _mark_underflow(logarithmic, runs[0].norm_MT[-1], runs[0].floor, look.color, name)
    return rows


def _scale(panels: Sequence[Axes]) -> None:
    linear, logarithmic = panels
    drawn = [np.asarray(line.get_ydata(), np.float64) for line in logarithmic.get_lines()]
    seen = [values[np.isfinite(values) & (values > 0)] for values in drawn]
    scales.log_scale(logarithmic)
    if any(map(len, seen)):  # the interval of a few seeds may leave the frame
        least, most = (of(np.concatenate(seen)) for of in (np.min, np.max))
        low_end, high_end = logarithmic.get_ylim()
        logarithmic.set_ylim(max(low_end, least / 100), min(high_end, most * 100))
    linear.set_ylim(bottom=0)
    linear.set_xlim(logarithmic.get_xlim())  # where there is a gap too
    linear.set_ylabel("gradient norm ‖∂L/∂eₜ‖")
    scales.name_unseen(logarithmic.yaxis, "gradient norm ‖∂L/∂eₜ‖")
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


def _seen(lines: Sequence[FlowLine]) -> str:
    """What the figure shows: the verdict on each of a few lines."""
    if len(lines) > TITLE_LINES:
        return "Gradient that reaches each step"
    verdicts = ["unclear" if line.verdict.startswith("unclear") else line.verdict for line in lines]
    named = [words.label(line.label) for line in lines]
    each = "; ".join(f"{name}: {verdict}" for name, verdict in zip(named, verdicts, strict=True))
    return f"Gradient that reaches each step. {each}"


def _band(lines: Sequence[FlowLine]) -> str:
    """What is drawn: state, mean, band, single runs, and the untrained where they have no names."""
    runs = [run for line in lines for run in line.runs]
    counts = sorted({len(line.runs) for line in lines})
    state = "trained" if any(run.trained for run in runs) else "untrained"
    if counts == [1]:
        shown = "one seed: mean, and 10 to 90% of the examples as a band"
    else:
        interval = " and 95% interval" if max(counts) > 2 else ""
        seeds = "/".join(map(str, counts))
        shown = f"geometric mean{interval} over {seeds} seeds, thin: each"
    has_start = any(run.trained and run.has_untrained for run in runs)
    hollow = "; hollow: untrained" if has_start and len(lines) > 1 else ""
    return f"{state}; {shown}{hollow}"


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
        bar.set_label("gradient norm ‖∂L/∂eₜ‖")
        scales.whole_numbers(axes.yaxis)
        scales.whole_numbers(axes.xaxis)
        axes.set_xlabel("time step t")
        axes.set_ylabel(run.unit)
        grey = "" if np.isfinite(values).all() else "\n(grey: no such step, or beyond float64)"
        seen = f"{words.label(label)}: gradient that reaches each step while it trains"
        style.title(canvas, f"{seen}{grey}", 10)
        return style.save(canvas, folder, "gradient_flow_over_training", _cells(run, values))


def _cells(run: RunFlow, values_MT: Array) -> Numbers:
    steps = np.arange(1, values_MT.shape[1] + 1)
    return [
        row
        for at, values in zip(run.progress_M, values_MT, strict=True)
        for row in along({run.unit: at}, time_step=steps, gradient_norm=values)
    ]
