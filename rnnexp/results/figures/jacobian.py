"""Singular values of the map from the state k steps before to the last."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.study import Series

#: Larger condition numbers are rounding errors.
LIMIT = 1 / np.finfo(np.float64).eps


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """jacobian.png and .svg: first and last measurement; None where nothing was measured."""
    measured = [(one, runs[0]) for one in series if (runs := one.probe("jacobian"))]
    if not measured:
        return None
    with style.figure(9.2, 3.7, columns=2) as (canvas, (largest, condition)):
        for one, found in measured:
            look = style.look(one.model)
            for row, line in ((0, "--"), (-1, "-")):
                when = "at the end" if row else "at the start"
                k = found["distance"][row]
                digits = np.log10(found["condition"][row])
                label = f"{style.label(one.label)}, {when}"
                # exponents of ten: the values themselves leave the range of numbers
                for axes, values in (
                    (largest, found["log_largest"][row] / np.log(10)),
                    (condition, np.where(found["condition"][row] < LIMIT, digits, np.nan)),
                ):
                    axes.plot(k, values, line, color=look.color, marker=".", label=label)
        condition.axhline(np.log10(LIMIT), color="black", linewidth=0.8)
        condition.set_ylim(0, np.log10(LIMIT) + 1)
        condition.set_title("condition number (black: what float64 can tell)", fontsize=10)
        largest.set_title("largest singular value", fontsize=10)
        largest.set_ylabel(r"$\log_{10}\,\sigma_{max}(\partial s_T/\partial s_{T-k})$")
        condition.set_ylabel(r"$\log_{10}$ condition number")
        for axes in (largest, condition):
            axes.set_xlabel("distance k (steps)")
        largest.legend(fontsize=8)
        return style.save(canvas, folder, "jacobian")
