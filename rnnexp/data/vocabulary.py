"""Which words get an id, and texts as rows of ids that are cut or padded to one length."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.types import Padding
from rnnexp.words import SPECIALS

#: Which tokens of a longer text are read: the first of them, the last, or those in its middle.
Cut = Literal["first", "last", "middle"]

#: How many tokens stand before those that are read, of so many that are not read at all.
_BEFORE: Mapping[str, Callable[[Int64Array], Int64Array]] = {
    "first": np.zeros_like,
    "last": lambda left_N: left_N,
    "middle": lambda left_N: left_N // 2,
}
assert set(_BEFORE) == set(get_args(Cut))


def build_vocabulary(
    corpus: TokenisedCorpus, rows: Int64Array, size: int, specials: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The `size` commonest words of the texts in `rows`, after the specials.

    A word of a text that reads like a special is no word: it has no id of its own, nor theirs.
    Returns these words, and an array with the id of each word of the corpus, -1 for those without
    one. Of equally common words the one seen first in the corpus comes first, as in
    `collections.Counter.most_common`.
    """
    counts = corpus.word_counts(rows)
    counts[[i for i, word in enumerate(corpus.words) if word in SPECIALS]] = 0
    commonest = np.argsort(-counts, kind="stable")[:size]
    commonest = commonest[counts[commonest] > 0]
    lookup = np.full(len(corpus.words), -1, dtype=np.int64)
    lookup[commonest] = np.arange(len(commonest)) + len(specials)
    return [*specials, *(corpus.words[i] for i in commonest)], lookup


def begin_of_read(lengths_N: Int64Array, seq_len: int, cut: Cut) -> Int64Array:
    """How many tokens stand before the first that is read, of texts of so many tokens.

    >>> begin_of_read(np.array([3, 10]), 4, "last").tolist()
    [0, 6]
    >>> begin_of_read(np.array([3, 9]), 4, "middle").tolist()
    [0, 2]
    """
    return _BEFORE[cut](np.maximum(lengths_N - seq_len, 0))


def cut_and_pad(
    tokens: npt.NDArray[np.int64] | npt.NDArray[np.int32],
    offsets: Int64Array,
    rows: Int64Array,
    seq_len: int,
    padding: Padding,
    cut: Cut = "first",
) -> tuple[Tensor, Tensor]:
    """`seq_len` tokens of each of the N texts in `rows`, padded with 0, and their lengths.

    tokens[offsets[i]:offsets[i+1]] is text i. cut: which ones, of a text that has more.
    Returns long tensors [N, seq_len] and [N].
    """
    whole_N = offsets[rows + 1] - offsets[rows]
    starts_N = offsets[rows] + begin_of_read(whole_N, seq_len, cut)
    lengths_N = np.minimum(whole_N, seq_len)
    inputs_NT = np.zeros((len(rows), seq_len), dtype=np.int64)
    # row by row: indices of all N x T places would be as large as the result, several times
    texts = zip(inputs_NT, starts_N.tolist(), lengths_N.tolist(), strict=True)
    for input_T, start, length in texts:
        place = input_T[seq_len - length :] if padding == "pre" else input_T[:length]
        place[:] = tokens[start : start + length]
    return torch.from_numpy(inputs_NT), torch.from_numpy(lengths_N)
