"""Which steps of a sequence are read, and where its pads are.

Shapes: N sequences, T steps, S steps of all sequences one behind the other.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array
from rnnexp.types import Padding

#: Of a sequence that is too long, which steps are read.
Cut = Literal["first", "last"]


def read_of(
    begins_N: Int64Array, counts_N: Int64Array, width: int, cut: Cut
) -> tuple[Int64Array, Int64Array]:
    """Where the steps that are read begin, and how many they are, of sequences with `counts_N`.

    >>> read_of(np.array([0, 5]), np.array([5, 2]), 3, "last")
    (array([2, 5]), array([3, 2]))
    """
    lengths_N = np.minimum(counts_N, width)
    return begins_N + (counts_N - lengths_N if cut == "last" else 0), lengths_N


def padded(
    values_S: npt.NDArray[Any],
    begins_N: Int64Array,
    lengths_N: Int64Array,
    width: int,
    padding: Padding,
    pad: float = 0,
) -> npt.NDArray[Any]:
    """The steps of some sequences, [N, T, ...], each padded to `width`.

    >>> padded(np.array([1, 2, 3]), np.array([0, 2]), np.array([2, 1]), 2, "pre").tolist()
    [[1, 2], [0, 3]]
    """
    made_NT = np.full((len(begins_N), width, *values_S.shape[1:]), pad, values_S.dtype)
    each = zip(made_NT, begins_N.tolist(), lengths_N.tolist(), strict=True)
    for made_T, begin, length in each:
        place = slice(width - length, None) if padding == "pre" else slice(length)
        made_T[place] = values_S[begin : begin + length]
    return made_NT
