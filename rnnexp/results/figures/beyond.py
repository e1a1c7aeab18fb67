"""Values so much worse than most that they would hide all others: drawn at the edge."""

import numpy as np
import numpy.typing as npt

from rnnexp.scores import Score

#: How many times as far from the best as half of the values an axis reaches.
FAR = 4.0


def within_sight(values: npt.NDArray[np.float64], score: Score) -> npt.NDArray[np.float64]:
    """The values, those that are far worse at the edge of what is shown; alike on a log axis.

    >>> from rnnexp.scores import CROSS_ENTROPY
    >>> within_sight(np.array([0.5, 0.6, 0.7, 0.7, 80.0]), CROSS_ENTROPY).tolist()
    [0.5, 0.6, 0.7, 0.7, 1.3]
    """
    sign = -1.0 if score.better == "high" else 1.0
    losses = sign * values
    best, most = losses.min(), np.median(losses)
    if score.logarithmic or most == best:
        return values
    edge = best + FAR * (most - best)
    return np.where(losses > edge, sign * round(float(edge), 12), values)
