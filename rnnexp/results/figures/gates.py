"""How far the gates stand open at each step, and what the carry gate leaves of the cell state."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnexp.results.figures import style
from rnnexp.results.study import Series

GATES = {
    "input": "#D55E00", "forget": "#0072B2", "cell": "#CC79A7", "output": "#009E73",
    "reset": "#D55E00", "update": "#0072B2", "new": "#CC79A7",
}  # fmt: skip


def draw(series: Sequence[Series], folder: Path) -> Path | None:
    """gates.png and .svg of one run, first measurement (thin) and last; None without one."""
    found = series[0].probe("gates")
    if not found:
        return None
    arrays = found[0]
    with style.figure(9.2, 3.7, columns=2) as (canvas, (gates, product)):
        for row, width in ((0, 0.9), (-1, 1.8)):
            for (name, color), line in zip(
                ((n, c) for n, c in GATES.items() if n in arrays and n not in ("cell", "new")),
                style.LINE_STYLES,
                strict=False,
            ):
                values = arrays[name][row]
                gates.plot(
                    np.arange(1, len(values) + 1), values, color=color, linewidth=width,
                    linestyle=line, label=f"{name} gate" if row else None,
                )  # fmt: skip
            left = arrays["product"][row]
            product.plot(
                np.arange(1, len(left) + 1), style.on_log_axis(left), color="#0072B2",
                linewidth=width, label="at the end" if row else "at the start",
            )  # fmt: skip
        gates.set_ylim(0, 1)
        gates.set_xlabel("time step t")
        gates.set_ylabel("mean over examples and units")
        gates.set_title("gates (thin: at the start)", fontsize=10)
        gates.legend(fontsize=8)
        style.log_scale(product)
        product.set_xlabel("distance k from the end (steps)")
        product.set_ylabel("product of the last k carry gates")
        median = arrays["median_memory_time"][-1]
        product.set_title(f"median memory time {median:.3g} steps", fontsize=10)
        product.legend(fontsize=8)
        canvas.suptitle(style.label(series[0].label), fontsize=11)
        return style.save(canvas, folder, "gates")
