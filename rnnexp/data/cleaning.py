"""How a text becomes words."""

import html
import re
from dataclasses import dataclass
from typing import Literal

import regex

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")


@dataclass(frozen=True)
class Cleaning:
    """How a text becomes words: each step on its own, in this order.

    lowercase: lower-case all letters.
    strip_html: tags to spaces (`<br />`), entities to their characters (`&amp;`).
    non_letters: every character but letters and white space becomes a `space`, or is a `delete`d,
        which glues "it's" to "its" and "end.<br />The" to "endbr the"; `keep` leaves all.
    letters: `ascii` counts a-z and A-Z as letters; `unicode` those of every script.
    """

    lowercase: bool = True
    strip_html: bool = True
    non_letters: Literal["space", "delete", "keep"] = "space"
    letters: Literal["ascii", "unicode"] = "ascii"

    def words(self, text: str) -> list[str]:
        """
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
