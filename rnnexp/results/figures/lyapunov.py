"""The spectrum of Lyapunov exponents, before and after training."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.lyapunov import Lyapunov


def draw(finding: Lyapunov, folder: Path) -> list[Path]:
    """lyapunov.png and .svg."""
    with style.figure(6.0, 3.6) as (canvas, (axes,)):
        color = looks.look(finding.model).color
        for spectrum, line in ((finding.first, "--"), (finding.last, "-")):
            finite = np.isfinite(spectrum.exponents)
            exponents = np.where(finite, spectrum.exponents, np.nan)
            index = np.arange(1, len(exponents) + 1)
            axes.plot(
                index, exponents, line, color=color,
                label=f"{finding.unit} {spectrum.progress:.0f}: largest {spectrum.largest.text}",
            )  # fmt: skip
            if spectrum.low is not None and spectrum.high is not None:
                axes.fill_between(index, spectrum.low, spectrum.high, color=color, alpha=0.15, lw=0)
        axes.axhline(0, color=scales.CHANCE, linewidth=0.8)
        axes.set_xlabel("index i")
        scales.whole_numbers(axes.xaxis)
        axes.set_ylabel("Lyapunov exponent λᵢ (1/step)")
        of = finding.last.examples
        note = f" (mean and 95% interval over {of} examples)" if of and of > 1 else ""
        style.title(canvas, f"{words.label(finding.label)}: Lyapunov spectrum{note}")
        style.legend(canvas, [axes])
        return [style.save(canvas, folder, finding.name)]
