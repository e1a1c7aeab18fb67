"""Loss and score per epoch, training and validation, with the chance level."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rnnexp.results.figures import style
from rnnexp.results.runs import RunDirectory

#: Points that can be told apart.
MARKED = 20


def draw(run: RunDirectory, summary: Mapping[str, Any]) -> Path | None:
    """plots/learning_curves.png and .svg; None for a run without an epoch."""
    rows = run.metrics
    if not rows:
        return None
    headline, chance = str(summary["headline"]), summary["chance"]
    with style.figure(8.4, 3.5, columns=2) as (canvas, panels):
        for axes, name in zip(panels, ("loss", headline), strict=True):
            _draw_panel(axes, rows, name, chance.get(name), summary)
        panels[0].set_ylabel("loss (nats)" if headline == "accuracy" else "loss")
        if headline == "accuracy":
            panels[1].yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
        test = (summary.get("test") or {}).get(headline)
        if test is not None:
            value = f"{test:.1%}" if headline == "accuracy" else f"{test:.4g}"
            panels[1].set_title(f"test {headline} {value}", fontsize=10)
        panels[1].legend(fontsize=9)
        data = style.data_name(str(summary["data"]), bool(summary.get("synthetic")))
        title = (
            f"{style.model_name(str(summary['model']))} on {data}, "
            f"{summary['seq_len']} steps, seed {summary['seed']}"
        )
        if summary["status"] == "diverged":
            title += " (diverged)"
        canvas.suptitle(title, fontsize=11)
        return style.save(canvas, run.plots, "learning_curves")


def _draw_panel(
    axes: Axes,
    rows: list[dict[str, float]],
    name: str,
    chance: float | None,
    summary: Mapping[str, Any],
) -> None:
    columns: dict[str, Any] = {key: [row[key] for row in rows] for key in rows[0]}
    place, unit = style.training_axis(summary, columns)
    look = style.look(str(summary["model"]))
    marker = look.marker if len(rows) <= MARKED else ""
    train = [row[f"train_{name}"] for row in rows]
    val = [row[f"val_{name}"] for row in rows]
    axes.plot(place, train, color=look.color, marker=marker, linestyle="--", label="training")
    if not all(math.isnan(value) for value in val):
        axes.plot(place, val, color=look.color, marker=marker, label="validation")
    if name == "mse" or (name == "loss" and summary["headline"] == "mse"):
        style.log_scale(axes)
    if chance is not None:
        style.chance_line(axes, chance)
    axes.set_xlabel(unit)
    axes.set_ylabel(name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
