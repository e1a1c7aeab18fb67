"""The spectrum of Lyapunov exponents, before and after training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.study import Series


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """lyapunov.png and .svg; None where nothing was measured."""
    measured = [(one, runs[0]) for one in series if (runs := one.probe("lyapunov"))]
    if not measured:
        return None
    with style.figure(6.0, 4.0) as (canvas, (axes,)):
        for one, found in measured:
            look = style.look(one.model)
            for row, line in ((0, "--"), (-1, "-")):
                spectrum = found["spectrum"][row]
                spectrum = np.where(np.isfinite(spectrum), spectrum, np.nan)
                when = f"epoch {found['epoch'][row]:.0f}"
                axes.plot(
                    np.arange(1, len(spectrum) + 1), spectrum, line, color=look.color,
                    label=f"{style.label(one.label)}, {when}: largest {spectrum[0]:.3f}",
                )  # fmt: skip
        axes.axhline(0, color=style.CHANCE, linewidth=0.8)
        axes.set_xlabel("index i")
        axes.set_ylabel(r"Lyapunov exponent $\lambda_i$ (1/step)")
        axes.legend(fontsize=8)
        return style.save(canvas, folder, "lyapunov")
