"""Singular values of the map from the state k steps before to the last."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
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
            if curve.low is not None and curve.high is not None:
                ends = curve.low / np.log(10), curve.high / np.log(10)
                largest.fill_between(curve.distance, *ends, color=color, alpha=0.15, linewidth=0)
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
        of = finding.last.examples
        note = f" (mean and 95% interval over {of} examples)" if of and of > 1 else ""
        style.title(canvas, f"{words.label(finding.label)}: from one state to the last{note}")
        style.legend(canvas, [largest, condition])
        return [style.save(canvas, folder, finding.name)]
