"""The spectrum of Lyapunov exponents, before and after training."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along, measured_at
from rnnexp.results.findings.lyapunov import Lyapunov, Spectrum


def draw(finding: Lyapunov, folder: Path) -> list[Path]:
    """lyapunov.png and .svg."""
    rows: list[dict[str, object]] = []
    with style.figure(6.0, 3.8) as (canvas, (axes,)):
        look = looks.look(finding.model)
        spectra = {s.progress: s for s in (finding.first, finding.last)}.values()
        for spectrum in spectra:
            trained = spectrum is finding.last or finding.last.progress == 0
            exponents = np.where(np.isfinite(spectrum.exponents), spectrum.exponents, np.nan)
            index = np.arange(1, len(exponents) + 1)
            name = measured_at(spectrum.progress, finding.unit)
            axes.plot(
                index, exponents, "-" if trained else "--", color=look.color,
                linewidth=1.8 if trained else 1.0, label=name,
            )  # fmt: skip
            columns = {"index": index, "exponent_per_step": exponents}
            if spectrum.low is not None and spectrum.high is not None:
                columns |= {"low": spectrum.low, "high": spectrum.high}
                axes.fill_between(
                    index, spectrum.low, spectrum.high, color=look.color, alpha=0.15, lw=0
                )
            rows += along({"line": name}, **columns)
        axes.axhline(0, color=scales.CHANCE, linewidth=0.8, zorder=1)
        axes.set_xlabel("exponent i, the largest first")
        scales.whole_numbers(axes.xaxis)
        axes.set_ylabel("Lyapunov exponent λᵢ (1/step)")
        style.title(canvas, _title(finding), 10)
        style.name_lines(canvas, [axes])
        return [style.save(canvas, folder, finding.name, rows)]


def _title(finding: Lyapunov) -> str:
    last = finding.last
    of = f"\nmean and 95% interval over {last.examples} examples"
    note = of if last.examples and last.examples > 1 else ""
    largest = f"{last.largest.text} per step" if np.isfinite(last.exponents[0]) else "not finite"
    seen = f"{_fate(last)}: largest exponent {largest}"
    return f"{words.label(finding.label)}: {seen}{note}"


def _fate(spectrum: Spectrum) -> str:
    """What becomes of small changes, where the whole interval says so."""
    if spectrum.low is None or spectrum.high is None:
        return "Lyapunov spectrum"
    if spectrum.high[0] < 0:
        return "small changes of the state die out"
    if spectrum.low[0] > 0:
        return "small changes of the state grow"
    return "whether small changes of the state die out is unclear"
