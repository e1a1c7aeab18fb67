"""The font in an SVG figure: its letters are drawn the same wherever it is opened.

Text stays text, that can be searched, copied and read aloud; without the font a browser would
take one of its own, whose letters are wider or have no ∂. Of DejaVu Sans those letters are embedded
that figures use, as WOFF, which fontTools makes: some 12 kB, the same in almost all figures, so
that a page with many of them needs it once (`figure_files.split_fonts`).
"""

import base64
import io
import re
import string
from functools import cache
from html import unescape

from matplotlib import font_manager

from rnnexp.results.figure_files import FONTS
from rnnexp.results.figures import fonts

#: Letters of the face that all figures have; what else a figure has is in a second one.
USUAL = frozenset(string.digits + string.ascii_letters + string.punctuation + " ").union(
    "‖∂₀₁₂ₜ⁻⁰¹²³⁴⁵⁶⁷⁸⁹×≥≤±·–−…°√≈→σρλαβγδΔµ"
)
_TEXT = re.compile(r"<text\b([^>]*)>(.*?)</text>", re.DOTALL)
_BOLD = re.compile(r'style="[^"]*\b(?:bold|[6-9]00)\b')


def with_fonts(drawing: str) -> str:
    """An SVG that matplotlib has made, with the faces that its texts need."""
    needed: dict[bool, set[str]] = {}
    for attributes, content in _TEXT.findall(drawing):
        letters = set(unescape(re.sub("<[^>]*>", "", content))) - set("\n\r\t")
        needed.setdefault(bool(_BOLD.search(attributes)), set()).update(letters)
    faces = []
    for bold, letters in sorted(needed.items()):
        there = letters & _codes(bold)
        usual = USUAL & _codes(bold)
        if not bold:
            faces.append(_face(bold, usual))
            there -= usual
        if there:
            faces.append(_face(bold, frozenset(there)))
    head, svg, body = drawing.partition("<svg")
    opening, end, rest = body.partition(">")
    style = FONTS.format("\n".join(faces))
    return f"{head}{svg}{opening}{end}\n {style}{rest}" if faces else drawing


def _path(bold: bool) -> str:
    properties = font_manager.FontProperties(
        family=[fonts.FIRST], weight="bold" if bold else "normal"
    )
    return str(font_manager.findfont(properties))


@cache
def _codes(bold: bool) -> frozenset[str]:
    return frozenset(map(chr, fonts.codes(_path(bold))))


@cache
def _face(bold: bool, letters: frozenset[str]) -> str:
    """A rule of CSS with the font of these letters alone."""
    from fontTools import subset, ttLib

    options = subset.Options()
    options.drop_tables += ["FFTM"]  # FontForge's time stamps, which it would warn about
    options.hinting, options.layout_features, options.name_IDs = False, [], []
    # else the file has the time in it, and the same figure other bytes
    with ttLib.TTFont(_path(bold), recalcTimestamp=False) as font:
        made = subset.Subsetter(options)
        made.populate(text="".join(sorted(letters)))
        made.subset(font)
        font.flavor = "woff"
        file = io.BytesIO()
        font.save(file)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    spans = ",".join(f"U+{ord(letter):X}" for letter in sorted(letters))
    weight = "bold" if bold else "normal"
    return (
        f"@font-face{{font-family:'{fonts.FIRST}';font-weight:{weight};unicode-range:{spans};"
        f"src:url(data:font/woff;base64,{data}) format('woff')}}"
    )
