"""Which texts or images are for training, validation and test."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array, TokenisedCorpus
from rnnexp.errors import DataError
from rnnexp.types import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")

#: What `split` is where nobody sets it.
DEFAULT_SPLIT = "80/10/10"

Mask = npt.NDArray[np.bool_]


class Labelled(Protocol):
    """What is divided: rows, each with its class.

    labels: indices into `classes`. is_test: whether each row belongs to the corpus' own test split;
    None if it has none.
    """

    @property
    def labels(self) -> Int64Array: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def is_test(self) -> npt.NDArray[np.bool_] | None: ...
    def __len__(self) -> int: ...


def parse_split(split: str, given: Collection[Split] = ()) -> tuple[int, int, int]:
    """Shares in percent of train, validation and test.

    given: the splits that have a file of their own, which is not divided.

    >>> parse_split("80/10/10"), parse_split("80/20")
    ((80, 10, 10), (80, 0, 20))
    """
    try:
        shares = [int(part) for part in split.split("/")]
    except ValueError:
        shares = []
    if {"val", "test"} <= set(given) and split != DEFAULT_SPLIT:
        raise ValueError(
            f"split={split} has nothing to divide: val_path and test_path give both other splits, "
            "so that all of path is for training; leave split out"
        )
    if len(shares) == 2 and "test" in given:
        raise ValueError(
            f"split={split} is train/test, and test_path gives the test split: type "
            f"split={split}/0 for train/validation, or split=100/0/0 to train on all of path"
        )
    if len(shares) == 2:
        shares.insert(1, 0)
    least_test = 0 if "test" in given else 1
    if (
        len(shares) != 3
        or sum(shares) != 100
        or shares[0] < 1
        or shares[1] < 0
        or shares[2] < least_test
    ):
        raise ValueError(
            "split must be train/validation/test or train/test in percent that add up to 100, "
            f"such as 80/10/10 or 80/20 (got {split})"
        )
    return shares[0], shares[1], shares[2]


def split_rows(
    corpus: Labelled,
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    limit: int | None,
    stratify: bool = False,
    what: str = "text",
    is_val: Mask | None = None,
) -> dict[Split, Int64Array]:
    """Row numbers of each split.

    shares: percent of training, validation and test. Where the corpus has a test split of its own,
        that one is used, and the other rows are divided in the proportion of the first two shares;
        likewise where it has a validation split, or both.
    shuffle_seed: shuffle the rows first; None keeps their order.
    limit: use this many rows, the first ones; of a corpus with splits of its own the same share of
        each part.
    stratify: each class is divided in the proportion of the shares, see `stratified`; sizes of
        splits stay what they are without.
    what: what a row is, for messages.
    is_val: whether each row belongs to the corpus' own validation split; None if it has none.

    Raises DataError where a split that should have rows would be empty.
    """
    rows = np.arange(len(corpus))
    if shuffle_seed is not None:
        rows = np.random.default_rng(shuffle_seed).permutation(rows)
    own: dict[Split, Mask] = {}
    if is_val is not None:
        own["val"] = is_val
    if corpus.is_test is not None:
        own["test"] = corpus.is_test
    if own:
        result = _around_own(rows, own, shares, limit, corpus.labels if stratify else None)
    else:
        rows = rows[:limit]
        train_count = len(rows) * shares[0] // 100
        test_count = len(rows) - len(rows) * (shares[0] + shares[1]) // 100
        if stratify:
            rows = stratified(rows, corpus.labels, [train_count, len(rows) - test_count])
        test, rest = rows[len(rows) - test_count :], rows[: len(rows) - test_count]
        result = {"train": rest[:train_count], "val": rest[train_count:], "test": test}
    for name, share in zip(SPLITS, shares, strict=True):
        if share and not len(result[name]):
            total = sum(len(part) for part in result.values())
            raise DataError(
                f"{total} {what}s are too few for a split of {'/'.join(map(str, shares))}: "
                f"the {name} split would be empty; raise data.limit or give more rows"
            )
    return result


def _around_own(
    rows: Int64Array,
    own: Mapping[Split, Mask],
    shares: tuple[int, int, int],
    limit: int | None,
    labels: Int64Array | None,
) -> dict[Split, Int64Array]:
    """Row numbers of each split where some are the corpus' own, by whether a row belongs to them.

    labels: divide each class of the other rows in the proportion of the shares.
    """
    kept: dict[Split, Int64Array] = {name: rows[mask[rows]] for name, mask in own.items()}
    rest = rows[~np.logical_or.reduce(list(own.values()))[rows]]
    if limit is not None and limit < len(rows):
        for name, part in kept.items():
            kept[name] = part[: round(limit * len(part) / len(rows))]
        rest = rest[: limit - sum(map(len, kept.values()))]
    to_divide = sum(share for name, share in zip(SPLITS, shares, strict=True) if name not in own)
    train_count = len(rest) * shares[0] // to_divide
    if labels is not None:
        rest = stratified(rest, labels, [train_count])
    behind: Split = "test" if "test" not in own else "val"
    result: dict[Split, Int64Array] = {"train": rest[:train_count], behind: rest[train_count:]}
    result.update(kept)
    return result


def stratified(rows: Int64Array, labels: Int64Array, cuts: Sequence[int]) -> Int64Array:
    """The rows in an order in which each part between two cuts has its share of every class.

    Row k of the n rows of a class, counted from 0, gets the place (k + 1/2) / n, the first row of
    each class the place 0; the rows are sorted by their places and cut. So a class's share of a
    part is off by a row or so, and every class begins in the first part. Within a part rows keep
    their order.

    cuts: where the parts begin, without the first: [80, 90] for three parts of 100 rows.

    >>> stratified(np.arange(8), np.array([0, 0, 0, 0, 0, 0, 1, 1]), [4]).tolist()
    [0, 1, 2, 6, 3, 4, 5, 7]
    """
    place = np.empty(len(rows))
    for label in np.unique(labels[rows]):
        members = np.flatnonzero(labels[rows] == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
        place[members[0]] = 0
    order = np.argsort(place, kind="stable")
    return np.concatenate([rows[np.sort(part)] for part in np.split(order, list(cuts))])


def described(
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    stratify: bool,
    own_test: bool,
    what: str = "text",
) -> str:
    """Which rows are in which split, in words.

    >>> described((80, 10, 10), None, stratify=False, own_test=False)
    '80/10/10 in the order of the texts'
    """
    order = "in the order of the texts" if shuffle_seed is None else f"shuffled by {shuffle_seed}"
    by_class = ", each class in these shares" if stratify else ""
    train, val, test = (str(share) for share in shares)
    if not own_test:
        percents = f"{train}/{val}/{test}" if shares[1] else f"{train}/{test}"
        return f"{percents} {order}{by_class}"
    rest = f"divided {train}:{val} into training and validation" if shares[1] else "for training"
    return f"the corpus' own test split; the other {what}s {rest}, {order}{by_class}"


def described_files(
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    stratify: bool,
    given: Collection[Split],
) -> str:
    """Which texts are in which split where some have a file of their own, in words.

    >>> described_files((80, 10, 10), None, stratify=False, given=["test"])
    'test texts from a file of their own; the others divided 80:10 into training and validation, \
in the order of the texts'
    """
    full: Mapping[Split, str] = {"train": "training", "val": "validation", "test": "test"}
    own = " and ".join(full[name] for name in SPLITS if name in given)
    files = "a file of their own" if len(given) == 1 else "files of their own"
    order = "in the order of the texts" if shuffle_seed is None else f"shuffled by {shuffle_seed}"
    divided = [
        (full[name], str(share))
        for name, share in zip(SPLITS, shares, strict=True)
        if name not in given and share
    ]
    names, percents = zip(*divided, strict=True)
    rest = f"divided {':'.join(percents)} into {' and '.join(names)}"
    if len(divided) == 1:
        rest = "for training"
    by_class = ", each class in these shares" if stratify and len(divided) > 1 else ""
    return f"{own} texts from {files}; the others {rest}, {order}{by_class}"


def lacking_classes(
    corpus: Labelled, rows: Mapping[Split, Int64Array], what: str = "text"
) -> list[str]:
    """A line for each split that has rows and lacks classes, of which no score of it tells."""
    lines = []
    for name in SPLITS:
        present = set(corpus.labels[rows[name]].tolist())
        lacking = [f"'{c}'" for i, c in enumerate(corpus.classes) if i not in present]
        if present and lacking:
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            lines.append(f"the {name} split has no {what} of class {', '.join(lacking[:3])}{more}")
    return lines


def way_to_all(
    corpus: TokenisedCorpus,
    rows: Mapping[Split, Int64Array],
    label: int,
    shuffled: bool,
    given: Collection[Split] = (),
) -> str:
    """How many texts of a class there are, and what to do where a split has none of them.

    given: the splits that have a file of their own.
    """
    in_all = int((corpus.labels == label).sum())
    in_use = sum(int((corpus.labels[rows[name]] == label).sum()) for name in SPLITS)
    there_are = "there is 1 such text" if in_all == 1 else f"there are {in_all} such texts"
    if not in_use:
        shuffle = "" if shuffled else ", or set data.shuffle_seed=0"
        return f"{there_are}, behind the first that data.limit takes: raise it{shuffle}"
    used = f", {in_use} of them in use" if in_use < in_all else ""
    if {"val", "test"} <= set(given):  # nothing is divided
        raised = ", or raise data.limit" if used else ""
        return f"{there_are}{used}: give the file more of them, or take the class out{raised}"
    # of a single text no order puts something into every split
    shuffle = "" if shuffled or in_use == 1 else "; if the rows are sorted, set data.shuffle_seed=0"
    return (
        f"{there_are}{used}: data.stratify=true divides each class by itself, the first of its "
        f"texts to training; or give it more texts, or take it out{shuffle}"
    )


def duplicates_across(corpus: TokenisedCorpus, rows: Mapping[Split, Int64Array]) -> dict[str, int]:
    """How many validation and test texts are, word for word, in the training split too."""
    train = corpus.digests[rows["train"]]
    return {
        f"{name}_duplicates_of_train": int(np.isin(corpus.digests[rows[name]], train).sum())
        for name in ("val", "test")
    }
