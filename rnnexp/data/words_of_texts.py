"""The words of all texts of a corpus as numbers, found a part of the texts at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnexp.bars import slow_bar
from rnnexp.data.bulk_cleaning import clean_texts
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.emptiness import why_empty
from rnnexp.data.numbering import FoundWords, find_words, numbered

#: Characters of a part's texts: enough for its steps to pass over many at once, few enough for a
#: processor's cache. A part takes some ten times as many bytes while it is read, whatever the size
#: of the corpus.
AT_ONCE = 4_000_000


@dataclass(frozen=True)
class WordsOfTexts:
    """words: by their numbers, in the order of their first use. tokens: the texts as numbers.

    counts: of each text's words. digests, lost_letters, normalised, empty: see `TokenisedCorpus`.
    """

    words: tuple[str, ...]
    tokens: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    digests: npt.NDArray[np.uint64]
    lost_letters: npt.NDArray[np.int64]
    normalised: npt.NDArray[np.bool_]
    empty: npt.NDArray[np.uint8]


def words_of_texts(texts: Sequence[str], cleaning: Cleaning) -> WordsOfTexts:
    """The words of every text, as `Cleaning.words` gives them, numbered by first use."""
    parts = []
    with slow_bar("texts to words", "text", total=len(texts)) as bar:
        for some in _in_parts(texts):
            parts.append(_PartRead.of(some, cleaning))
            bar.update(len(some))
    words, tokens = numbered([part.found for part in parts])
    return WordsOfTexts(
        words=words,
        tokens=tokens,
        counts=np.concatenate([part.found.counts for part in parts]),
        digests=np.concatenate([part.found.digests for part in parts]),
        lost_letters=np.concatenate([np.array(part.lost_letters, np.int64) for part in parts]),
        normalised=np.concatenate([np.array(part.normalised, np.bool_) for part in parts]),
        empty=np.concatenate([np.array(part.empty, np.uint8) for part in parts]),
    )


@dataclass(frozen=True)
class _PartRead:
    """What is known of some of the texts."""

    found: FoundWords
    lost_letters: Sequence[int]
    normalised: Sequence[bool]
    empty: Sequence[int]

    @classmethod
    def of(cls, texts: Sequence[str], cleaning: Cleaning) -> "_PartRead":
        cleaned = clean_texts(texts, cleaning)
        found = find_words(cleaned.spaced)
        counts = found.counts.tolist()
        empty = [
            0 if count else why_empty(text, cleaning)
            for text, count in zip(texts, counts, strict=True)
        ]
        return cls(found, cleaned.lost_letters, cleaned.normalised, empty)


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in parts of about `AT_ONCE` characters."""
    begin = held = 0
    for row, text in enumerate(texts, 1):
        held += len(text)
        if held >= AT_ONCE:
            yield texts[begin:row]
            begin, held = row, 0
    if begin < len(texts) or not texts:
        yield texts[begin:]
