"""The pipeline that every text corpus goes through: clean, tokenise, index, cut, pad, split.

    texts --clean--> words --index--> TokenisedCorpus (cached) --vocabulary, cut, pad--> splits

Each arrow is a module beside this one: cleaning, corpus, vocabulary. splits says which texts are
for training, validation and test.
"""

import copy
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from rnnexp import bounds
from rnnexp.data.base import Classification, Task, classification_chance
from rnnexp.data.cleaning import Cleaning
from rnnexp.data.corpus import Int64Array, RawCorpus, TokenisedCorpus, cached_corpus
from rnnexp.data.facts import TextFacts
from rnnexp.data.splits import (
    DEFAULT_SPLIT,
    SPLITS,
    described,
    described_files,
    duplicates_across,
    lacking_classes,
    parse_split,
    split_rows,
    way_to_all,
)
from rnnexp.data.tokens import KINDS, Tokens
from rnnexp.data.vocabulary import Cut, cut_and_pad
from rnnexp.errors import DataError
from rnnexp.files import user_path
from rnnexp.ranges import a_fraction, at_least
from rnnexp.types import Batch, Padding, SequenceDataset, Split
from rnnexp.words import PAD, SPECIALS, UNK, UNK_ID

#: A split with this many texts that are all of one class is refused. With two balanced classes it
#: happens by chance to 0.2% of the splits of this size.
MANY = 10


@dataclass(frozen=True)
class Targets:
    """What the network is to answer to each text of a corpus: targets_N, a tensor.

    output_size: see `Task`. chance: likewise. report, notes: for summary.json and for the screen.
    """

    targets_N: Tensor
    output_size: int
    chance: Mapping[str, float]
    report: Mapping[str, Any]
    notes: Sequence[str] = field(default=())


class Texts(Task):
    """Texts and what is to be said of each. A subclass provides the texts, by `identity` and
    `read`, and says what is to be answered, by `answers`.

    seq_len: so many words of a text are read, shorter ones padded.
    padding: pads behind the text (`post`) or before it (`pre`).
    cut: which words of a longer text are read: its `first`, its `last`, or those in its `middle`.
    tokens: what counts as a word: what stands between spaces (`words`), or pieces of it, found in
        the training split (`subwords`, which needs the package tokenizers).
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

    #: The splits that have a file of their own.
    given: Collection[Split] = ()

    def __init__(
        self,
        *,
        seq_len: int = 100,
        padding: Padding = "post",
        cut: Cut = "first",
        tokens: Tokens = "words",
        vocab_size: int = 10_000,
        vocab_from: Literal["train", "all"] = "train",
        unknown: Literal["unk", "drop"] = "unk",
        split: str = DEFAULT_SPLIT,
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
        shares = parse_split(split, self.given)
        if stratify and {"val", "test"} <= set(self.given):
            raise ValueError(
                "stratify=true divides each class of path, and val_path and test_path leave "
                "nothing to divide: leave it out"
            )
        self.seq_len, self.padding, self.limit = seq_len, padding, limit
        self.cut: Cut = cut
        self.cleaning = Cleaning(lowercase, strip_html, non_letters, letters)
        self.eval_lengths = tuple(eval_lengths or ())
        self.shuffled = shuffle_seed is not None

        self.cache_dir = user_path(cache_dir)
        corpus = cached_corpus(self.cache_dir, self.identity(), self.cleaning, self.read)
        rows = split_rows(corpus, shares, shuffle_seed, limit, stratify, is_val=corpus.is_val)
        _check_length(seq_len, rows)
        used = np.concatenate([rows[name] for name in SPLITS])
        answers = self.answers(corpus, rows, used)
        counted = rows["train"] if vocab_from == "train" else np.sort(used)
        specials = [PAD, UNK] if unknown == "unk" else [PAD]
        chosen = KINDS[tokens].of(corpus, counted, vocab_size, specials)
        self.vocabulary, self._kind, self._files = chosen.vocabulary, tokens, chosen.files
        self._tokens, self._offsets = chosen.encode(corpus)
        facts = TextFacts.of(corpus, rows, chosen, self._offsets, seq_len)
        facts.check(str(self))
        self._read_anew = (
            corpus.read_anew or bool(facts.normalised) or not {*SPECIALS}.isdisjoint(corpus.words)
        )
        self.content = self.current_content()
        self.input_size, self.output_size = len(self.vocabulary), answers.output_size
        self._targets, self._rows = answers.targets_N, rows
        self._splits: dict[Split, SequenceDataset] = {}
        self.chance = answers.chance
        divided = (
            described_files(shares, shuffle_seed, stratify, self.given)
            if self.given
            else described(shares, shuffle_seed, stratify, corpus.is_test is not None)
        )
        self.report = {
            **{name: len(rows[name]) for name in SPLITS},
            **answers.report,
            "vocabulary": len(self.vocabulary),
            "padding": padding,
            "cut": cut,
            "tokens": tokens,
            **facts.report(),
            "warnings": facts.warnings(self.cleaning),
            **duplicates_across(corpus, rows),
            **corpus.facts,
            "notes": [
                f"split: {divided}",
                *corpus.notes,
                *answers.notes,
                *([_dropping(word_dropout)] if word_dropout > 0 else []),
            ],
        }

    @abstractmethod
    def answers(
        self, corpus: TokenisedCorpus, rows: Mapping[Split, Int64Array], used: Int64Array
    ) -> Targets:
        """The targets of all texts of a corpus. rows: of each split; used: of all three.

        Raises DataError for what nothing can be learned from.
        """

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
                self._tokens, self._offsets, self._rows[name], self.seq_len, self.padding, self.cut
            )
            targets = self._targets[torch.from_numpy(self._rows[name])]
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
            "cleaning": asdict(self.cleaning),
            "padding": self.padding,
            "cut": self.cut,
            "tokens": self._kind,
        }

    def files(self) -> Mapping[str, bytes]:
        return self._files


class TextClassification(Texts, Classification):
    """Texts with one class each; the arguments are those of `Texts`."""

    def answers(
        self, corpus: TokenisedCorpus, rows: Mapping[Split, Int64Array], used: Int64Array
    ) -> Targets:
        self._check_classes(corpus, rows)
        counts = np.bincount(corpus.labels[used], minlength=len(corpus.classes)).tolist()
        # A test split of a file of its own may have other shares than those of training.
        tested = rows["test"] if "test" in self.given else used
        of_tested = np.bincount(corpus.labels[tested], minlength=len(corpus.classes)).tolist()
        self.classes = corpus.classes
        return Targets(
            torch.from_numpy(corpus.labels),
            len(corpus.classes),
            classification_chance(of_tested),
            {"classes": dict(zip(corpus.classes, counts, strict=True))},
            lacking_classes(corpus, rows),
        )

    def state(self) -> dict[str, Any]:
        return {**super().state(), "classes": list(self.classes)}

    def _check_classes(self, corpus: TokenisedCorpus, rows: Mapping[Split, Int64Array]) -> None:
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
                    f"{way_to_all(corpus, rows, missing[0], self.shuffled, self.given)}"
                )


def _dropping(share: float) -> str:
    return f"word dropout: while training each word is replaced by {UNK} with probability {share:g}"


def _check_length(seq_len: int, rows: Mapping[Split, Int64Array]) -> None:
    """Raise ValueError where texts of that length, each padded to it, cannot be held."""
    count = sum(map(len, rows.values()))
    bounds.fits("seq_len", seq_len, count * seq_len * bounds.WHOLE, f"{count} texts as long")
