"""Many texts cleaned at once: the same words as text by text, by steps that pass over all of them.

Most of what is written in English is ASCII. Such texts are joined to one, and tags, capitals and
signs go in a few passes over its bytes. The other texts are taken one by one.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rnnexp.data.cleaning import TAG, Cleaning, ascii_table

#: Between texts that are joined: a byte that is in none of them.
_BORDER = b"\xff"
#: The same where tags are looked for: none goes on over a "<", and none begins with this one.
_TAG_BORDER = b"<" + _BORDER
_TAG_IN_BYTES = re.compile(TAG.pattern.encode())

#: By far the commonest tag, and what stands for it until "<" becomes a space, or nothing: a tag has
#: one "<", its first character, so that taking this one for another changes none of the others.
_BREAK, _BROKEN = b"<br />", b"<\n"


@dataclass(frozen=True)
class CleanedTexts:
    """What `Cleaning.words_and_lost_letters` says of each of N texts.

    spaced: its words in UTF-8, with one space or more between two of them, maybe around them too.
    lost_letters: how many of its letters are in none.
    normalised: whether its words are others than without `words.normalised`.
    """

    spaced: Sequence[bytes]
    lost_letters: Sequence[int]
    normalised: Sequence[bool]


def clean_texts(texts: Sequence[str], cleaning: Cleaning) -> CleanedTexts:
    """The words of every text, as `Cleaning.words` gives them."""
    spaced = [b""] * len(texts)
    lost_letters, normalised = [0] * len(texts), [False] * len(texts)
    ascii_rows, ascii_texts = [], []
    for row, text in enumerate(texts):
        # what an entity such as `&eacute;` stands for may be no ASCII character
        plain = html.unescape(text) if cleaning.strip_html and "&" in text else text
        if text.isascii() and plain.isascii():
            ascii_rows.append(row)
            ascii_texts.append(plain)
        else:
            spaced[row], lost_letters[row], normalised[row] = _clean_text(text, cleaning)
    for row, cleaned in zip(ascii_rows, _clean_ascii(ascii_texts, cleaning), strict=True):
        spaced[row] = cleaned
    return CleanedTexts(spaced, lost_letters, normalised)


def _clean_ascii(texts: Sequence[str], cleaning: Cleaning) -> Sequence[bytes]:
    """The words of texts of ASCII characters without entities, with spaces between them."""
    if not texts:
        return ()
    border = _TAG_BORDER if cleaning.strip_html else _BORDER
    joined = border.decode("latin-1").join(texts).encode("latin-1")
    if cleaning.strip_html:
        if cleaning.non_letters != "keep":
            joined = joined.replace(_BREAK, _BROKEN)
        joined = _TAG_IN_BYTES.sub(b" ", joined)
    table = ascii_table(cleaning)
    return joined.translate(*table).split(border.translate(*table))


def _clean_text(text: str, cleaning: Cleaning) -> tuple[bytes, int, bool]:
    """The words of a text with spaces between them, its lost letters, whether it is normalised."""
    prepared, prepared_before = cleaning.prepared_and_before(text)
    lost = cleaning.lost_letters(prepared)
    # where signs are deleted, what stands around them is normalised behind that
    same = prepared == prepared_before and cleaning.non_letters != "delete"
    if cleaning.letters == "ascii" and cleaning.non_letters == "space":
        spaced, before = (_ascii_letters(made, cleaning) for made in (prepared, prepared_before))
        return spaced, lost, not same and spaced.split() != before.split()
    words = cleaning.split(prepared)
    same = same or words == cleaning.without_normalising().split(prepared_before)
    return " ".join(words).encode(), lost, not same


def _ascii_letters(prepared: str, cleaning: Cleaning) -> bytes:
    """All but the letters from a to z as spaces, of a text that `prepared` gave."""
    return prepared.encode("utf-8", "surrogatepass").translate(*ascii_table(cleaning))
