"""What a page holds, as values; the template alone says how it looks."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rnnexp.results.tables import NOTHING, Cell, Table


@dataclass(frozen=True)
class Drawn:
    """What became of the figures of findings: the PNG files of each, by the finding's place in the
    list; a line for each that could not be drawn.
    """

    files: dict[int, Sequence[Path]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """A figure on the page, or why it is not there.

    svg: the element; empty where it is left out, `left_out` says why. width: in points. files:
    (kind, address) of the files beside the page.
    """

    name: str
    svg: str
    width: float
    files: Sequence[tuple[str, str]]
    left_out: str = ""


@dataclass(frozen=True)
class Section:
    """One finding: what is seen, how to read it and how it misleads, its numbers, its figures.

    lines: what a terminal shows of a finding that has no table. leads: whether it stands directly
    below the answer.
    """

    name: str
    heading: str
    equation: str = ""
    reading: str = ""
    misleads: str = ""
    tables: Sequence[Table] = ()
    lines: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    leads: bool = False


@dataclass(frozen=True)
class Linked:
    """A row of a table whose first cell leads somewhere; without `address` it does not."""

    name: str
    address: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Listing:
    """The runs of a study. notes: lines below it."""

    head: Sequence[str]
    rows: Sequence[Linked]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Command:
    """A command to type, and what it does."""

    does: str
    words: str


@dataclass(frozen=True)
class Page:
    """kind: what it is a page of, in a word. name: of its folder.

    answer: sentences, the first of which answers the question. facts: what was done, in a few
    words. gaps: what is missing or was left out. asides: what else was said of the data and the
    run. unfinished: whether more will come, so that a browser is to look again.
    """

    kind: str
    name: str
    version: str
    question: str
    answer: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    gaps: Sequence[str] = ()
    asides: Sequence[str] = ()
    sections: Sequence[Section] = ()
    no_figures: str = ""
    runs: Listing | None = None
    commands: Sequence[Command] = ()
    environment: Sequence[tuple[str, str]] = ()
    settings: str = ""
    styles: Sequence[str] = field(default=())
    unfinished: bool = False


def address(target: Path, folder: Path) -> str:
    """From a page in `folder` to a file or a folder, as a link writes it.

    >>> address(Path("/a/s/rnn 50%/report.html"), Path("/a/s"))
    'rnn%2050%25/report.html'
    """
    return quote(Path(os.path.relpath(target, folder)).as_posix(), errors="surrogateescape")


def is_missing(cell: Cell) -> bool:
    """Whether nothing was measured: such a cell comes last, whichever way a table is sorted."""
    return sort_key(cell) is None and cell.text in (NOTHING, "")


def sort_key(cell: Cell) -> str | None:
    """The number by which it is sorted, as a script reads it; None of words.

    >>> sort_key(Cell("0.5", 0.5)), sort_key(Cell("no decay", math.inf)), sort_key(Cell("rnn"))
    ('0.5', 'Infinity', None)
    """
    if cell.value is None or math.isnan(cell.value):
        return None
    if math.isinf(cell.value):
        return "Infinity" if cell.value > 0 else "-Infinity"
    return repr(float(cell.value))
