"""What counts as the same word, for texts, labels and files of word vectors alike."""

import unicodedata
from collections.abc import Sequence

import regex

#: The words of the ids 0 and, where unknown words have an id, 1. They stand for no word of a text:
#: a text or a file of vectors that holds the same characters is not looked up by them.
PAD, UNK = "<pad>", "<unk>"
SPECIALS = (PAD, UNK)
UNK_ID = 1

#: White space by what it does: Thai and Khmer texts have it between words.
_ZERO_WIDTH_SPACE = "\u200b"
_ASCII = bytes(range(128))
#: What no reader sees: soft hyphens, byte order marks, marks of direction, joiners of letters.
_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def normalised(text: str) -> str:
    """`text` in one spelling: in Unicode's form NFC, and without characters that nobody sees.

    An accented letter is one character or a letter and a mark, as the program that wrote the file
    had it; Unicode calls the two canonically equivalent, and NFC makes them equal. No other
    characters are made equal: NFKC would also turn "Batman™" into "BatmanTM" and "x²" into "x2".
    Of what is not seen, a zero-width space becomes a space, and the rest goes.

    Source: Unicode Standard Annex 15; the property Default_Ignorable_Code_Point of Annex 44.

    >>> normalised("cafe\\u0301") == "caf\\u00e9", normalised("\\ufeffco\\u00adop")
    (True, 'coop')
    """
    if text.isascii():
        return text
    if _INVISIBLE.search(other_than_ascii(text)):  # few characters, and most often none of these
        text = _INVISIBLE.sub("", text.replace(_ZERO_WIDTH_SPACE, " "))
    return unicodedata.normalize("NFC", text)


def other_than_ascii(text: str) -> str:
    """The characters of a text that are not ASCII: few in most, and soon looked through.

    >>> other_than_ascii("Le caf\u00e9 cr\u00e8me")
    '\u00e9\u00e8'
    """
    others = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    return others.decode("utf-8", "surrogatepass")


def first_word_id(vocabulary: Sequence[str]) -> int:
    """The id of the first real word: 1 behind PAD, 2 behind PAD and UNK.

    >>> first_word_id(["<pad>", "<unk>", "good"]), first_word_id(["<pad>", "good"])
    (2, 1)
    """
    return 2 if list(vocabulary[:2]) == [PAD, UNK] else 1
