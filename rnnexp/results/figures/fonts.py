"""Fonts that have the characters of a figure: matplotlib's own, then what is installed here."""

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

log = logging.getLogger(__name__)

#: The font that comes with matplotlib, and has Latin, Greek, Cyrillic, Arabic and most signs.
FIRST = "DejaVu Sans"
#: Its glyphs are boxes with the name of a script: no letters.
_NO_LETTERS = "Last Resort"

#: Characters that no font has, of the figures that are drawn `together`; None outside.
_collected: ContextVar[set[str] | None] = ContextVar("collected", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What is missing in the figures that are drawn inside the block is told in one line behind."""
    missing: set[str] = set()
    token = _collected.set(missing)
    try:
        yield
    finally:
        _collected.reset(token)
        _tell(missing)


def families(texts: Iterable[str]) -> list[str]:
    """Names of fonts that have all characters of the texts between them, as far as any has.

    Those that no installed font has are told in one line.
    """
    characters = {c for text in texts for c in text if c.isprintable() and not c.isspace()}
    missing = frozenset(c for c in characters if ord(c) not in codes(_path_of(FIRST)))
    if not missing:
        return [FIRST]
    found, nowhere = _fallbacks(missing)
    collected = _collected.get()
    if collected is None:
        _tell(nowhere)
    else:
        collected.update(nowhere)
    return [FIRST, *found]


def _tell(missing: Collection[str]) -> None:
    if missing:
        shown = " ".join(sorted(missing)[:20])
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        log.warning(
            "no font installed here has %s%s: boxes in the .png figures (the .svg ones hold the "
            "characters); install a font that has them, such as one of Noto Sans",
            shown, more,
        )  # fmt: skip


@cache
def _fallbacks(missing: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The fewest fonts, about, that have the characters, and those that none has."""
    fonts = {
        entry.name: entry.fname
        for entry in sorted(font_manager.fontManager.ttflist, key=lambda f: f.name, reverse=True)
        if entry.style == "normal" and not entry.name.startswith(_NO_LETTERS)
    }
    found, wanted = [], set(missing)
    while wanted:
        has = {name: {c for c in wanted if ord(c) in codes(path)} for name, path in fonts.items()}
        # of fonts that have as many, one without serifs, as all else here
        best = max(has, key=lambda name: (len(has[name]), "Sans" in name, name), default=None)
        if best is None or not has[best]:
            break
        if _draws(fonts[best], next(iter(has[best]))):
            found.append(best)
            wanted -= has[best]
        else:
            del fonts[best]
    return tuple(found), frozenset(wanted)


def _path_of(family: str) -> str:
    return str(font_manager.findfont(family))


@cache
def codes(path: str) -> frozenset[int]:
    """The characters of a font, by their numbers; none of a file that cannot be read."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def _draws(path: str, character: str) -> bool:
    """Whether matplotlib can draw with it: not with the bitmaps of colour emoji."""
    try:
        font = FT2Font(path)
        font.set_size(10, 72)
        font.load_char(ord(character))
    except (OSError, RuntimeError):
        return False
    return True
