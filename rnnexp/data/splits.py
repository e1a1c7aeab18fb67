"""Which texts are for training, validation and test."""

import numpy as np

from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.errors import DataError
from rnnexp.types import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")


def parse_split(split: str) -> tuple[int, int, int]:
    """Shares in percent of train, validation and test.

    >>> parse_split("80/10/10"), parse_split("80/20")
    ((80, 10, 10), (80, 0, 20))
    """
    try:
        shares = [int(part) for part in split.split("/")]
    except ValueError:
        shares = []
    if len(shares) == 2:
        shares.insert(1, 0)
    if len(shares) != 3 or sum(shares) != 100 or shares[0] < 1 or shares[2] < 1 or shares[1] < 0:
        raise ValueError(
            "split must be train/validation/test or train/test in percent that add up to 100, "
            f"such as 80/10/10 or 80/20 (got {split})"
        )
    return shares[0], shares[1], shares[2]


def split_rows(
    corpus: TokenisedCorpus,
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    limit: int | None,
) -> dict[Split, Int64Array]:
    """Row numbers of each split.

    shares: percent of training, validation and test. Where the corpus has a test split of its own,
        that one is used, and the other rows are divided in the proportion of the first two shares.
    shuffle_seed: shuffle the rows first; None keeps their order.
    limit: use this many rows, the first ones; of a corpus with its own test split the same share
        of both parts.

    Raises DataError where a split that should have rows would be empty.
    """
    rows = np.arange(len(corpus))
    if shuffle_seed is not None:
        rows = np.random.default_rng(shuffle_seed).permutation(rows)
    if corpus.is_test is not None:
        test, rest = rows[corpus.is_test[rows]], rows[~corpus.is_test[rows]]
        if limit is not None and limit < len(corpus):
            keep = round(limit * len(test) / len(corpus))
            test, rest = test[:keep], rest[: limit - keep]
        train_count = len(rest) * shares[0] // (shares[0] + shares[1])
    else:
        rows = rows[:limit]
        train_count = len(rows) * shares[0] // 100
        test_count = len(rows) - len(rows) * (shares[0] + shares[1]) // 100
        test, rest = rows[len(rows) - test_count :], rows[: len(rows) - test_count]
    result: dict[Split, Int64Array] = {
        "train": rest[:train_count],
        "val": rest[train_count:],
        "test": test,
    }
    for name, share in zip(SPLITS, shares, strict=True):
        if share and not len(result[name]):
            total = sum(len(part) for part in result.values())
            raise DataError(
                f"{total} texts are too few for a split of {'/'.join(map(str, shares))}: "
                f"the {name} split would be empty; raise data.limit or give more rows"
            )
    return result


def duplicates_across(corpus: TokenisedCorpus, rows: dict[Split, Int64Array]) -> dict[str, int]:
    """How many validation and test texts are, word for word, in the training split too."""
    train = corpus.digests[rows["train"]]
    return {
        f"{name}_duplicates_of_train": int(np.isin(corpus.digests[rows[name]], train).sum())
        for name in ("val", "test")
    }
