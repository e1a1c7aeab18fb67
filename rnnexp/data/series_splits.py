"""Which sequences are for training, validation and test: by shares of one file, or by files."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array
from rnnexp.data.splits import SPLITS, stratified
from rnnexp.errors import DataError
from rnnexp.types import Split


def split_sequences(
    usable: Int64Array,
    split_of_N: Sequence[Split | None] | npt.NDArray[np.object_],
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    limit: int | None,
    strata: Int64Array | None = None,
) -> dict[Split, Int64Array]:
    """The numbers of the sequences of each split.

    usable: the numbers of those that can be used.
    split_of_N: the split whose file a sequence came from; None of those that are divided.
    shares: percent of training, validation and test. A split with a file of its own gets none of
        the others, which are divided in the proportion of the shares that are left.
    shuffle_seed: shuffle those that are divided first; None keeps their order.
    limit: divide this many alone, the first ones.
    strata: the class of each sequence, where each is to be divided in the proportion of the shares.

    Raises DataError where a split that should have sequences would have none.
    """
    own: dict[Split, Int64Array] = {
        name: np.array([n for n in usable if split_of_N[n] == name], np.int64) for name in SPLITS
    }
    there = {name for name in set(split_of_N) if name is not None}
    rows = np.array([n for n in usable if split_of_N[n] is None], np.int64)
    if shuffle_seed is not None:
        rows = np.random.default_rng(shuffle_seed).permutation(rows)
    rows = rows[:limit]
    train, val, test = (
        0 if name in there else share for name, share in zip(SPLITS, shares, strict=True)
    )
    total = train + val + test
    train_count = len(rows) * train // total
    rest_count = len(rows) * (train + val) // total
    if strata is not None:
        rows = stratified(rows, strata, [train_count, rest_count])
    result: dict[Split, Int64Array] = {
        "train": rows[:train_count],
        "val": own["val"] if "val" in there else rows[train_count:rest_count],
        "test": own["test"] if "test" in there else rows[rest_count:],
    }
    for name, share in zip(SPLITS, (train, val, test), strict=True):
        if not len(result[name]) and (share or name in there):
            raise DataError(
                f"{len(rows)} sequences are too few for a split of "
                f"{'/'.join(map(str, shares))}: the {name} split would be empty; raise data.limit "
                "or give more sequences"
            )
    return result


def described(
    own: Mapping[Split, str], shares: tuple[int, int, int], shuffle_seed: int | None, strata: bool
) -> str:
    """Which sequences are in which split, in words. own: the file of a split that has one.

    >>> described({}, (80, 10, 10), None, False)
    '80/10/10 of the sequences in their order'
    >>> described({"val": "v.csv", "test": "t.csv"}, (80, 10, 10), None, False)
    'val from v.csv, test from t.csv; all others are for training'
    """
    files = ", ".join(f"{name} from {path}" for name, path in own.items())
    left = [
        (name, share) for name, share in zip(SPLITS, shares, strict=True)
        if name not in own and share
    ]  # fmt: skip
    order = "in their order" if shuffle_seed is None else f"shuffled by {shuffle_seed}"
    by_class = ", each class in these shares" if strata else ""
    if not own:
        return f"{'/'.join(str(share) for _, share in left)} of the sequences {order}{by_class}"
    if len(left) == 1:
        return f"{files}; all others are for training"
    divided = ":".join(str(share) for _, share in left)
    names = " and ".join(name for name, _ in left)
    return f"{files}; the others divided {divided} into {names}, {order}{by_class}"
