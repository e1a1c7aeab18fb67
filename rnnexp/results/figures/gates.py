"""How far the gates stand open at each step, and what the carry gate leaves of the cell state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results.figures import style
from rnnexp.results.findings.gates import Array, GateCurves

CARRY_COLOR = "#0072B2"
OTHER_COLORS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00")


def draw(curves: GateCurves, folder: Path) -> list[Path]:
    """gates.png and .svg of one run, first measurement (thin) and last."""
    known = curves.products is not None
    with style.figure(9.2 if known else 5.0, 3.7, columns=2 if known else 1) as (canvas, panels):
        gates = panels[0]
        colors = _colors(curves)
        for row, width in ((0, 0.9), (-1, 1.8)):
            for index, (name, values) in enumerate(curves.gates.items()):
                gates.plot(
                    np.arange(1, len(values[row]) + 1), values[row], color=colors[name],
                    linewidth=width, linestyle=style.LINE_STYLES[index % 4],
                    label=f"{name} gate" if row else None,
                )  # fmt: skip
        gates.set_ylim(0, 1)
        gates.set_xlabel("time step t")
        gates.set_ylabel("mean over examples and units")
        gates.set_title("gates (thin: at the start)", fontsize=10)
        gates.legend(fontsize=8)
        if curves.products is not None:
            _draw_product(panels[1], curves.products, curves.memory_time)
        canvas.suptitle(style.label(curves.label), fontsize=11)
        return [style.save(canvas, folder, "gates")]


def _draw_product(axes: Axes, products: tuple[Array, Array], memory_time: float) -> None:
    """What is left of the old state k steps later, on its direct path."""
    for product, width, when in zip(
        products, (0.9, 1.8), ("at the start", "at the end"), strict=True
    ):
        axes.plot(
            np.arange(1, len(product) + 1), style.on_log_axis(product), color=CARRY_COLOR,
            linewidth=width, label=when,
        )  # fmt: skip
    style.log_scale(axes)
    axes.set_xlabel("distance k from the end (steps)")
    axes.set_ylabel("product of the last k carry gates")
    axes.set_title(f"median memory time {memory_time:.3g} steps", fontsize=10)
    axes.legend(fontsize=8)


def _colors(curves: GateCurves) -> dict[str, str]:
    """The carry gate has the colour of its product; the others have one each."""
    others = [name for name in curves.gates if name != curves.carry]
    colors = {name: OTHER_COLORS[i % len(OTHER_COLORS)] for i, name in enumerate(others)}
    return colors | ({curves.carry: CARRY_COLOR} if curves.carry else {})
