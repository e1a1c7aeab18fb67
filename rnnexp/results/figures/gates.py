"""How far the gates stand open at each step, and what the carry gate leaves of the cell state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.gates import Array, GateCurves


def draw(curves: GateCurves, folder: Path) -> list[Path]:
    """gates.png and .svg of one run, first measurement (thin) and last."""
    known = curves.products is not None
    with style.figure(9.2 if known else 5.0, 3.7, columns=2 if known else 1) as (canvas, panels):
        gates = panels[0]
        shown = {name: looks.other_look(index) for index, name in enumerate(curves.gates)}
        for row, width in ((0, 0.9), (-1, 1.8)):
            for name, values in curves.gates.items():
                gates.plot(
                    np.arange(1, len(values[row]) + 1), values[row], **shown[name].line,
                    linewidth=width,
                    label=words.literal(f"{name} gate") if row else None,
                )  # fmt: skip
        gates.set_ylim(0, 1)
        gates.set_xlabel("time step t")
        gates.set_ylabel("mean over examples and units")
        scales.whole_numbers(gates.xaxis)
        style.panel_title(gates, "gates (thin: at the start)")
        if curves.products is not None and curves.carry is not None:
            color = shown[curves.carry].color
            _draw_product(panels[1], curves.products, curves.memory_time, color)
        style.title(canvas, f"{words.label(curves.label)}: gates")
        style.legend(canvas, panels)
        return [style.save(canvas, folder, "gates")]


def _draw_product(
    axes: Axes, products: tuple[Array, Array], memory_time: float, color: str
) -> None:
    """What is left of the old state k steps later, on its direct path."""
    for product, width, when in zip(
        products, (0.9, 1.8), ("at the start", "at the end"), strict=True
    ):
        axes.plot(
            np.arange(1, len(product) + 1), scales.on_log_axis(product), color=color,
            linewidth=width, label=f"product, {when}",
        )  # fmt: skip
    scales.log_scale(axes)
    scales.whole_numbers(axes.xaxis)
    axes.set_xlabel("distance k from the end (steps)")
    axes.set_ylabel("product of the last k carry gates")
    style.panel_title(axes, f"median time constant {memory_time:.3g} steps")
