"""The recurrent weights over training, and the bound they put on the gradient."""

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.findings.recurrent_weights import RecurrentWeights


def draw(finding: RecurrentWeights, folder: Path) -> list[Path]:
    """recurrent_weights.png and .svg of one run."""
    bounded = finding.bound is not None
    with style.figure(9.2 if bounded else 5.6, 3.8, columns=2 if bounded else 1) as (
        canvas,
        panels,
    ):
        axes = panels[0]
        for index, (name, (radius_M, sigma_M)) in enumerate(finding.blocks.items()):
            color = style.series_color(index)
            for values_M, line, sign in ((radius_M, "-", "ρ"), (sigma_M, "--", "σ_max")):
                axes.plot(
                    finding.progress_M, values_M, line, color=color, marker=".",
                    label=f"{sign} {name}",
                )  # fmt: skip
        axes.axhline(1.0, color=style.CHANCE, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(finding.unit)
        axes.set_ylabel("spectral radius, largest singular value")
        axes.legend(fontsize=8)
        if finding.ratio is not None and finding.bound is not None:
            k = np.arange(len(finding.ratio))
            color = style.look(finding.model).color
            right = panels[1]
            right.plot(k, style.on_log_axis(finding.ratio), color=color, label="measured")
            right.plot(
                k, style.on_log_axis(finding.bound), "k--", linewidth=1,
                label=r"bound $\sigma_{max}^k$",
            )  # fmt: skip
            style.log_scale(right)
            right.set_xlabel("distance k from the readout n (steps)")
            right.set_ylabel(
                r"$\Vert\partial L/\partial h_{n-k}\Vert\,/\,\Vert\partial L/\partial h_n\Vert$"
            )
            right.legend(fontsize=8)
        canvas.suptitle(f"{style.label(finding.label)}: recurrent weights", fontsize=11)
        return [style.save(canvas, folder, finding.name)]
