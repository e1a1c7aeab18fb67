"""The built-in corpus: generated film reviews, offline and the same on every machine."""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data import review_writer
from rnnexp.data.corpus import RawCorpus
from rnnexp.data.text import TextClassification
from rnnexp.ranges import at_least

#: Bytes of a short review, in the letters of its words.
SHORT = 500


class Reviews(TextClassification):
    """Synthetic film reviews with opinions at known places among plot and filler.

    count: how many reviews are written.
    corpus_seed: seed of the reviews, which do not depend on the run's seed.
    label_noise: share of the reviews whose label is flipped, so that the best possible accuracy is
        1 - label_noise.
    pipeline: the arguments of `TextClassification`.
    """

    synthetic = True

    def __init__(
        self,
        *,
        count: int = 10_000,
        corpus_seed: int = 0,
        label_noise: float = 0.05,
        **pipeline: Any,
    ) -> None:
        at_least("count", count, 1)
        at_least("corpus_seed", corpus_seed, 0)
        if not 0 <= label_noise < 0.5:
            raise ValueError(f"label_noise must be at least 0 and below 0.5 (got {label_noise})")
        limit, shuffled = pipeline.get("limit"), pipeline.get("shuffle_seed") is not None
        if isinstance(limit, int) and not shuffled:
            count = min(count, max(limit, 1))  # review i does not depend on how many there are
        bounds.fits("count", count, count * SHORT, "the reviews")
        self.count, self.corpus_seed, self.label_noise = count, corpus_seed, label_noise
        super().__init__(**pipeline)

    def __str__(self) -> str:
        return "the built-in reviews"

    def identity(self) -> str:
        version = review_writer.VERSION
        return f"reviews {version} {self.count} {self.corpus_seed} {self.label_noise}"

    def read(self) -> RawCorpus:
        reviews = review_writer.write_reviews(self.count, self.corpus_seed, self.label_noise)
        labels = np.array([review.label for review in reviews], np.int64)
        return RawCorpus([review.text for review in reviews], labels, ("negative", "positive"))
