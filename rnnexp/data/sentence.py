"""A single sentence with a label, to follow a network word by word."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from rnnexp import bounds
from rnnexp.data.base import Classification
from rnnexp.data.cleaning import Cleaning
from rnnexp.errors import DataError
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset, Split
from rnnexp.words import PAD


class Sentence(Classification):
    """A text given by the user, which is the whole training split and the whole test split.

    text: the sentence; its first `seq_len` words are read. target: its class, from 0.
    classes: how many classes there are.

    The vocabulary is the pad, then the words of the sentence in order of first use. Chance is that
    of a uniform guess among the classes.

    Raises ValueError for a target that is no class, DataError for a text without words.
    """

    def __init__(
        self,
        *,
        text: str = "this movie was absolutely amazing and wonderful",
        target: int = 0,
        classes: int = 2,
        seq_len: int = 100,
    ) -> None:
        at_least("classes", classes, 2)
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        if not 0 <= target < classes:
            raise ValueError(f"target must be from 0 to {classes - 1} (got {target})")
        self.cleaning = Cleaning(letters="unicode")
        words = self.cleaning.words(text)[:seq_len]
        if not words:
            raise DataError(f"data.text has no words (got '{text}')")
        if words != self.cleaning.without_normalising().words(text)[:seq_len]:
            self.content = "read anew"  # by version 0.1 the same text had other words
        self.vocabulary: Sequence[str] = [PAD, *dict.fromkeys(words)]
        index = {word: i for i, word in enumerate(self.vocabulary)}
        self.input_size, self.output_size = len(self.vocabulary), classes
        inputs = torch.tensor([[index[word] for word in words]])
        self._sentence = SequenceDataset(inputs, torch.tensor([target]), torch.tensor([len(words)]))
        self.chance = {
            "accuracy": 1 / classes,
            "loss": torch.tensor(float(classes)).log().item(),
        }
        self.report = {
            "train": 1,
            "val": 0,
            "test": 1,
            "vocabulary": len(self.vocabulary),
            "note": "the test text is the training text",
        }

    def split(self, name: Split) -> SequenceDataset:
        if name == "val":
            return self._sentence.rows(0, 0)
        return self._sentence

    def state(self) -> dict[str, Any]:
        return {
            "classes": [f"class {i}" for i in range(self.output_size)],
            "cleaning": asdict(self.cleaning),
            "padding": "post",
        }
