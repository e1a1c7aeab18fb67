"""A text from the user, as a trained network reads it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.tokens import KINDS, Tokens
from rnnexp.data.vocabulary import Cut, begin_of_read, cut_and_pad
from rnnexp.types import Batch, Padding, SequenceDataset
from rnnexp.words import UNK_ID, first_word_id


@dataclass(frozen=True)
class TextRead:
    """The words, or pieces of words, that a network reads of a text, and what it does not read.

    words: as they are shown. ids: theirs.
    unknown: how many of `words` are outside the vocabulary. dropped: how many words are left out
    for that. cut: how many are not read, since the text is longer than `seq_len`.
    cut_before: how many of these stand before those that are read.
    lost_letters: see `Cleaning`.
    """

    words: list[str]
    ids: list[int]
    unknown: int
    dropped: int
    cut: int
    cut_before: int
    lost_letters: int

    @property
    def is_known(self) -> bool:
        """Whether there is a word that the network knows, without which an answer says nothing."""
        return self.unknown < len(self.ids)


class TextEncoder:
    """Turns texts from the user into a batch that a trained model reads.

    state: what `Texts.state()` returned; a run directory holds it. files: what `Texts.files()` did.
    """

    def __init__(
        self, state: Mapping[str, Any], seq_len: int, files: Mapping[str, bytes] | None = None
    ) -> None:
        self.words: list[str] = state["vocabulary"]
        first = first_word_id(self.words)
        self.known_words = len(self.words) - first
        self.unknown_id = UNK_ID if first > UNK_ID else None
        self.cleaning = Cleaning.of(state["cleaning"])
        self.seq_len = seq_len
        self.padding: Padding = state["padding"]
        # runs of earlier versions know neither
        self.cut: Cut = state.get("cut") or "first"
        self.tokens: Tokens = state.get("tokens") or "words"
        self._pieces = KINDS[self.tokens].pieces(self.words, files or {})

    def __call__(self, text: str) -> tuple[list[str], list[int]]:
        """The `seq_len` words that are read, and their ids. Words without one are UNK, or left
        out."""
        read = self.read(text)
        return read.words, read.ids

    def read(self, text: str) -> TextRead:
        """What is read of a text, and what is not."""
        words, lost_letters = self.cleaning.words_and_lost_letters(text)
        pieces = list(chain.from_iterable(map(self._pieces, words)))
        pairs = [(shown, self.unknown_id if i is None else i) for shown, i in pieces]
        known = [(shown, i) for shown, i in pairs if i is not None]
        begin = int(begin_of_read(np.array([len(known)]), self.seq_len, self.cut)[0])
        read = known[begin : begin + self.seq_len]
        return TextRead(
            [word for word, _ in read],
            [i for _, i in read],
            unknown=sum(i == self.unknown_id for _, i in read),
            dropped=len(pieces) - len(known),
            cut=len(known) - len(read),
            cut_before=begin,
            lost_letters=lost_letters,
        )

    def batch(self, ids: Sequence[int]) -> Batch:
        """A batch of one, padded to `seq_len` as in training."""
        return self.dataset([ids]).as_batch()

    def dataset(self, texts: Iterable[Sequence[int]]) -> SequenceDataset:
        """Texts by the ids that are read of each, padded to `seq_len` as in training."""
        ids_N = [np.array(ids, np.int64) for ids in texts]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(ids) for ids in ids_N])])
        tokens = np.concatenate([np.zeros(0, np.int64), *ids_N])
        rows = np.arange(len(ids_N))
        inputs, lengths = cut_and_pad(tokens, offsets, rows, self.seq_len, self.padding)
        targets = torch.zeros(len(ids_N), dtype=torch.long)
        return SequenceDataset(inputs, targets, lengths, self.padding)
