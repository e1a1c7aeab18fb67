"""Texts to words."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, Self

import regex

from rnnexp.words import normalised, other_than_ascii

#: A tag of HTML, which begins and ends in one text: no other sign `<` is inside.
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
#: Letters that `letters=ascii` takes for none.
_OTHER_LETTER = regex.compile(r"[\p{L}--[a-zA-Z]]", regex.V1)
#: "İ" in lower case, two characters: Turkish writes "FİLM" for what is "film" in lower case.
_I_WITH_DOT = "i\u0307"


@dataclass(frozen=True)
class Cleaning:
    """How a text becomes words: the steps in their order, each of which can be turned off.

    strip_html: replace tags (`<br />`) by spaces, entities (`&amp;`) by their characters.
    normalise: one spelling for what reads the same, see `words.normalised`. Always on; off in what
        version 0.1 trained, which is asked in the words that it was trained on.
    lowercase: lower-case all letters.
    non_letters: replace every character but letters and white space by a `space`, or `delete` it,
        or `keep` it. Deleting makes "its" of "it's", and without strip_html "endbr the" of
        "end.<br />The".
    letters: which characters are letters: a-z and A-Z (`ascii`), or those of every script
        (`unicode`).
    """

    lowercase: bool = True
    strip_html: bool = True
    non_letters: Literal["space", "delete", "keep"] = "space"
    letters: Literal["ascii", "unicode"] = "ascii"
    normalise: bool = True

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> Self:
        """The cleaning of a run, from what it recorded; that of version 0.1 did not normalise."""
        return cls(**{"normalise": False, **recorded})

    def words(self, text: str) -> list[str]:
        """The words of a text in their order.

        >>> Cleaning().words("It's <br />GREAT!")
        ['it', 's', 'great']
        >>> Cleaning(strip_html=False, non_letters="delete").words("It's <br />GREAT!")
        ['its', 'br', 'great']
        """
        return self._ascii_words(text) or self.split(self.prepared(text))

    def words_and_lost_letters(self, text: str) -> tuple[list[str], int]:
        """The words of a text, and how many of its letters are in none, not being a-z.

        >>> Cleaning().words_and_lost_letters("Una película")
        (['una', 'pel', 'cula'], 1)
        """
        if words := self._ascii_words(text):
            return words, 0
        text = self.prepared(text)
        return self.split(text), self.lost_letters(text)

    def lost_letters(self, prepared: str) -> int:
        """How many letters of what `prepared` gave are in none of its words."""
        if self.letters == "unicode" or self.non_letters == "keep" or prepared.isascii():
            return 0
        return len(_OTHER_LETTER.findall(other_than_ascii(prepared)))

    def without_normalising(self) -> Self:
        """As version 0.1 cleaned."""
        return replace(self, normalise=False)

    def _ascii_words(self, text: str) -> list[str]:
        """The words of a text of ASCII characters, by a table of them; else none.

        The same words as by the steps below, sooner: most of what is written in English is ASCII.
        """
        if self.non_letters == "keep" or not text.isascii():
            return []
        if self.strip_html:
            if "&" in text:
                text = html.unescape(text)
                if not text.isascii():
                    return []
            if "<" in text:
                text = TAG.sub(" ", text)
        table, left_out = ascii_table(self)
        return text.encode().translate(table, left_out).decode().split()

    def prepared(self, text: str) -> str:
        """A text as `split` takes it: without tags, normalised and lower-cased."""
        return self.prepared_and_before(text)[0]

    def prepared_and_before(self, text: str) -> tuple[str, str]:
        """A text as `split` takes it, and what it is to `without_normalising`."""
        plain = html.unescape(text) if self.strip_html else text
        if not self.normalise:
            return (bare := self._bare(plain)), bare
        spelled = normalised(plain)
        bare = self._bare(spelled)
        before = bare if spelled == plain else self._bare(plain)
        if self.lowercase:
            # a letter in lower case can be one character where its capital is two
            bare = normalised(bare.replace(_I_WITH_DOT, "i"))
        return bare, before

    def _bare(self, text: str) -> str:
        """Without tags, in lower case."""
        if self.strip_html:
            text = TAG.sub(" ", text)
        return text.lower() if self.lowercase else text

    def split(self, text: str) -> list[str]:
        """The words of what `prepared` gave."""
        if self.non_letters != "keep":
            text = self._letters(text)
            if self.non_letters == "delete" and self.normalise:
                text = normalised(text)  # a mark may stand behind its letter now
        return text.split()

    def _letters(self, text: str) -> str:
        """Without what is neither a letter nor white space."""
        # \p{M}: the marks that many scripts write their vowels with
        pattern = r"[^a-zA-Z\s]" if self.letters == "ascii" else r"[^\p{L}\p{M}\s]"
        return regex.sub(pattern, " " if self.non_letters == "space" else "", text)


@cache
def ascii_table(cleaning: Cleaning) -> tuple[bytes, bytes]:
    """What each ASCII character becomes, as `bytes.translate` reads it, and those left out.

    Every byte of another character becomes a space, but for 255, which UTF-8 does not use.
    """
    becomes, left_out = bytearray(b" " * 255 + b"\xff"), bytearray()
    for code in range(128):
        kept = chr(code).lower() if cleaning.lowercase else chr(code)
        if cleaning.non_letters != "keep" and not (kept := cleaning._letters(kept)):
            left_out.append(code)
        elif not kept.isspace():
            becomes[code] = ord(kept)
    return bytes(becomes), bytes(left_out)
