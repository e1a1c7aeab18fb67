"""Texts to words."""

import html
import re
from dataclasses import dataclass
from typing import Literal

import regex

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")


@dataclass(frozen=True)
class Cleaning:
    """How a text becomes words: the steps in their order, each of which can be turned off.

    lowercase: lower-case all letters.
    strip_html: replace tags (`<br />`) by spaces, entities (`&amp;`) by their characters.
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

    def words(self, text: str) -> list[str]:
        """The words of a text in their order.

        >>> Cleaning().words("It's <br />GREAT!")
        ['it', 's', 'great']
        >>> Cleaning(strip_html=False, non_letters="delete").words("It's <br />GREAT!")
        ['its', 'br', 'great']
        """
        if self.strip_html:
            text = _TAG.sub(" ", html.unescape(text))
        if self.lowercase:
            text = text.lower()
        if self.non_letters != "keep":
            # \p{M}: the marks that many scripts write their vowels with
            pattern = r"[^a-zA-Z\s]" if self.letters == "ascii" else r"[^\p{L}\p{M}\s]"
            text = regex.sub(pattern, " " if self.non_letters == "space" else "", text)
        return text.split()
