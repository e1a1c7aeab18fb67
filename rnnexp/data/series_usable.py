"""Which sequences can be used: those with a value, with enough steps, and with a target.

Shapes: N sequences, S steps of all of them one behind the other.
"""

import numpy as np
import numpy.typing as npt

from rnnexp.data.series_files import Joined
from rnnexp.data.series_targets import Targets
from rnnexp.data.series_windows import Cut, read_of
from rnnexp.errors import DataError

BoolArray = npt.NDArray[np.bool_]


def check_values(joined: Joined) -> None:
    """Raise DataError, which names the row, for a sequence without a value."""
    empty_N = joined.lengths == 0
    if empty_N.any():
        raise joined.fault_of_sequence(
            int(np.flatnonzero(empty_N)[0]),
            "has no value",
            ": take it out, or set data.missing=drop",
        )


def usable(
    joined: Joined, targets: Targets, ahead: int, shortest: int, cut: Cut
) -> tuple[BoolArray, dict[str, int]]:
    """Which sequences can be used, and how many cannot, by the reason.

    Where each step has a target, one must be among the steps that are read: the scores of a
    sequence are means over these. shortest: the smallest number of steps that is read anywhere, in
    training or test; what is read at other lengths is that and more. Raises DataError where none
    can be used.
    """
    left_out = {
        "without_a_value": joined.lengths == 0,
        f"of_no_more_than_{ahead}_steps": joined.lengths <= ahead,
    }
    unread = f"without_a_target_in_the_{cut}_{shortest}_steps"
    if targets.asked_S is not None:
        left_out["without_a_target"] = ~_asked(joined, targets.asked_S, ahead, None, cut)
        left_out[unread] = ~_asked(joined, targets.asked_S, ahead, shortest, cut)
    usable_N = np.ones(len(joined), np.bool_) if targets.usable_N is None else targets.usable_N
    counts = {}
    for why, left_N in left_out.items():
        counts[why] = int((left_N & usable_N).sum())
        usable_N = usable_N & ~left_N
    if not usable_N.any():
        longest = int(joined.lengths.max())
        why = ", since none has a target"
        if longest <= ahead:
            why = f": the longest has {longest} steps, and data.horizon={ahead} needs more"
        elif counts.get(unread):
            other = "last" if cut == "first" else "first"
            why += f" in its {cut} {shortest} steps: read more of them, or data.cut={other}"
        raise DataError(f"{joined.source}: no sequence can be used{why}")
    return usable_N, {why: count for why, count in counts.items() if count}


def _asked(
    joined: Joined, asked_S: BoolArray, ahead: int, width: int | None, cut: Cut
) -> BoolArray:
    """Which sequences have a target among the `width` steps that are read; None: among all."""
    counts_N = np.maximum(joined.lengths - ahead, 0)
    begins_N = joined.begins[:-1]
    lengths_N = counts_N
    if width is not None:
        begins_N, lengths_N = read_of(begins_N, counts_N, width, cut)
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(asked_S)])
    asked_N: BoolArray = before[begins_N + lengths_N] > before[begins_N]
    return asked_N
