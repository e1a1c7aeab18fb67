"""Words to numbers, for many texts at once: numpy finds where words end, Arrow which are the same.

Source of the second part: the hash table of Apache Arrow, `pyarrow.Array.dictionary_encode`, which
numbers values in the order in which it meets them.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SPACE = ord(" ")


class Numbering:
    """Numbers for words, by first use, and the texts as these numbers.

    Texts are added in parts. words: all words so far; a word's number is its place among them.
    """

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._tokens: list[npt.NDArray[np.int32]] = []
        self._lengths: list[npt.NDArray[np.int64]] = []
        self._digests: list[npt.NDArray[np.uint64]] = []

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word.decode() for word in self._numbers)

    @property
    def tokens(self) -> npt.NDArray[np.int32]:
        """The numbers of the words of all texts, one after the other."""
        return np.concatenate([np.zeros(0, np.int32), *self._tokens])

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where the words of each text begin in `tokens`, and where the last one's end."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(self._lengths))])

    @property
    def digests(self) -> npt.NDArray[np.uint64]:
        """A 64-bit hash of each text, of its words with a space between them."""
        return np.concatenate([np.zeros(0, np.uint64), *self._digests])

    def add(self, spaced: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Number the words of N texts, between which are spaces; their counts of words."""
        letters = _Letters(spaced)
        self._tokens.append(self._numbered(letters))
        lengths = np.diff(letters.first_words)
        self._lengths.append(lengths)
        self._digests.append(letters.digests())
        return lengths

    def _numbered(self, letters: "_Letters") -> npt.NDArray[np.int32]:
        import pyarrow

        if not len(letters.ends):
            return np.zeros(0, np.int32)
        begins = np.concatenate([np.zeros(1, np.int64), letters.ends])
        buffers = [None, pyarrow.py_buffer(begins), pyarrow.py_buffer(letters.bytes)]
        words = pyarrow.Array.from_buffers(pyarrow.large_binary(), len(letters.ends), buffers)
        encoded = words.dictionary_encode()
        met = [word[:-1] for word in encoded.dictionary.to_pylist()]  # without its space
        numbers = np.fromiter(map(self._numbers.__getitem__, met), np.int32, len(met))
        return numbers[encoded.indices.to_numpy()]


class _Numbers(dict[bytes, int]):
    """Numbers by word; a word that is asked for and not there gets the next."""

    def __missing__(self, word: bytes) -> int:
        number = self[word] = len(self)
        return number


class _Letters:
    """N texts as one, with one space behind each word and no others.

    ends: where each word with its space ends in `bytes`. first_words: how many words stand before
    each text, and before the end.
    """

    def __init__(self, spaced: Sequence[bytes]) -> None:
        joined = np.frombuffer(b" ".join([*spaced, b""]), np.uint8)
        letter = joined != _SPACE
        behind_letter = np.zeros_like(letter)
        behind_letter[1:] = letter[:-1]
        lengths = np.fromiter(map(len, spaced), np.int64, len(spaced))
        begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths + 1)])
        # the space behind a text's last word is one of its own, or the one that joins it
        self.first_words = np.searchsorted(np.flatnonzero(behind_letter & ~letter), begins)
        self.bytes = joined[letter | behind_letter]
        self.ends = np.flatnonzero(self.bytes == _SPACE) + 1

    def digests(self) -> npt.NDArray[np.uint64]:
        held = memoryview(self.bytes)
        ends = np.concatenate([np.zeros(1, np.int64), self.ends])[self.first_words].tolist()
        digests = (
            # without the last space
            hashlib.blake2b(held[begin : max(begin, end - 1)], digest_size=8).digest()
            for begin, end in zip(ends[:-1], ends[1:], strict=True)
        )
        return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
