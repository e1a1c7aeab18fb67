"""How far the gates stand open at each step, and what the carry gate leaves of the cell state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.gates import Array, GateCurves


def draw(curves: GateCurves, folder: Path) -> list[Path]:
    """gates.png and .svg of one run, first measurement (thin) and last."""
    known = curves.products is not None
    rows: list[dict[str, object]] = []
    with style.figure(9.2 if known else 5.0, 3.9, columns=2 if known else 1) as (canvas, panels):
        gates = panels[0]
        shown = {name: looks.other_look(index) for index, name in enumerate(curves.gates)}
        for row, when in enumerate(("start", "end")):
            for name, values in curves.gates.items():
                steps = np.arange(1, len(values[row]) + 1)
                plain = {**shown[name].line, "marker": ""}
                gates.plot(
                    steps, values[row], linewidth=1.8 if row else 0.9,
                    label=words.literal(f"{name} gate") if row else None,
                    **(shown[name].line if row else plain),
                )  # fmt: skip
                place = {"panel": "gates", "line": name, "measured": when}
                rows += along(place, time_step=steps, openness=values[row])
        gates.set_ylim(0, 1)
        gates.set_xlabel("time step t")
        gates.set_ylabel("openness, mean over\nexamples and units")
        scales.whole_numbers(gates.xaxis)
        style.panel_title(gates, "gates: 0 closed, 1 open")
        if curves.products is not None and curves.carry is not None:
            rows += _draw_product(panels[1], curves.products, shown[curves.carry])
            style.panel_title(panels[1], f"what the {curves.carry} gate leaves of an old state")
        style.title(
            canvas, f"{_seen(curves)}\nthick: at the end of the training, thin: at its start", 10
        )
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, "gates", rows)]


def _seen(curves: GateCurves) -> str:
    """How long the gate keeps what was there; of a cell without one, that these are gates."""
    named = words.label(curves.label)
    if curves.carry is None or not np.isfinite(curves.memory_time):
        return f"{named}: how far the gates stand open"
    gate, steps = words.literal(curves.carry), f"{curves.memory_time:.3g} steps"
    return f"{named}: the {gate} gate keeps the state with a time constant of {steps} (median unit)"


def _draw_product(
    axes: Axes, products: tuple[Array, Array], look: looks.Look
) -> list[dict[str, object]]:
    """What is left of the old state k steps later, on its direct path."""
    rows: list[dict[str, object]] = []
    for row, (product, when) in enumerate(zip(products, ("start", "end"), strict=True)):
        left = scales.on_log_axis(product)
        steps = np.arange(1, len(product) + 1)
        axes.plot(
            steps, left, color=look.color, linewidth=1.8 if row else 0.9,
            linestyle="-" if row else "--", label=f"at the {when}",
        )  # fmt: skip
        place = {"panel": "product", "measured": when}
        rows += along(place, distance=steps, product_of_carry_gates=left)
    scales.log_scale(axes)
    scales.whole_numbers(axes.xaxis)
    axes.set_xlabel("distance k from the end (steps)")
    axes.set_ylabel("product of the last k carry gates")
    return rows
