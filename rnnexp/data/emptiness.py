"""Why a text has no words, and what would give it some."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnexp.data.cleaning import Cleaning


@dataclass(frozen=True)
class Emptiness:
    """Why texts have no words. cause: said of them. way_out: what to do about it.

    change: the setting of `Cleaning` by which they have some; empty where none helps.
    """

    cause: str
    way_out: str
    change: Mapping[str, Any]


#: The first that fits is a text's own: the settings that might help are tried out on it.
CAUSES = (
    Emptiness("have words", "", {}),
    Emptiness("hold letters, but none from a to z", "set data.letters=unicode",
              {"letters": "unicode"}),
    Emptiness("hold digits or signs, but no letter", "set data.non_letters=keep",
              {"non_letters": "keep"}),
    Emptiness("hold HTML tags alone", "take their rows out, or set data.strip_html=false",
              {"strip_html": False}),
    Emptiness("are blank", "take their rows out", {}),
)  # fmt: skip
_BLANK = len(CAUSES) - 1


def why_empty(text: str, cleaning: Cleaning) -> int:
    """Why a text has no words, as an index into `CAUSES`."""
    for index, emptiness in enumerate(CAUSES[1:_BLANK], 1):
        if text.strip() and replace(cleaning, **emptiness.change).words(text):
            return index
    return _BLANK
