"""Random tokens with random labels: there is nothing to learn, so that only dynamics are seen."""

import numpy as np
import torch

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.splits import SPLITS
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset, Split
from rnnexp.words import PAD


class RandomTokens(Classification):
    """`seq_len` tokens, each uniform over the vocabulary; labels by independent coin tosses.

    A trained network is not tested at other lengths.

    count: number of sequences, split 80/10/10 into training, validation and test.
    vocab_size: number of distinct tokens. classes: number of labels.
    corpus_seed: seed of the sequences and labels, which do not depend on the run's seed.
    """

    synthetic = True

    def __init__(
        self,
        *,
        count: int = 1000,
        vocab_size: int = 1000,
        classes: int = 2,
        corpus_seed: int = 0,
        seq_len: int = 100,
    ) -> None:
        at_least("count", count, 10)
        at_least("vocab_size", vocab_size, 1)
        at_least("classes", classes, 2)
        at_least("corpus_seed", corpus_seed, 0)
        bounds.at_most("vocab_size", vocab_size, bounds.MOST_NAMES, "each token has a name")
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        needed = count * seq_len * bounds.WHOLE
        bounds.fits("count", count, needed, f"sequences of seq_len={seq_len} steps")
        generator = np.random.default_rng(corpus_seed)
        inputs = torch.from_numpy(generator.integers(1, vocab_size + 1, size=(count, seq_len)))
        targets = torch.from_numpy(generator.integers(classes, size=count))
        corpus = SequenceDataset(inputs, targets, torch.full((count,), seq_len))
        self.vocabulary = [PAD, *(f"token{i}" for i in range(1, vocab_size + 1))]
        self.input_size, self.output_size = len(self.vocabulary), classes
        held_out = count // 10
        ends = (0, count - 2 * held_out, count - held_out, count)
        self._splits: dict[Split, SequenceDataset] = {
            name: corpus.rows(start, stop)
            for name, start, stop in zip(SPLITS, ends, ends[1:], strict=False)
        }
        # that of fair coins: the shares of the classes in one corpus are chance
        self.chance = classification_chance([1] * classes)
        self.report = {name: len(self._splits[name]) for name in SPLITS}
        self.report["vocabulary"] = len(self.vocabulary)

    def split(self, name: Split) -> SequenceDataset:
        return self._splits[name]
