"""Singular values of the map from the state k steps before to the last."""

from pathlib import Path

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.findings.jacobian import Jacobian

#: Larger condition numbers are rounding errors.
LIMIT = 1 / np.finfo(np.float64).eps


def draw(finding: Jacobian, folder: Path) -> list[Path]:
    """jacobian.png and .svg: first and last measurement."""
    with style.figure(9.2, 3.7, columns=2) as (canvas, (largest, condition)):
        look = style.look(finding.model)
        for curve, line, when in (
            (finding.first, "--", "at the start"),
            (finding.last, "-", "at the end"),
        ):
            digits = np.log10(curve.condition)
            label = f"{style.label(finding.label)}, {when}"
            # exponents of ten: the values themselves leave the range of numbers
            for axes, values in (
                (largest, curve.log_largest / np.log(10)),
                (condition, np.where(curve.condition < LIMIT, digits, np.nan)),
            ):
                axes.plot(curve.distance, values, line, color=look.color, marker=".", label=label)
        condition.axhline(np.log10(LIMIT), color="black", linewidth=0.8)
        condition.set_ylim(0, np.log10(LIMIT) + 1)
        condition.set_title("condition number (black: what float64 can tell)", fontsize=10)
        largest.set_title("largest singular value", fontsize=10)
        largest.set_ylabel(r"$\log_{10}\,\sigma_{max}(\partial s_T/\partial s_{T-k})$")
        condition.set_ylabel(r"$\log_{10}$ condition number")
        for axes in (largest, condition):
            axes.set_xlabel("distance k (steps)")
        largest.legend(fontsize=8)
        return [style.save(canvas, folder, finding.name)]
