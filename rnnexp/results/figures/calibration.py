"""The reliability diagram: how often answers are right, by how sure the network was of them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.calibration import Calibration
from rnnexp.results.statistics import wilson
from rnnexp.scores import CALIBRATION_ERROR
from rnnexp.scores.classes import BINS, Reliability


def draw(finding: Calibration, folder: Path) -> list[Path]:
    """calibration.png and .svg."""
    reliability, look = finding.reliability, looks.look(finding.model)
    unit = "steps" if finding.of_steps else "examples"
    with style.grid(5.0, 5.4, 2, 1) as (canvas, ((above,), (below,))):
        above.get_gridspec().set_height_ratios([3, 1])  # type: ignore[union-attr]
        above.plot(
            [0, 1], [0, 1], color="black", linewidth=1.0, linestyle=(0, (6, 2)), zorder=1,
            label="as often right as sure",
        )  # fmt: skip
        there = reliability.count_M > 0
        x, y = reliability.confidence_M[there], reliability.accuracy_M[there]
        counts = reliability.count_M[there].tolist()
        ends = [wilson(round(share * n), n) for share, n in zip(y.tolist(), counts, strict=True)]
        bars = np.array([[share - r.low, r.high - share] for share, r in zip(y, ends, strict=True)])
        above.errorbar(
            x, y, yerr=np.maximum(bars.T, 0), color=look.color, marker=look.marker, linestyle="-",
            linewidth=1.2, elinewidth=1.0, capsize=2,
        )  # fmt: skip
        low = np.floor(10 * min(float(x.min()), *(r.low for r in ends))) / 10
        above.set_ylim(max(-0.02, low - 0.02), 1.02)
        above.set_ylabel("share of answers that are right")
        left = min(np.floor(BINS * float(x.min())) / BINS, 14 / BINS)
        below.bar(
            (np.arange(BINS) + 0.5) / BINS, reliability.count_M, width=0.92 / BINS,
            color=look.color, alpha=0.75,
        )  # fmt: skip
        below.set_ylabel(f"test {unit}")
        below.set_xlabel("probability that the network gives its answer")
        for axes in (above, below):
            axes.set_xlim(left - 0.01, 1.01)
            scales.percent_axis(axes.xaxis)
        scales.percent_axis(above.yaxis)
        show = CALIBRATION_ERROR.show
        data = words.data_name(finding.data, finding.synthetic)
        style.title(
            canvas,
            f"{words.model_name(finding.model)} on {data}: {finding.verdict}\n"
            f"calibration error {show(finding.error)} (95% {show(finding.ends[0])} to "
            f"{show(finding.ends[1])}); {show(finding.floor)} if calibrated\n"
            "bars: 95%, Wilson's interval over examples",
            10,
        )
        style.name_lines(canvas, [above])
        return [style.save(canvas, folder, finding.name, list(_rows(reliability, unit)))]


def _rows(reliability: Reliability, unit: str) -> Iterator[dict[str, object]]:
    """A row for each bin; of an empty one no share."""
    for place in range(BINS):
        n, share = int(reliability.count_M[place]), float(reliability.accuracy_M[place])
        rate = wilson(round(share * n), n) if n else None
        yield {
            "low_probability": place / BINS, "high_probability": (place + 1) / BINS, unit: n,
            "mean_probability": float(reliability.confidence_M[place]) if n else None,
            "share_right": share if n else None,
            "low": rate and rate.low, "high": rate and rate.high,
        }  # fmt: skip
