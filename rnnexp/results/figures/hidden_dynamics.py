"""Norms of the states along whole test sequences: a panel per kind of state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results.figures import style
from rnnexp.results.study import Series

CLASS_COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7"]
NAMES = {"state": r"$\Vert h_t\Vert$", "cell": r"$\Vert c_t\Vert$"}
MAX_ROWS = 4


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """hidden_dynamics.png and .svg; None where nothing was measured.

    A line per sequence, coloured by its class, of the trained network; of several seeds the first.
    """
    panels: list[tuple[Series, str, dict[str, Any]]] = [
        (one, name, found[0])
        for one in series
        if (found := one.probe("hidden_dynamics"))
        for name in ("state", "cell")
        if name in found[0]
    ]
    if not panels:
        return None
    rows: dict[str, list[tuple[Series, str, dict[str, Any]]]] = {}
    for panel in panels:
        # variants of a study below each other, a row each: rnn h, lstm h, lstm c
        rows.setdefault(panel[0].label.partition(", ")[2], []).append(panel)
    shown = list(rows.items())[:MAX_ROWS]
    columns = max(len(row) for _, row in shown)
    with style.grid(3.4 * columns + 0.6, 2.9 * len(shown) + 0.5, len(shown), columns) as (
        canvas,
        table,
    ):
        for (variant, row), axes_row in zip(shown, table, strict=True):
            for axes, panel in zip(axes_row, row, strict=False):
                _draw_panel(axes, *panel, variant)
            for axes in axes_row[len(row) :]:
                axes.set_visible(False)
        for axes in table[-1]:
            axes.set_xlabel("time step t")
        handles, labels = table[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
        return style.save(canvas, folder, "hidden_dynamics")


def _draw_panel(axes: Axes, one: Series, kind: str, found: dict[str, Any], variant: str) -> None:
    norms, targets = found[kind][-1], found["target"][-1]
    classes = sorted({int(t) for t in targets if not np.isnan(t)})
    names = one.runs[0].task.get("classes", [])
    seen: set[int] = set()
    for norm, target in zip(norms, targets, strict=True):
        if np.isnan(target):
            continue
        place = classes.index(int(target))
        alone = "test sequences" if len(classes) == 1 else f"class {int(target)}"
        name = names[int(target)] if names else alone
        axes.plot(
            np.arange(1, len(norm) + 1), norm, color=CLASS_COLORS[place % 4], linewidth=0.9,
            linestyle=style.LINE_STYLES[place % 4], alpha=0.8,
            label=None if place in seen else name,
        )  # fmt: skip
        seen.add(place)
    variance = found[f"{kind}_variance"][-1]
    axes.set_title(
        f"{style.model_name(one.model)} {NAMES[kind]}" + (f", {variant}" if variant else "") + "\n"
        f"variance over time {np.nanmean(variance):.3g} ± {np.nanstd(variance):.2g}",
        fontsize=9,
    )
    axes.set_ylim(bottom=0)
