"""What a network reads of a word: one token, the word itself, or several pieces of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.data.subwords import TOKENIZER, Subwords, train_subwords
from rnnexp.data.vocabulary import build_vocabulary
from rnnexp.types import Split
from rnnexp.words import UNK_ID, first_word_id

Tokens = Literal["words", "subwords"]

#: Words of a corpus that are turned into tokens at a time.
_AT_ONCE = 1_000_000

#: Words of a user's texts whose pieces are remembered: most of a text's words are common ones.
_REMEMBERED = 50_000


@dataclass(frozen=True)
class CorpusTokens:
    """The tokens of each word of a corpus, by their ids.

    vocabulary: the token of each id, first the specials.
    ids: of the tokens of all words, word by word; -1 for a token without an id of its own.
    starts: ids[starts[i]:starts[i+1]] are those of word i of the corpus.
    files: what has to be kept of them beside the vocabulary, by the names of files.
    """

    vocabulary: Sequence[str]
    ids: Int64Array
    starts: Int64Array
    files: Mapping[str, bytes] = field(default_factory=dict)

    def encode(self, corpus: TokenisedCorpus) -> tuple[npt.NDArray[np.int32], Int64Array]:
        """Token ids of all texts, one after the other, and where each text begins.

        Tokens without an id are UNK, or left out where the vocabulary has no UNK.
        """
        tokens, offsets = self._all_tokens(corpus)
        if first_word_id(self.vocabulary) > 1:
            tokens[tokens < 0] = UNK_ID
        else:
            known = tokens >= 0
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(known)])[offsets]
            tokens = tokens[known]
        return tokens, offsets

    def unknown(self, counts: Mapping[Split, Int64Array]) -> dict[Split, float | None]:
        """The share of each split's tokens, uncut, without an id; None where it has no tokens.

        counts: how often each word of the corpus stands in the split.
        """
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.ids < 0)])
        unknown_W = before[self.starts[1:]] - before[self.starts[:-1]]
        tokens_W = np.diff(self.starts)
        return {
            split: float((count_W @ unknown_W) / total) if (total := count_W @ tokens_W) else None
            for split, count_W in counts.items()
        }

    def _all_tokens(self, corpus: TokenisedCorpus) -> tuple[npt.NDArray[np.int32], Int64Array]:
        # kept as long as the task, for uncut texts and other lengths: 32 bits take half the memory
        ids, count_W = self.ids.astype(np.int32), np.diff(self.starts)
        if (count_W == 1).all():
            return ids[corpus.tokens], corpus.offsets
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(count_W[corpus.tokens])])
        tokens = np.empty(ends[-1], np.int32)
        for begin in range(0, len(corpus.tokens), _AT_ONCE):
            words = corpus.tokens[begin : begin + _AT_ONCE]
            part = slice(ends[begin], ends[begin + len(words)])
            shift = np.repeat(self.starts[words] - ends[begin : begin + len(words)], count_W[words])
            tokens[part] = ids[np.arange(part.start, part.stop) + shift]
        return tokens, ends[corpus.offsets]


class Piece(NamedTuple):
    """A token of a word: what is shown of it, and its id, None for one without."""

    shown: str
    id: int | None


class Pieces(Protocol):
    """Cuts a word into its tokens."""

    def __call__(self, word: str) -> Sequence[Piece]: ...


class WholeWords:
    """A word is a token. vocabulary: the words by their ids, behind the specials."""

    def __init__(self, vocabulary: Sequence[str], files: Mapping[str, bytes]) -> None:
        first = first_word_id(vocabulary)
        self._ids = {word: i for i, word in enumerate(vocabulary[first:], first)}

    def __call__(self, word: str) -> Sequence[Piece]:
        return [Piece(word, self._ids.get(word))]


class WordPieces:
    """A word is one token or several. files: what a run has kept, with its tokenizer.json."""

    def __init__(self, vocabulary: Sequence[str], files: Mapping[str, bytes]) -> None:
        subwords = Subwords.of(files[TOKENIZER])

        @lru_cache(maxsize=_REMEMBERED)
        def pieces(word: str) -> Sequence[Piece]:
            return [Piece(shown, i if i >= 0 else None) for shown, i in subwords.pieces(word)]

        self._pieces = pieces

    def __call__(self, word: str) -> Sequence[Piece]:
        return self._pieces(word)


def _words(
    corpus: TokenisedCorpus, rows: Int64Array, size: int, specials: Sequence[str]
) -> CorpusTokens:
    vocabulary, lookup = build_vocabulary(corpus, rows, size, specials)
    return CorpusTokens(vocabulary, lookup, np.arange(len(lookup) + 1))


def _subwords(
    corpus: TokenisedCorpus, rows: Int64Array, size: int, specials: Sequence[str]
) -> CorpusTokens:
    subwords = train_subwords(corpus, rows, size, specials)
    ids_W = [[i for _, i in subwords.pieces(word)] for word in corpus.words]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(ids) for ids in ids_W])])
    flat = np.array([i for ids in ids_W for i in ids], np.int64)
    return CorpusTokens(
        subwords.vocabulary, flat, starts.astype(np.int64), {TOKENIZER: subwords.file}
    )


class Kind(NamedTuple):
    """A kind of tokens. of: chosen on the words of a corpus. pieces: as a run has kept them.

    files: those that a run keeps of them.
    """

    of: Callable[[TokenisedCorpus, Int64Array, int, Sequence[str]], CorpusTokens]
    pieces: Callable[[Sequence[str], Mapping[str, bytes]], Pieces]
    files: Sequence[str] = ()


#: By the words of the setting `data.tokens`.
KINDS: Mapping[Tokens, Kind] = {
    "words": Kind(_words, WholeWords),
    "subwords": Kind(_subwords, WordPieces, (TOKENIZER,)),
}
