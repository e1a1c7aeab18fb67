"""Norms of the states along whole test sequences: a panel per kind of state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.hidden_dynamics import HiddenDynamics, StateLine

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
    with style.grid(3.6 * columns + 0.6, 2.7 * len(shown) + 0.3, len(shown), columns) as (
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
        if len(rows) > MAX_ROWS:
            style.title(canvas, f"the first {MAX_ROWS} of {len(rows)} settings", 9)
        style.legend(canvas, [axes for row in table for axes in row])
        return [style.save(canvas, folder, finding.name)]


def _draw_panel(axes: Axes, line: StateLine) -> None:
    classes = {int(t) for t in line.target_N if not np.isnan(t)}
    seen: set[int] = set()
    for norm, target in zip(line.norm_NT, line.target_N, strict=True):
        if np.isnan(target):
            continue
        place = int(target)
        alone = "test sequences" if len(classes) == 1 else f"class {place}"
        name = line.class_names[place] if line.class_names else alone
        axes.plot(
            np.arange(1, len(norm) + 1), norm, **looks.other_look(place).line, linewidth=0.9,
            alpha=0.8, label=None if place in seen else words.wrapped(name, 40),
        )  # fmt: skip
        seen.add(place)
    # a state without a subscript of its own letter is named in full
    sign = f"{line.sign}ₜ" if len(line.sign) == 1 else line.sign
    style.panel_title(
        axes,
        f"{words.label(line.label)}: ‖{sign}‖\n"
        f"variance over time {line.first_variance:.3g} ± {line.first_deviation:.2g}",
        9,
    )
    scales.whole_numbers(axes.xaxis)
    if seen:
        axes.set_ylim(bottom=0)
    else:
        scales.nothing(axes, "no test sequence is long enough")
