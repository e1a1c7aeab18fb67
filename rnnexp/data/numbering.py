"""Words to numbers, for many texts at once: numpy finds where words end, Arrow which are the same.

Source of the second part: the hash table of Apache Arrow, `pyarrow.Array.dictionary_encode`, which
numbers values in the order in which it meets them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow

_SPACE = ord(" ")


@dataclass(frozen=True)
class FoundWords:
    """The words of N texts.

    words: all of them, as an array of Arrow that holds each distinct one once, by first use.
    counts: of each text's words. digests: a 64-bit hash of each text, of its words with a space
    between them.
    """

    words: "pyarrow.DictionaryArray"
    counts: npt.NDArray[np.int64]
    digests: npt.NDArray[np.uint64]


def find_words(spaced: Sequence[bytes]) -> FoundWords:
    """The words of N texts, between which are spaces.

    >>> found = find_words([b" to be  or", b"not to"])
    >>> found.counts.tolist(), numbered([found])[1].tolist(), numbered([found])[0]
    ([3, 2], [0, 1, 2, 3, 0], ('to', 'be', 'or', 'not'))
    """
    joined = np.frombuffer(b" ".join([*spaced, b""]), np.uint8)
    letter = joined != _SPACE
    behind_letter = np.zeros_like(letter)
    behind_letter[1:] = letter[:-1]
    lengths = np.fromiter(map(len, spaced), np.int64, len(spaced))
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths + 1)])
    # the space behind a text's last word is one of its own, or the one that joins it to the next
    words_before = np.searchsorted(np.flatnonzero(behind_letter > letter), begins)
    # the words with one space behind each, and where each of them begins with the next one's begin
    held = joined[letter | behind_letter]
    spaces = np.flatnonzero(held == _SPACE)
    word_begins = np.zeros(len(spaces) + 1, np.int64)
    np.add(spaces, 1, out=word_begins[1:])
    digests = _digests(held, word_begins[words_before].tolist())
    return FoundWords(_distinct(held, word_begins), np.diff(words_before), digests)


def numbered(parts: Sequence[FoundWords]) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """The distinct words of all parts by first use, and all words as their places among them."""
    import pyarrow

    if not parts:
        return (), np.zeros(0, np.int32)
    # Arrow's numbers of a part become those of all, in the order of the parts
    alike = pyarrow.chunked_array([part.words for part in parts]).unify_dictionaries()
    words = alike.chunk(0).dictionary.to_pylist()
    tokens = np.concatenate([chunk.indices.to_numpy() for chunk in alike.chunks])
    return tuple(word[:-1].decode() for word in words), tokens  # without its space


def _distinct(
    held: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64]
) -> "pyarrow.DictionaryArray":
    """The words in `held`, each with its space, each distinct one numbered by its first use."""
    import pyarrow

    buffers = [None, pyarrow.py_buffer(begins), pyarrow.py_buffer(held)]
    words = pyarrow.Array.from_buffers(pyarrow.large_binary(), len(begins) - 1, buffers)
    return words.dictionary_encode()


def _digests(held: npt.NDArray[np.uint8], begins: Sequence[int]) -> npt.NDArray[np.uint64]:
    """A hash of each text, without its last space."""
    view = held.data
    digests = (
        hashlib.blake2b(view[begin : max(begin, end - 1)], digest_size=8).digest()
        for begin, end in pairwise(begins)
    )
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
