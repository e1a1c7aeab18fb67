"""How many directions the states use, over training."""

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.findings.participation_ratio import ParticipationRatio


def draw(finding: ParticipationRatio, folder: Path) -> list[Path]:
    """participation_ratio.png and .svg."""
    with style.figure(9.2, 3.7, columns=2) as (canvas, (ratio, shares)):
        look = style.look(finding.model)
        label = f"{style.label(finding.label)} (of {finding.hidden_size})"
        ratio.plot(
            finding.progress_M, finding.ratio_M, color=look.color, marker=look.marker, label=label
        )
        ratio.set_xlabel(finding.unit)
        shares.plot(
            np.arange(1, len(finding.shares_H) + 1), style.on_log_axis(finding.shares_H),
            color=look.color, label=label,
        )  # fmt: skip
        ratio.set_ylim(bottom=0)
        ratio.xaxis.set_major_locator(MaxNLocator(integer=True))
        ratio.set_ylabel("participation ratio of the states")
        ratio.legend(fontsize=8)
        style.log_scale(shares)
        shares.set_xlabel("direction")
        shares.set_ylabel("share of the variance, at the end")
        return [style.save(canvas, folder, finding.name)]
