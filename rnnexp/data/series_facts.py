"""What the series of a run hold, counted: a run says it first, so that what is wrong is seen."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.corpus import Int64Array
from rnnexp.data.splits import SPLITS
from rnnexp.errors import DataError
from rnnexp.types import Padding, Split

#: A class' count is shown of so many classes.
SHOWN = 12

#: A larger share of a split that is in the training split too is a warning.
FEW = 0.01

#: A split with this many sequences that are all of one class is refused, as of texts.
MANY = 10


def lengths_report(
    lengths_N: Int64Array, seq_len: int, cut: str, padding: Padding
) -> tuple[dict[str, Any], list[str]]:
    """How many steps the sequences have, and how many of these are read."""
    least, median, most = int(lengths_N.min()), float(np.median(lengths_N)), int(lengths_N.max())
    longer = int((lengths_N > seq_len).sum())
    report: dict[str, Any] = {
        "steps": {"least": least, "median": median, "most": most, "cut": longer, "kept": cut}
    }
    line = f"steps per sequence: {least}" if least == most else (
        f"steps per sequence: {least} to {most}, median {median:g}"
    )  # fmt: skip
    if longer:
        line += f"; {longer} of {len(lengths_N)} are cut to their {cut} {seq_len}"
    if least < seq_len:
        where = "behind" if padding == "post" else "before"
        line += f"; shorter ones are padded to {seq_len} with zeros {where} them"
    lines = [line]
    if most < seq_len:
        lines.append(f"no sequence has more than {most} steps: seq_len={most} is enough")
    return report, lines


def duplicates(
    values: npt.NDArray[np.float32], begins: Int64Array, rows: Mapping[Split, Int64Array]
) -> tuple[dict[str, int], list[str], list[str]]:
    """How many validation and test sequences are, number for number, in the training split too.

    As facts, as notes where they are few, and as warnings where they are many.
    """

    def digests(numbers: Int64Array) -> list[bytes]:
        return [
            hashlib.blake2b(values[begins[n] : begins[n + 1]].tobytes(), digest_size=8).digest()
            for n in numbers
        ]

    trained_on = set(digests(rows["train"]))
    counts = {
        f"{name}_sequences_in_train": sum(d in trained_on for d in digests(rows[name]))
        for name in SPLITS
        if name != "train"
    }
    notes, warnings = [], []
    in_words: dict[Split, str] = {"val": "validation", "test": "test"}
    for name, words in in_words.items():
        if count := counts[f"{name}_sequences_in_train"]:
            line = (
                f"{count} of {len(rows[name])} {words} sequences also stand in the training split"
            )
            if count > FEW * len(rows[name]):
                warnings.append(f"{line}: they can be remembered; take them out of one of them")
            else:
                notes.append(line)
    return counts, notes, warnings


def class_report(
    source: str, classes: Sequence[str], labels: Mapping[Split, Int64Array], what: str
) -> dict[str, Any]:
    """How many there are of each class; what: `sequence` or `step`.

    Raises DataError for a training split that lacks a class, and for any split of one class alone.
    """
    counts = {name: np.bincount(part, minlength=len(classes)) for name, part in labels.items()}
    notes = []
    for name in SPLITS:
        total, absent = int(counts[name].sum()), np.flatnonzero(counts[name] == 0)
        alone = len(classes) - len(absent) == 1 and total >= MANY
        if not len(absent) or not total:
            continue
        if name == "train" or (alone and what == "sequence"):
            raise DataError(
                f"{source}: the {name} split of {total} {what}s has none of class "
                f"'{classes[absent[0]]}': if the rows are sorted by class, set data.shuffle_seed=0"
                + (" or data.stratify=true" if what == "sequence" else "")
            )
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        names = ", ".join(f"'{classes[i]}'" for i in absent[:3])
        notes.append(f"the {name} split has no {what} of class {names}{more}")
    count_K = np.sum(list(counts.values()), axis=0)
    order = np.sort(np.argsort(-count_K, kind="stable")[:SHOWN])
    named = ", ".join(f"{classes[i]} {count_K[i]}" for i in order)
    rarer = f" and {len(classes) - SHOWN} rarer ones" if len(classes) > SHOWN else ""
    return {
        "classes": dict(zip(classes, count_K.tolist(), strict=True)),
        "notes": [f"{len(classes)} classes, {what}s of each: {named}{rarer}", *notes],
    }
