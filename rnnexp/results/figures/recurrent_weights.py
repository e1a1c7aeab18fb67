"""The recurrent weights over training, and the bound they put on the gradient."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """recurrent_weights.png and .svg of one run; None where nothing was measured."""
    found = series[0].probe("recurrent_weights")
    if not found:
        return None
    arrays = found[0]
    names = [key.removeprefix("radius ") for key in arrays if key.startswith("radius ")]
    bounded = "bound" in arrays
    with style.figure(9.2 if bounded else 5.6, 3.8, columns=2 if bounded else 1) as (
        canvas,
        panels,
    ):
        axes = panels[0]
        place, unit = style.training_axis(series[0].runs[0].summary, arrays)
        for index, name in enumerate(names):
            color = style.series_color(index)
            for kind, line, sign in (("radius", "-", "ρ"), ("sigma", "--", "σ_max")):
                axes.plot(
                    place, arrays[f"{kind} {name}"], line, color=color, marker=".",
                    label=f"{sign} {name}",
                )  # fmt: skip
        axes.axhline(1.0, color=style.CHANCE, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(unit)
        axes.set_ylabel("spectral radius, largest singular value")
        axes.legend(fontsize=8)
        if bounded:
            ratio, bound = arrays["ratio"][-1], arrays["bound"][-1]
            k = np.arange(len(ratio))
            color = style.look(series[0].model).color
            right = panels[1]
            right.plot(k, style.on_log_axis(ratio), color=color, label="measured")
            right.plot(
                k, style.on_log_axis(bound), "k--", linewidth=1, label=r"bound $\sigma_{max}^k$"
            )
            style.log_scale(right)
            right.set_xlabel("distance k from the readout n (steps)")
            right.set_ylabel(
                r"$\Vert\partial L/\partial h_{n-k}\Vert\,/\,\Vert\partial L/\partial h_n\Vert$"
            )
            right.legend(fontsize=8)
        canvas.suptitle(f"{style.label(series[0].label)}: recurrent weights", fontsize=11)
        return style.save(canvas, folder, "recurrent_weights")
