"""A probe's numbers over the training: what a probe without a figure of its own gets."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.findings.other_probes import OtherProbe

MAX_COLUMNS = 3


def draw(finding: OtherProbe, folder: Path) -> list[Path]:
    """A panel per number, in the files of the probe's name."""
    columns = min(len(finding.numbers), MAX_COLUMNS)
    rows = -(-len(finding.numbers) // columns)
    with style.grid(1.2 + 3.2 * columns, 0.5 + 2.7 * rows, rows, columns) as (canvas, table):
        panels = [axes for row in table for axes in row]
        for axes, (key, numbers) in zip(panels, finding.numbers.items(), strict=False):
            values = np.where(np.isfinite(numbers), numbers, np.nan)
            color = looks.look(finding.model).color
            axes.plot(finding.progress, values, marker=".", color=color)
            scales.progress_axis(axes, finding.progress, finding.unit)
            style.panel_title(axes, key.replace("_", " "), 9)
        for axes in panels[len(finding.numbers) :]:
            axes.set_visible(False)
        style.title(canvas, f"{words.label(finding.label)}: {finding.probe.replace('_', ' ')}")
        return [style.save(canvas, folder, finding.probe)]
