"""Norms of the states along whole test sequences: a panel per kind of state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results.figures import style
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics, StateLine

CLASS_COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7"]
MAX_ROWS = 4


def draw(finding: HiddenDynamics, folder: Path) -> list[Path]:
    """hidden_dynamics.png and .svg.

    A line per sequence, coloured by its class, of the trained network; of several seeds the first.
    """
    rows: dict[str, list[StateLine]] = {}
    for line in finding.lines:
        # variants of a study below each other, a row each: rnn h, lstm h, lstm c
        rows.setdefault(line.variant, []).append(line)
    shown = list(rows.values())[:MAX_ROWS]
    columns = max(len(row) for row in shown)
    with style.grid(3.4 * columns + 0.6, 2.9 * len(shown) + 0.5, len(shown), columns) as (
        canvas,
        table,
    ):
        for row, axes_row in zip(shown, table, strict=True):
            for axes, line in zip(axes_row, row, strict=False):
                _draw_panel(axes, line)
            for axes in axes_row[len(row) :]:
                axes.set_visible(False)
        for axes in table[-1]:
            axes.set_xlabel("time step t")
        handles, labels = table[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, line: StateLine) -> None:
    classes = sorted({int(t) for t in line.target_N if not np.isnan(t)})
    seen: set[int] = set()
    for norm, target in zip(line.norm_NT, line.target_N, strict=True):
        if np.isnan(target):
            continue
        place = classes.index(int(target))
        alone = "test sequences" if len(classes) == 1 else f"class {int(target)}"
        name = line.class_names[int(target)] if line.class_names else alone
        axes.plot(
            np.arange(1, len(norm) + 1), norm, color=CLASS_COLORS[place % 4], linewidth=0.9,
            linestyle=style.LINE_STYLES[place % 4], alpha=0.8,
            label=None if place in seen else name,
        )  # fmt: skip
        seen.add(place)
    variant = f", {line.variant}" if line.variant else ""
    axes.set_title(
        rf"{style.model_name(line.model)} $\Vert {line.sign}_t\Vert$" + f"{variant}\n"
        f"variance over time {line.first_variance:.3g} ± {line.first_deviation:.2g}",
        fontsize=9,
    )
    axes.set_ylim(bottom=0)
