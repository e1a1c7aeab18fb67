"""Singular values of the map from the state k steps before to the last."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along, measured_at
from rnnexp.results.findings.jacobian import Array, Jacobian

#: Larger condition numbers are rounding errors.
LIMIT = 1 / np.finfo(np.float64).eps
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw(finding: Jacobian, folder: Path) -> list[Path]:
    """jacobian.png and .svg: first and last measurement."""
    rows: list[dict[str, object]] = []
    with style.figure(9.2, 3.6, columns=2) as (canvas, (largest, condition)):
        look = looks.look(finding.model)
        curves = {curve.progress: curve for curve in (finding.first, finding.last)}.values()
        for curve in curves:
            name = measured_at(curve.progress, finding.unit)
            trained = curve is finding.last or finding.last.progress == 0
            with np.errstate(divide="ignore", invalid="ignore"):
                digits = np.log10(curve.condition)
            # exponents of ten: the values themselves leave the range of numbers
            columns = {
                "log10_largest_singular_value": _drawn(curve.log_largest / np.log(10)),
                "log10_condition_number": _drawn(np.where(curve.condition < LIMIT, digits, np.nan)),
            }
            for axes, values in zip((largest, condition), columns.values(), strict=True):
                axes.plot(
                    curve.distance, values, "-" if trained else "--", color=look.color, marker=".",
                    linewidth=1.8 if trained else 1.0, label=name,
                )  # fmt: skip
            if curve.low is not None and curve.high is not None:
                low, high = curve.low / np.log(10), curve.high / np.log(10)
                columns |= {"log10_low": low, "log10_high": high}
                largest.fill_between(
                    curve.distance, low, high, color=look.color, alpha=0.15, linewidth=0
                )
            rows += along({"line": name}, distance=curve.distance, **columns)
        condition.axhline(np.log10(LIMIT), color="black", linewidth=0.8, zorder=1)
        condition.annotate(
            "above: more than float64 can tell", (0.98, np.log10(LIMIT)), (0, 3),
            xycoords=condition.get_yaxis_transform(), textcoords="offset points", ha="right",
            fontsize=8,
        )  # fmt: skip
        condition.set_ylim(0, np.log10(LIMIT) + 2)
        condition.set_xlim(largest.get_xlim())
        style.panel_title(largest, "largest singular value")
        style.panel_title(condition, "condition number")
        largest.set_ylabel("σₘₐₓ of ∂s(T) / ∂s(T−k)")
        condition.set_ylabel("condition number of it")
        for axes in (largest, condition):
            axes.set_xlabel("distance k (steps)")
            scales.whole_numbers(axes.xaxis)
            scales.exponents_axis(axes.yaxis)
        style.title(canvas, _title(finding), 10)
        style.name_lines(canvas, [largest, condition])
        return [style.save(canvas, folder, finding.name, rows)]


def _drawn(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def _title(finding: Jacobian) -> str:
    last = finding.last
    of = f"\nmean and 95% interval over {last.examples} examples"
    note = of if last.examples and last.examples > 1 else ""
    seen = "how a change of the state arrives k steps later"
    if last.gain.value is not None and np.isfinite(last.gain.value):
        seen += f": ln σₘₐₓ changes by {last.gain.text} per step"
    return f"{words.label(finding.label)}: {seen}{note}"
