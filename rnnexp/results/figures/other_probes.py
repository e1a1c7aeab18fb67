"""Any probe's numbers over the epochs: what a probe without a figure of its own gets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.study import Series

MAX_PANELS = 6


def draw(series: Sequence[Series], folder: Path, name: str) -> Path | None:
    """`name`.png and .svg: a panel per number; None where the probe has measured none."""
    found = series[0].probe(name)
    if not found:
        return None
    numbers = [
        key for key, value in found[0].items() if key not in ("epoch", "step") and value.ndim == 1
    ]
    numbers = numbers[:MAX_PANELS]
    if not numbers:
        return None
    with style.figure(1.2 + 3.2 * len(numbers), 3.2, columns=len(numbers)) as (canvas, panels):
        for axes, key in zip(panels, numbers, strict=True):
            values = np.where(np.isfinite(found[0][key]), found[0][key], np.nan)
            place, unit = style.training_axis(series[0].runs[0].summary, found[0])
            axes.plot(place, values, marker=".", color=style.look(series[0].model).color)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel(unit)
            axes.set_title(key, fontsize=9)
        canvas.suptitle(f"{style.label(series[0].label)}: {name}", fontsize=11)
        return style.save(canvas, folder, name)
