"""The files of a figure: for print, for a page, and the numbers behind it."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnexp.durable import write_text

#: What a figure leaves: `gradient_flow.png`, `gradient_flow.svg`, `gradient_flow.csv`.
KINDS = ("png", "svg", "csv")

#: What is drawn, a row for each point: the panel and the line that it belongs to, where it stands,
#: its value, the ends of its interval. A column's name says its unit where it has one. NaN and None
#: are empty cells: nothing was measured there.
Numbers = Sequence[Mapping[str, object]]

#: Where an SVG has its fonts, as faces of CSS.
FONTS = '<style type="text/css" class="fonts">{}</style>'
_FONTS = re.compile(re.escape(FONTS).replace(r"\{\}", "(.*?)") + r"\s*", re.DOTALL)


def split_fonts(svg: str) -> tuple[str, list[str]]:
    """A figure without its fonts, and these as rules of CSS: a page with many figures needs each
    of them once.
    """
    faces = [face for block in _FONTS.findall(svg) for face in block.splitlines()]
    return _FONTS.sub("", svg), faces


def write_numbers(folder: Path, name: str, numbers: Numbers) -> Path:
    """`name`.csv; floats with the digits that bring the same float back. Of none no file, and an
    earlier one is removed.
    """
    if not numbers:
        (folder / f"{name}.csv").unlink(missing_ok=True)
        return folder / f"{name}.csv"
    columns = list(dict.fromkeys(key for row in numbers for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in numbers:
        writer.writerow({key: _plain(value) for key, value in row.items()})
    write_text(folder / f"{name}.csv", text.getvalue())
    return folder / f"{name}.csv"


def _plain(value: object) -> object:
    """Numbers of numpy as Python's own, which are written in full; nothing for NaN."""
    plain = value.item() if hasattr(value, "item") else value
    return "" if isinstance(plain, float) and math.isnan(plain) else plain


def remove(folder: Path, name: str) -> list[str]:
    """Remove the files of a figure; returns the names of those that were there."""
    removed = []
    for kind in KINDS:
        path = folder / f"{name}.{kind}"
        if path.is_file():
            path.unlink()
            removed.append(path.name)
    return removed
