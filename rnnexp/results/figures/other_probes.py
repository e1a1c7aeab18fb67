"""A probe's numbers over the training: what a probe without a figure of its own gets."""

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from rnnexp.results.figures import style
from rnnexp.results.findings.other_probes import OtherProbe


def draw(finding: OtherProbe, folder: Path) -> list[Path]:
    """A panel per number, in the files of the probe's name."""
    columns = len(finding.numbers)
    with style.figure(1.2 + 3.2 * columns, 3.2, columns=columns) as (canvas, panels):
        for axes, (key, numbers) in zip(panels, finding.numbers.items(), strict=True):
            values = np.where(np.isfinite(numbers), numbers, np.nan)
            color = style.look(finding.model).color
            axes.plot(finding.progress, values, marker=".", color=color)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel(finding.unit)
            axes.set_title(key, fontsize=9)
        canvas.suptitle(f"{style.label(finding.label)}: {finding.probe}", fontsize=11)
        return [style.save(canvas, folder, finding.probe)]
