"""The spectrum of Lyapunov exponents, before and after training."""

from pathlib import Path

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.findings.lyapunov import Lyapunov


def draw(finding: Lyapunov, folder: Path) -> list[Path]:
    """lyapunov.png and .svg."""
    with style.figure(6.0, 4.0) as (canvas, (axes,)):
        look, name = style.look(finding.model), style.label(finding.label)
        for spectrum, line in ((finding.first, "--"), (finding.last, "-")):
            finite = np.isfinite(spectrum.exponents)
            exponents = np.where(finite, spectrum.exponents, np.nan)
            axes.plot(
                np.arange(1, len(exponents) + 1), exponents, line, color=look.color,
                label=f"{name}, epoch {spectrum.epoch:.0f}: largest {exponents[0]:.3f}",
            )  # fmt: skip
        axes.axhline(0, color=style.CHANCE, linewidth=0.8)
        axes.set_xlabel("index i")
        axes.set_ylabel(r"Lyapunov exponent $\lambda_i$ (1/step)")
        axes.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]
