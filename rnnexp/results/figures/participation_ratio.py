"""How many directions the states use, over training."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.participation_ratio import ParticipationRatio
from rnnexp.results.tables import with_ends


def draw(finding: ParticipationRatio, folder: Path) -> list[Path]:
    """participation_ratio.png and .svg."""
    with style.figure(9.2, 3.7, columns=2) as (canvas, (ratio, shares)):
        look = looks.look(finding.model)
        ratio.plot(
            finding.progress_M, finding.ratio_M, ":", color=look.color, marker=look.marker,
            markerfacecolor="white", label="of the states seen",
        )  # fmt: skip
        known = ~np.isnan(finding.unbiased_M)
        if known.any():
            progress = np.asarray(finding.progress_M, np.float64)[known]
            ratio.plot(
                progress, finding.unbiased_M[known], color=look.color, marker=look.marker,
                label="of their distribution",
            )  # fmt: skip
            ratio.vlines(
                progress, finding.low_M[known], finding.high_M[known], color=look.color, alpha=0.6
            )
        directions = np.arange(1, len(finding.shares_H) + 1)
        share = scales.on_log_axis(finding.shares_H)
        shares.plot(directions, share, color=look.color)
        tops = (finding.ratio_M, finding.unbiased_M, finding.high_M)
        ratio.set_ylim(0, 1.1 * max(float(np.nanmax(x, initial=0.0)) for x in tops) or 1.0)
        scales.progress_axis(ratio, finding.progress_M, finding.unit)
        ratio.set_ylabel("directions that the states use")
        scales.log_scale(shares)
        scales.whole_numbers(shares.xaxis)
        shares.set_xlabel("direction, the widest first")
        shares.set_ylabel("share of the variance")
        style.panel_title(ratio, "participation ratio")
        style.panel_title(shares, "at the end of the training")
        style.title(canvas, _title(finding), 10)
        style.name_lines(canvas, [ratio, shares])
        rows = along(
            {"panel": "participation ratio"},
            **{finding.unit: finding.progress_M}, of_states_seen=finding.ratio_M,
            of_distribution=finding.unbiased_M, low=finding.low_M, high=finding.high_M,
        )  # fmt: skip
        rows += along({"panel": "at the end"}, direction=directions, share_of_the_variance=share)
        return [style.save(canvas, folder, finding.name, rows)]


def _title(finding: ParticipationRatio) -> str:
    """How many directions are used at the end, and of what the numbers are."""
    values = (finding.unbiased_M[-1], finding.low_M[-1], finding.high_M[-1])
    corrected = not np.isnan(values[0])
    used = with_ends(*map(float, values)).text if corrected else f"{finding.ratio_M[-1]:.3g}"
    seen = (
        f"{words.label(finding.label)}: the states use {used} of {finding.hidden_size} directions"
    )
    if finding.samples is None:
        return seen
    interval = ", bars: 95% interval over them" if corrected else ""
    return f"{seen}\n{finding.samples} states of {finding.sequences} sequences{interval}"
