"""The recurrent weights over training, and the bound they put on the gradient."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.recurrent_weights import RecurrentWeights

#: What the numbers of a block are called, as drawn and as a column.
RADIUS, SIGMA = "spectral radius ρ", "largest singular value σₘₐₓ"
_COLUMNS = {RADIUS: "spectral_radius", SIGMA: "largest_singular_value"}


def draw(finding: RecurrentWeights, folder: Path) -> list[Path]:
    """recurrent_weights.png and .svg of one run: a panel for the spectral radius and one for the
    largest singular value, with a line per block of weights; beside them the bound.
    """
    bounded = finding.bound is not None
    columns = 3 if bounded else 2
    with style.grid(3.3 * columns + 1.2, 3.6, 1, columns) as (canvas, (panels,)):
        rows: list[dict[str, object]] = []
        for which, (axes, name) in enumerate(zip(panels, (RADIUS, SIGMA), strict=False)):
            rows += _draw_blocks(axes, finding, which, name)
        _share_scale(panels[:2])
        if bounded:
            rows += _draw_bound(panels[2], finding)
        style.title(canvas, f"{words.label(finding.label)}: recurrent weights while it trains", 10)
        style.name_lines(canvas, panels)
        return [style.save(canvas, folder, finding.name, rows)]


def _draw_blocks(
    axes: Axes, finding: RecurrentWeights, which: int, name: str
) -> list[dict[str, object]]:
    rows = []
    short = _short(list(finding.blocks))
    for index, (block, pair) in enumerate(finding.blocks.items()):
        values_M = np.where(np.isfinite(pair[which]), pair[which], np.nan)
        axes.plot(
            finding.progress_M, values_M, **looks.other_look(index).points, markersize=3.5,
            label=words.literal(short[index]) if len(short) > 1 else None,
        )  # fmt: skip
        rows += along(
            {"panel": name, "line": block}, **{finding.unit: finding.progress_M},
            **{_COLUMNS[name]: values_M},
        )  # fmt: skip
    axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8, zorder=1)
    scales.progress_axis(axes, finding.progress_M, finding.unit)
    style.panel_title(axes, name)
    return rows


def _share_scale(panels: Sequence[Axes]) -> None:
    """The same y axis, down to 0."""
    top = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(0, top)


def _short(blocks: Sequence[str]) -> list[str]:
    """What tells blocks apart: `forget` of `weight_hh_l0.forget` where all are of that layer."""
    layers = {block.partition(".")[0] for block in blocks}
    if len(layers) > 1 or len(blocks) == 1:
        return list(blocks)
    return [block.partition(".")[2] or block for block in blocks]


def _draw_bound(axes: Axes, finding: RecurrentWeights) -> list[dict[str, object]]:
    """How much of the gradient is left, and how much there can be at most."""
    assert finding.ratio is not None
    assert finding.bound is not None
    ratio, bound = scales.on_log_axis(finding.ratio), scales.on_log_axis(finding.bound)
    k = np.arange(len(ratio))
    axes.plot(k, ratio, color=looks.look(finding.model).color, label="measured")
    axes.plot(k, bound, "k--", linewidth=1, label="bound σₘₐₓᵏ")
    scales.log_scale(axes)
    scales.whole_numbers(axes.xaxis)
    axes.set_xlabel("distance k from the readout n (steps)")
    axes.set_ylabel("‖∂L/∂hₙ₋ₖ‖ / ‖∂L/∂hₙ‖")
    style.panel_title(axes, "gradient, at the end")
    return along({"panel": "gradient"}, distance=k, measured=ratio, bound=bound)
