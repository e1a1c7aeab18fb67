"""How many directions the states use, over training."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.participation_ratio import ParticipationRatio


def draw(finding: ParticipationRatio, folder: Path) -> list[Path]:
    """participation_ratio.png and .svg."""
    with style.figure(9.2, 3.7, columns=2) as (canvas, (ratio, shares)):
        look = looks.look(finding.model)
        ratio.plot(
            finding.progress_M, finding.ratio_M, ":", color=look.color, marker=look.marker,
            markerfacecolor="white", label=_of_states(finding),
        )  # fmt: skip
        known = ~np.isnan(finding.unbiased_M)
        if known.any():
            progress = np.asarray(finding.progress_M, np.float64)[known]
            ratio.plot(
                progress, finding.unbiased_M[known], color=look.color, marker=look.marker,
                label="of their distribution, with its 95% interval over sequences",
            )  # fmt: skip
            ratio.vlines(
                progress, finding.low_M[known], finding.high_M[known], color=look.color, alpha=0.6
            )
        shares.plot(
            np.arange(1, len(finding.shares_H) + 1), scales.on_log_axis(finding.shares_H),
            color=look.color,
        )  # fmt: skip
        tops = (finding.ratio_M, finding.unbiased_M, finding.high_M)
        ratio.set_ylim(0, 1.1 * max(float(np.nanmax(x, initial=0.0)) for x in tops) or 1.0)
        scales.progress_axis(ratio, finding.progress_M, finding.unit)
        ratio.set_ylabel("participation ratio of the states")
        scales.log_scale(shares)
        scales.whole_numbers(shares.xaxis)
        shares.set_xlabel("direction")
        shares.set_ylabel("share of the variance, at the end")
        style.title(
            canvas,
            f"{words.label(finding.label)}: directions that the states use, of "
            f"{finding.hidden_size}",
        )
        style.legend(canvas, [ratio])
        return [style.save(canvas, folder, finding.name)]


def _of_states(finding: ParticipationRatio) -> str:
    """What the plain ratio is of."""
    if finding.samples is None:
        return "of the states seen"
    return f"of the {finding.samples} states seen, in {finding.sequences} sequences"
