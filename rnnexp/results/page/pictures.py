"""The figures of a page, within what a page may weigh."""

from dataclasses import dataclass, field
from pathlib import Path

from rnnexp.results import figure_files
from rnnexp.results.findings.base import Finding
from rnnexp.results.page.content import Drawn, Picture, address
from rnnexp.results.page.svg import inlined

#: Bytes of one figure, and of all figures of a page: what is larger stays in its file. Text and
#: tables take the rest of the 5 MB that a page may have.
MOST_OF_ONE, MOST_OF_ALL = 1_500_000, 3_500_000


@dataclass
class Pictures:
    """Reads the figures that were drawn, in the order of the page.

    folder: of the page.
    """

    drawn: Drawn
    folder: Path
    styles: list[str] = field(default_factory=list)
    _bytes: int = 0

    def of(self, number: int, finding: Finding, shows: str) -> list[Picture]:
        """Those of the `number`-th finding. shows: what they show, in a sentence."""
        return [self._picture(path, shows) for path in self.drawn.files.get(number, ())]

    def _picture(self, png: Path, shows: str) -> Picture:
        name = png.stem
        beside = [png.with_suffix(f".{kind}") for kind in figure_files.KINDS]
        files = [(p.suffix[1:].upper(), address(p, self.folder)) for p in beside if p.is_file()]
        try:
            text = png.with_suffix(".svg").read_text(encoding="utf-8")
        except OSError:
            return Picture(name, "", 0.0, files, "its SVG file is not there")
        made = inlined(text, f"fig-{name}", shows)
        size = len(made.text.encode())
        if size > MOST_OF_ONE or self._bytes + size > MOST_OF_ALL:
            return Picture(
                name, "", 0.0, files, f"it is too large for this page ({size / 1e6:.1f} MB)"
            )
        self._bytes += size
        self.styles += [rule for rule in made.styles if rule not in self.styles]
        return Picture(name, made.text, made.width, files)
