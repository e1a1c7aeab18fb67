"""What is told of a run or a study, in pieces: sentences, and tables.

A terminal may wrap the lines of a sentence, and may not wrap those of a table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # which need scipy, and nobody waits for it who asks for help
    from rnnexp.results.tables import Table

#: What a sentence is: a terminal with colours shows some kinds otherwise than others.
Kind = Literal["plain", "answer", "note", "warning", "fault"]


@dataclass(frozen=True)
class Prose:
    """A line of words, or several; empty: a line that holds nothing."""

    text: str
    kind: Kind = "plain"


Piece: TypeAlias = "Prose | Table"

#: What stands between two blocks.
GAP = Prose("")


def in_blocks(blocks: Iterable[Sequence[Piece]]) -> list[Piece]:
    """All pieces, a gap between two blocks; empty ones are left out."""
    pieces: list[Piece] = []
    for block in blocks:
        if block:
            pieces += [GAP, *block] if pieces else block
    return pieces


def plain_text(pieces: Iterable[Piece]) -> str:
    """Every piece whole, as a file has it."""
    return "\n".join(p.text if isinstance(p, Prose) else p.text() for p in pieces)
