"""What the texts of a run hold, counted: a run says it first, so that what went wrong is seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import regex

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.data.emptiness import CAUSES
from rnnexp.data.tokens import CorpusTokens
from rnnexp.errors import DataError
from rnnexp.types import Split

#: A larger share of texts without words, or of letters lost, is a warning. English reviews lose
#: 0.01% of their letters by letters=ascii; a language with accents one in a hundred and more.
MANY_EMPTY, MANY_LOST = 0.01, 0.005

#: Letters of scripts that put no space between words. Where there are spaces all the same, a word
#: has 2 of them (Chinese, Japanese) to 5 (Thai, Khmer) on average.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_LONG_WORD = 7


@dataclass(frozen=True)
class TextFacts:
    """Counts over the texts that a run uses, and over the words of its splits.

    texts: how many there are.
    empty: those without words, by their cause in `CAUSES`.
    without_words: these, and those of which nothing is left once unknown words are dropped.
    median, percentile_95: of the words per text.
    cut: how many texts have more tokens than `seq_len`.
    letters_lost: share of the letters that are in no word.
    normalised: how many texts have other words by `words.normalised`.
    unknown: share of each split's tokens, uncut, outside the vocabulary; None where it has none.
    unspaced: most letters are of scripts without spaces, and words are long.
    """

    texts: int
    empty: Mapping[int, int]
    without_words: int
    median: float
    percentile_95: float
    cut: int
    letters_lost: float
    normalised: int
    unknown: Mapping[Split, float | None]
    unspaced: bool

    @classmethod
    def of(
        cls,
        corpus: TokenisedCorpus,
        rows: Mapping[Split, Int64Array],
        tokens: CorpusTokens,
        read_offsets: Int64Array,
        seq_len: int,
    ) -> "TextFacts":
        """tokens: of the corpus' words. read_offsets: where each text's tokens begin."""
        used = np.concatenate(list(rows.values()))
        counts = {split: corpus.word_counts(part) for split, part in rows.items()}
        count_W = np.sum(list(counts.values()), axis=0)
        letters = int(count_W @ np.fromiter(map(len, corpus.words), np.int64, len(corpus.words)))
        unspaced = sum(
            int(count_W[i]) * len(_UNSPACED.findall(word))
            for i, word in enumerate(corpus.words if not "".join(corpus.words).isascii() else ())
            if not word.isascii()
        )
        lost, lengths = int(corpus.lost_letters[used].sum()), np.diff(corpus.offsets)[used]
        read_lengths = np.diff(read_offsets)[used]
        causes, numbers = np.unique(corpus.empty[used], return_counts=True)
        return cls(
            texts=len(used),
            without_words=int((read_lengths == 0).sum()),
            empty={int(c): int(n) for c, n in zip(causes, numbers, strict=True) if c},
            median=float(np.median(lengths)),
            percentile_95=float(np.percentile(lengths, 95)),
            cut=int((read_lengths > seq_len).sum()),
            letters_lost=lost / max(1, lost + letters),
            normalised=int(corpus.normalised[used].sum()),
            unknown=tokens.unknown(counts),
            unspaced=unspaced > letters / 2 and letters > _LONG_WORD * count_W.sum(),
        )

    def check(self, source: str) -> None:
        """Raises DataError, with the way out, where most texts have no words. source: the file."""
        if 2 * sum(self.empty.values()) > self.texts:
            raise DataError(f"{source}: {self._without_words()}")

    def warnings(self, cleaning: Cleaning) -> list[str]:
        """What a result on these texts should not be read without, a sentence each."""
        lines = []
        if sum(self.empty.values()) > MANY_EMPTY * self.texts:
            lines.append(self._without_words())
        dropped = self.without_words - sum(self.empty.values())
        if dropped > MANY_EMPTY * self.texts:
            lines.append(
                f"{dropped} of {self.texts} texts have no word of the vocabulary, and "
                "data.unknown=drop leaves nothing of them: raise data.vocab_size, or set "
                "data.unknown=unk"
            )
        if self.letters_lost > MANY_LOST:
            example = "película"
            cut = " ".join(cleaning.words(example))
            lines.append(
                f"{self.letters_lost:.1%} of the letters are lost, since data.letters=ascii keeps "
                f"a to z alone ('{example}' becomes '{cut}'): set data.letters=unicode"
            )
        if self.unspaced:
            lines.append(
                "the texts have no spaces between their words, and all that stands between two "
                "spaces or signs is one word: write them with a space between words, or between "
                "characters"
            )
        return lines

    def report(self) -> dict[str, Any]:
        """For summary.json: shares are fractions."""
        return {
            "words_per_text": {
                "median": self.median,
                "percentile_95": self.percentile_95,
                "longer_than_seq_len": self.cut / self.texts,
            },
            "cut_texts": self.cut,
            "without_words": self.without_words,
            "empty_texts": {CAUSES[cause].cause: count for cause, count in self.empty.items()},
            "letters_lost": self.letters_lost,
            "normalised_texts": self.normalised,
            "unknown_words": dict(self.unknown),
        }

    def _without_words(self) -> str:
        """How many texts have no words, and by cause what to do."""
        parts = [f"{n} {CAUSES[c].cause} ({CAUSES[c].way_out})" for c, n in self.empty.items()]
        total = sum(self.empty.values())
        return f"{total} of {self.texts} texts have no words: {'; '.join(parts)}"
