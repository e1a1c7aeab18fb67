"""How many directions the states use, over training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """participation_ratio.png and .svg; None where nothing was measured."""
    measured = [(one, runs[0]) for one in series if (runs := one.probe("participation_ratio"))]
    if not measured:
        return None
    with style.figure(9.2, 3.7, columns=2) as (canvas, (ratio, shares)):
        for one, found in measured:
            look = style.look(one.model)
            label = f"{style.label(one.label)} (of {found['hidden_size'][-1]:.0f})"
            place, unit = style.training_axis(one.runs[0].summary, found)
            ratio.plot(place, found["ratio"], color=look.color, marker=look.marker, label=label)
            ratio.set_xlabel(unit)
            eigenvalues = found["eigenvalues"][-1]
            shares.plot(
                np.arange(1, len(eigenvalues) + 1), style.on_log_axis(eigenvalues),
                color=look.color, label=label,
            )  # fmt: skip
        ratio.set_ylim(bottom=0)
        ratio.xaxis.set_major_locator(MaxNLocator(integer=True))
        ratio.set_ylabel("participation ratio of the states")
        ratio.legend(fontsize=8)
        style.log_scale(shares)
        shares.set_xlabel("direction")
        shares.set_ylabel("share of the variance, at the end")
        return style.save(canvas, folder, "participation_ratio")
