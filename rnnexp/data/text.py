"""The pipeline that every text corpus goes through: clean, tokenise, index, cut, pad, split.

    texts --clean--> words --index--> TokenisedCorpus (cached) --vocabulary, cut, pad--> splits

Each arrow is a module beside this one: cleaning, corpus, vocabulary. splits says which texts are
for training, validation and test.
"""

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import Int64Array, RawCorpus, TokenisedCorpus, cached_corpus
from rnnexp.data.facts import TextFacts
from rnnexp.data.splits import (
    SPLITS,
    described,
    duplicates_across,
    lacking_classes,
    parse_split,
    split_rows,
    way_to_all,
)
from rnnexp.data.vocabulary import build_vocabulary, cut_and_pad
from rnnexp.errors import DataError
from rnnexp.files import user_path
from rnnexp.ranges import a_fraction, at_least
from rnnexp.types import Batch, Padding, SequenceDataset, Split
from rnnexp.words import PAD, SPECIALS, UNK, UNK_ID, first_word_id

#: A split with this many texts that are all of one class is refused. With two balanced classes it
#: happens by chance to 0.2% of the splits of this size.
MANY = 10


class TextClassification(Classification):
    """Texts with one class each. A subclass provides the texts, by `identity` and `read`.

    seq_len: a text's first `seq_len` words are read, shorter ones padded.
    padding: pads behind the text (`post`) or before it (`pre`).
    vocab_size: the number of words that get an id, the commonest; PAD is 0 and UNK, if used, 1.
    vocab_from: count the words of the `train` split, or of `all` rows, test included.
    unknown: words outside the vocabulary become UNK (`unk`), or are left out (`drop`).
    split: percent for train/validation/test, or train/test.
    shuffle_seed: shuffle the rows by this seed before the split; None keeps the file's order.
    stratify: give every split the same share of each class, see `splits.stratified`.
    limit: use this many texts, the first ones.
    lowercase, strip_html, non_letters, letters: see `Cleaning`.
    cache_dir: where tokenised corpora are kept.
    eval_lengths: further values of seq_len at which the trained network is tested.
    word_dropout: the probability with which each word becomes UNK while training, anew at every
        step; pads stay pads. Source: Bowman et al. 2016, "Generating sentences from a continuous
        space", section 3.1.

    Raises ValueError for a setting out of range, DataError for what is wrong with a file.
    """

    def __init__(
        self,
        *,
        seq_len: int = 100,
        padding: Padding = "post",
        vocab_size: int = 10_000,
        vocab_from: Literal["train", "all"] = "train",
        unknown: Literal["unk", "drop"] = "unk",
        split: str = "80/10/10",
        shuffle_seed: int | None = None,
        stratify: bool = False,
        limit: int | None = None,
        lowercase: bool = True,
        strip_html: bool = True,
        non_letters: Literal["space", "delete", "keep"] = "space",
        letters: Literal["ascii", "unicode"] = "ascii",
        cache_dir: str = "data/cache",
        eval_lengths: list[int] | None = None,
        word_dropout: float = 0.0,
    ) -> None:
        at_least("seq_len", seq_len, 1)
        at_least("vocab_size", vocab_size, 1)
        if limit is not None:
            at_least("limit", limit, 1)
        if shuffle_seed is not None:
            at_least("shuffle_seed", shuffle_seed, 0)
        a_fraction("word_dropout", word_dropout)
        if word_dropout > 0 and unknown == "drop":
            raise ValueError(
                f"word_dropout={word_dropout} replaces words by {UNK}, which data.unknown=drop "
                "leaves out: use data.unknown=unk, or data.word_dropout=0"
            )
        self.word_dropout = word_dropout
        shares = parse_split(split)
        self.seq_len, self.padding, self.limit = seq_len, padding, limit
        self.cleaning = Cleaning(lowercase, strip_html, non_letters, letters)
        self.eval_lengths = tuple(eval_lengths or ())

        self.cache_dir = user_path(cache_dir)
        corpus = cached_corpus(self.cache_dir, self.identity(), self.cleaning, self.read)
        rows = split_rows(corpus, shares, shuffle_seed, limit, stratify)
        _check_length(seq_len, rows)
        self._check_classes(corpus, rows, shuffled=shuffle_seed is not None)
        used = np.concatenate([rows[name] for name in SPLITS])
        counted = rows["train"] if vocab_from == "train" else np.sort(used)
        specials = [PAD, UNK] if unknown == "unk" else [PAD]
        self.vocabulary, lookup = build_vocabulary(corpus, counted, vocab_size, specials)
        self._tokens, self._offsets = self._encode(corpus, lookup)
        facts = TextFacts.of(corpus, rows, lookup, self._offsets, seq_len)
        facts.check(str(self))
        self._read_anew = (
            corpus.read_anew or bool(facts.normalised) or not {*SPECIALS}.isdisjoint(corpus.words)
        )
        self.content = self.current_content()
        self.input_size, self.output_size = len(self.vocabulary), len(corpus.classes)
        self.classes = corpus.classes
        self._labels, self._rows = corpus.labels, rows
        self._splits: dict[Split, SequenceDataset] = {}
        class_counts = np.bincount(corpus.labels[used], minlength=len(corpus.classes))
        self.chance = classification_chance(class_counts.tolist())
        self.report = {
            **{name: len(rows[name]) for name in SPLITS},
            "classes": dict(zip(corpus.classes, class_counts.tolist(), strict=True)),
            "vocabulary": len(self.vocabulary),
            "padding": padding,
            **facts.report(),
            "warnings": facts.warnings(self.cleaning),
            **duplicates_across(corpus, rows),
            **corpus.facts,
            "notes": [
                f"split: {described(shares, shuffle_seed, stratify, corpus.is_test is not None)}",
                *corpus.notes,
                *lacking_classes(corpus, rows),
                *([_dropping(word_dropout)] if word_dropout > 0 else []),
            ],
        }

    @abstractmethod
    def identity(self) -> str:
        """A string that changes with the texts and their labels, such as a file's digest."""

    @abstractmethod
    def read(self) -> RawCorpus:
        """The texts and their labels; called only if the cache does not hold them."""

    def current_content(self) -> str:
        return self.content_of(self.identity())

    def content_of(self, identity: str) -> str:
        """`content`, of what `identity` gives."""
        # Where version 0.1 read other texts, words or labels, its runs are others.
        return identity + (" read anew" if self._read_anew else "")

    def split(self, name: Split) -> SequenceDataset:
        if name not in self._splits:
            inputs, lengths = cut_and_pad(
                self._tokens, self._offsets, self._rows[name], self.seq_len, self.padding
            )
            targets = torch.from_numpy(self._labels[self._rows[name]])
            self._splits[name] = SequenceDataset(inputs, targets, lengths, self.padding)
        return self._splits[name]

    def at_length(self, seq_len: int) -> Self:
        at_least("seq_len", seq_len, 1)
        _check_length(seq_len, self._rows)
        other = copy.copy(self)
        other.seq_len, other._splits = seq_len, {}
        return other

    def whole_lengths(self, name: Split) -> Tensor:
        rows = self._rows[name]
        return torch.from_numpy(self._offsets[rows + 1] - self._offsets[rows])

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        chosen = torch.tensor(rows)
        width = max(1, int(self.whole_lengths(name)[chosen].max()))
        corpus_rows = self._rows[name][chosen.numpy()]
        inputs, lengths = cut_and_pad(self._tokens, self._offsets, corpus_rows, width, "post")
        return Batch(inputs, self.split(name).targets[chosen], lengths)

    def for_training(self, batch: Batch) -> Batch:
        if not self.word_dropout:
            return batch
        drawn_BT = torch.rand(batch.inputs.shape, device=batch.inputs.device)
        replaced_BT = (drawn_BT < self.word_dropout) & (batch.inputs != 0)  # 0 is the pad
        return replace(batch, inputs=batch.inputs.masked_fill(replaced_BT, UNK_ID))

    def state(self) -> dict[str, Any]:
        return {
            "vocabulary": list(self.vocabulary or ()),
            "classes": list(self.classes),
            "cleaning": asdict(self.cleaning),
            "padding": self.padding,
        }

    def _encode(
        self, corpus: TokenisedCorpus, lookup: Int64Array
    ) -> tuple[npt.NDArray[np.int32], Int64Array]:
        """Token ids of all texts, one after the other, and where each begins.

        Words outside the vocabulary are UNK, or left out where it has no UNK.
        """
        assert self.vocabulary is not None
        offsets = corpus.offsets
        # kept as long as the task, for uncut texts and other lengths: 32 bits take half the memory
        tokens = lookup.astype(np.int32)[corpus.tokens]
        if first_word_id(self.vocabulary) > 1:
            tokens[tokens < 0] = UNK_ID
        else:
            known = tokens >= 0
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(known)])[offsets]
            tokens = tokens[known]
        return tokens, offsets

    def _check_classes(
        self, corpus: TokenisedCorpus, rows: dict[Split, Int64Array], shuffled: bool
    ) -> None:
        """Refuse a training split that lacks a class, and any split that has one class alone."""
        for name in SPLITS:
            count = len(rows[name])
            present = np.unique(corpus.labels[rows[name]])
            missing = [i for i in range(len(corpus.classes)) if i not in present]
            one_class = len(present) == 1 and count >= MANY
            if missing and (name == "train" or one_class):
                name_of_it = corpus.classes[missing[0]]
                raise DataError(
                    f"{self}: the {name} split of {count} texts has none of class '{name_of_it}'; "
                    f"{way_to_all(corpus, rows, missing[0], shuffled)}"
                )


def _dropping(share: float) -> str:
    return f"word dropout: while training each word is replaced by {UNK} with probability {share:g}"


def _check_length(seq_len: int, rows: Mapping[Split, Int64Array]) -> None:
    """Raise ValueError where texts of that length, each padded to it, cannot be held."""
    count = sum(map(len, rows.values()))
    bounds.fits("seq_len", seq_len, count * seq_len * bounds.WHOLE, f"{count} texts as long")


@dataclass(frozen=True)
class TextRead:
    """The words that a network reads of a text, their ids, and what it does not read.

    unknown: how many of `words` are outside the vocabulary. dropped: how many words are left out
    for that. cut: how many stand behind the first `seq_len`. lost_letters: see `Cleaning`.
    """

    words: list[str]
    ids: list[int]
    unknown: int
    dropped: int
    cut: int
    lost_letters: int


class TextEncoder:
    """Turns a text from the user into a batch of one that a trained model reads.

    state: what `TextClassification.state()` returned; a run directory holds it.
    """

    def __init__(self, state: Mapping[str, Any], seq_len: int) -> None:
        self.words: list[str] = state["vocabulary"]
        first = first_word_id(self.words)
        self.index = {word: i for i, word in enumerate(self.words[first:], first)}
        self.unknown_id = UNK_ID if first > UNK_ID else None
        self.cleaning = Cleaning.of(state["cleaning"])
        self.seq_len = seq_len
        self.padding: Padding = state["padding"]

    def __call__(self, text: str) -> tuple[list[str], list[int]]:
        """The first `seq_len` words and their ids. Words without an id are UNK, or left out."""
        read = self.read(text)
        return read.words, read.ids

    def read(self, text: str) -> TextRead:
        """What is read of a text, and what is not."""
        words, lost_letters = self.cleaning.words_and_lost_letters(text)
        pairs = [(word, self.index.get(word, self.unknown_id)) for word in words]
        known = [(word, i) for word, i in pairs if i is not None]
        read = known[: self.seq_len]
        return TextRead(
            [word for word, _ in read],
            [i for _, i in read],
            unknown=sum(i == self.unknown_id for _, i in read),
            dropped=len(words) - len(known),
            cut=len(known) - len(read),
            lost_letters=lost_letters,
        )

    def batch(self, ids: Sequence[int]) -> Batch:
        """A batch of one, padded to `seq_len` as in training."""
        tokens = np.array(ids, dtype=np.int64)
        offsets, row = np.array([0, len(tokens)]), np.zeros(1, np.int64)
        inputs, lengths = cut_and_pad(tokens, offsets, row, self.seq_len, self.padding)
        return Batch(inputs, torch.zeros(1, dtype=torch.long), lengths, self.padding)
