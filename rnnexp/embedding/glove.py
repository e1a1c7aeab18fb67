"""Word vectors from a file, such as GloVe's."""

from collections.abc import Sequence
from typing import Any, Literal

import torch

from rnnexp.embedding.base import Encoder
from rnnexp.embedding.learned import Learned
from rnnexp.embedding.vector_file import read_vectors
from rnnexp.files import file_digest, user_path
from rnnexp.ranges import a_fraction, at_least
from rnnexp.words import first_word_id


class Glove(Learned):
    """Word vectors from a file, for those words of the vocabulary that the file has.

    Source: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", 2014.

    path: a text file of GloVe, word2vec or fastText (a word and E numbers on each line), .txt or
        .vec, also as .gz, or in a .zip.
    dim: the vectors' size; None takes it from the file. Of a .zip it also picks the file.
    freeze: keep the vectors as they are; else they are tuned with the rest.
    unmatched: the vectors of words that are not in the file: `zeros`, or `random` from N(0, 1).
    dropout: as in `Learned`.

    The specials are no words: what the file has under `<pad>` or `<unk>` is passed over, the pad's
    vector is zero, and that of unknown words is as `unmatched` says.

    Raises DataError, with file and line, for a malformed line, a number that is not finite, or
    vectors of another size.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        path: str | None = None,
        dim: int | None = None,
        freeze: bool = False,
        unmatched: Literal["zeros", "random"] = "zeros",
        dropout: float = 0.0,
    ) -> None:
        if path is None:
            raise ValueError(
                "path is not set: name the file, as in embedding.path=glove.6B.50d.txt"
            )
        if dim is not None:
            at_least("dim", dim, 1)
        a_fraction("dropout", dropout)  # before the file is read, which can take long
        place = user_path(path)
        content = file_digest(place)
        first = first_word_id(vocabulary)
        words = vocabulary[first:]
        found = read_vectors(place, set(words), dim)
        super().__init__(vocabulary, len(next(iter(found.vectors.values()))), dropout)
        rows = [row for row, word in enumerate(words, first) if word in found.vectors]
        weight = self.vectors.weight
        with torch.no_grad():
            if unmatched == "zeros":
                weight.zero_()
            weight[rows] = torch.tensor([found.vectors[vocabulary[row]] for row in rows])
        weight.requires_grad_(not freeze)
        passed_over = {
            "that repeat a word": found.repeated,
            "of several words": found.phrases,
            "named <pad> or <unk>": found.specials,
        }
        self.report = {
            "matched": len(rows),
            "words": len(words),
            "lines_passed_over": {what: count for what, count in passed_over.items() if count},
        }
        # Version 0.1 gave these files' words other vectors, so its runs on them are others.
        read_otherwise = found.repeated or found.respelt or found.specials
        self.content = f"{content} read anew" if read_otherwise else content

    @classmethod
    def blank(cls, vocabulary: Sequence[str], size: int, **arguments: Any) -> Encoder:
        """The vectors come from the checkpoint, so the GloVe file need not exist any more."""
        encoder = Learned(vocabulary, size, arguments.get("dropout", 0.0))
        encoder.vectors.weight.requires_grad_(not arguments["freeze"])
        return encoder
