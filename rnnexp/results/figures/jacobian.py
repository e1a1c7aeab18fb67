"""Singular values of the map from the state k steps before to the last."""

from pathlib import Path

import numpy as np

from rnnexp.results.figures import looks, scales, style, words
from rnnexp.results.findings.jacobian import Jacobian

#: Larger condition numbers are rounding errors.
LIMIT = 1 / np.finfo(np.float64).eps


def draw(finding: Jacobian, folder: Path) -> list[Path]:
    """jacobian.png and .svg: first and last measurement."""
    with style.figure(9.2, 3.4, columns=2) as (canvas, (largest, condition)):
        color = looks.look(finding.model).color
        for curve, line, when in (
            (finding.first, "--", "at the start"),
            (finding.last, "-", "at the end"),
        ):
            digits = np.log10(curve.condition)
            # exponents of ten: the values themselves leave the range of numbers
            for axes, values in (
                (largest, curve.log_largest / np.log(10)),
                (condition, np.where(curve.condition < LIMIT, digits, np.nan)),
            ):
                axes.plot(curve.distance, values, line, color=color, marker=".", label=when)
        condition.axhline(
            np.log10(LIMIT), color="black", linewidth=0.8, label="more than float64 can tell"
        )
        condition.set_ylim(0, np.log10(LIMIT) + 1)
        style.panel_title(condition, "condition number")
        style.panel_title(largest, "largest singular value")
        largest.set_ylabel("log₁₀ σₘₐₓ of ∂s(T) / ∂s(T−k)")
        condition.set_ylabel("log₁₀ condition number")
        for axes in (largest, condition):
            axes.set_xlabel("distance k (steps)")
            scales.whole_numbers(axes.xaxis)
        style.title(canvas, f"{words.label(finding.label)}: from one state to the last")
        style.legend(canvas, [largest, condition])
        return [style.save(canvas, folder, finding.name)]
