"""The recurrent weights over training, and the bound they put on the gradient."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.recurrent_weights import RecurrentWeights


def draw(finding: RecurrentWeights, folder: Path) -> list[Path]:
    """recurrent_weights.png and .svg of one run."""
    bounded = finding.bound is not None
    with style.figure(9.2 if bounded else 6.4, 3.4, columns=2 if bounded else 1) as (
        canvas,
        panels,
    ):
        axes = panels[0]
        for index, (name, (radius_M, sigma_M)) in enumerate(finding.blocks.items()):
            for which, (values_M, sign) in enumerate(((radius_M, "ρ"), (sigma_M, "σₘₐₓ"))):
                axes.plot(
                    finding.progress_M, values_M, **looks.other_look(2 * index + which).points,
                    markersize=3.5, label=words.literal(f"{sign} {name}"),
                )  # fmt: skip
        axes.axhline(1.0, color=scales.CHANCE, linewidth=0.8)
        scales.progress_axis(axes, finding.progress_M, finding.unit)
        axes.set_ylabel("spectral radius ρ,\nlargest singular value σₘₐₓ")
        if finding.ratio is not None and finding.bound is not None:
            k = np.arange(len(finding.ratio))
            color = looks.look(finding.model).color
            right = panels[1]
            right.plot(k, scales.on_log_axis(finding.ratio), color=color, label="measured")
            right.plot(
                k, scales.on_log_axis(finding.bound), "k--", linewidth=1, label="bound σₘₐₓ^k"
            )
            scales.log_scale(right)
            scales.whole_numbers(right.xaxis)
            right.set_xlabel("distance k from the readout n (steps)")
            right.set_ylabel("‖∂L/∂hₙ₋ₖ‖ / ‖∂L/∂hₙ‖")
        style.title(canvas, f"{words.label(finding.label)}: recurrent weights")
        style.legend(canvas, panels)
        return [style.save(canvas, folder, finding.name)]
