"""A probe's numbers over the training: what a probe without a figure of its own gets."""

from pathlib import Path

import numpy as np

from rnnexp.results import words
from rnnexp.results.figures import looks, scales, style
from rnnexp.results.figures.tabulated import along
from rnnexp.results.findings.other_probes import OtherProbe

MAX_COLUMNS = 3


def draw(finding: OtherProbe, folder: Path) -> list[Path]:
    """A panel per number, in files called NAME_numbers."""
    columns = min(len(finding.numbers), MAX_COLUMNS)
    rows = -(-len(finding.numbers) // columns)
    with style.grid(1.2 + 3.2 * columns, 0.5 + 2.7 * rows, rows, columns) as (canvas, table):
        panels = [axes for row in table for axes in row]
        rows_drawn: list[dict[str, object]] = []
        for axes, (key, numbers) in zip(panels, finding.numbers.items(), strict=False):
            values = np.where(np.isfinite(numbers), numbers, np.nan)
            color = looks.look(finding.model).color
            axes.plot(finding.progress, values, marker=".", color=color)
            scales.progress_axis(axes, finding.progress, finding.unit)
            style.panel_title(axes, key.replace("_", " "), 9)
            place = {"panel": key}
            rows_drawn += along(place, **{finding.unit: finding.progress}, value=values)
        for axes in panels[len(finding.numbers) :]:
            axes.set_visible(False)
        probe = finding.probe.replace("_", " ")
        style.title(
            canvas, f"{words.label(finding.label)}: {probe} over the training, one seed", 10
        )
        return [style.save(canvas, folder, f"{finding.probe}_numbers", rows_drawn)]
