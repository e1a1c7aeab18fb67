"""Labels as people and programs write them, and the classes that they mean.

One place says what is one class: labels that look alike, and whole numbers whether or not they are
written as decimals. Whether `Pos` is `pos`, nobody but the user knows: it is asked.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rnnexp.data.columns import tidy
from rnnexp.data.table import Table
from rnnexp.errors import DataError

#: What to do with rows without a label: leave them out, or take words such as "nan" for classes.
Missing = Literal["drop", "keep"]
#: Whether labels that differ in capitals alone are one class, or several.
LabelCase = Literal["ignore", "keep"]

#: Words that programs write where there is no value: those that pandas.read_csv takes for none.
NO_VALUE = frozenset({
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip

_WHOLE = re.compile(r"(-?\d+)\.0+")
_SHOWN = 5  # other spellings that the screen shows


@dataclass(frozen=True)
class Labelled:
    """rows: those with a label, from 0. labels: the class of each of them, by its place in classes.

    numbers: what stands there where numbers are asked for; there are no classes then.
    facts, notes: what was left out or taken for one, for summary.json and for the screen.
    read_anew: version 0.1, which cut off white space alone, made other classes of them.
    """

    rows: Sequence[int]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    facts: Mapping[str, Any]
    notes: Sequence[str]
    read_anew: bool
    numbers: npt.NDArray[np.float64] | None = None


def read_labels(table: Table, missing: Missing | None, case: LabelCase | None) -> Labelled:
    """The classes of a table's rows.

    missing: None refuses a table with rows without a label. A cell without anything has none,
        whatever is set; a word of `NO_VALUE` is one where it is `keep`.
    case: None refuses labels that differ in capitals alone.

    A class is called what most of its rows call it. Raises DataError, which names the row.
    """
    facts: dict[str, Any] = {}
    notes: list[str] = []
    written = ["" if cell is None else str(cell) for cell in table.labels]
    tidied = {label: tidy(label) for label in set(written)}
    spelled = [tidied[label] for label in written]
    absent = [not name or (missing != "keep" and name in NO_VALUE) for name in spelled]
    rows = [row for row, lacks in enumerate(absent) if not lacks]
    if len(rows) < len(absent):
        _refuse_missing(table, spelled, absent.index(True), sum(absent), missing)
        facts["rows_without_label"] = sum(absent)
        notes.append(
            f"{sum(absent)} of {len(absent)} rows have no '{table.titles[1]}' and are left out"
        )
    if not rows:
        raise DataError(f"{table.source}: no row has a '{table.titles[1]}'")

    keys = {name: _key(name) for name in {spelled[row] for row in rows}}
    if case is None:
        _refuse_capitals(table, spelled, rows, keys)
    elif case == "ignore":
        keys = {name: key.lower() for name, key in keys.items()}
    names = _class_names(Counter(spelled[row] for row in rows), keys)
    named = [names[keys[spelled[row]]] for row in rows]
    # what stood beside another spelling of the same class; one spelling alone merges nothing
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, name in zip(rows, named, strict=True):
        spellings[name][written[row]] += 1
    merged = {
        name: {spelling: n for spelling, n in sorted(counts.items()) if spelling != name}
        for name, counts in spellings.items()
        if len(counts) > 1
    }
    if merged:
        facts["labels_merged"] = merged
        notes.append(_merged_note(merged))
    classes = sort_classes(set(named))
    _check(table, classes, len(rows))
    index = {name: i for i, name in enumerate(classes)}
    labels = np.array([index[name] for name in named], np.int64)
    read_anew = any(s.strip() != name for name, counts in merged.items() for s in counts)
    return Labelled(rows, labels, classes, facts, notes, read_anew)


def sort_classes(names: set[str]) -> tuple[str, ...]:
    """Class names sorted by value where all are finite numbers, else by name.

    >>> sort_classes({"10", "9"}), sort_classes({"positive", "negative"})
    (('9', '10'), ('negative', 'positive'))
    """
    try:
        values = {name: float(name) for name in names}
    except ValueError:
        return tuple(sorted(names))
    if not all(map(math.isfinite, values.values())):
        return tuple(sorted(names))
    return tuple(sorted(names, key=lambda name: (values[name], name)))


def _key(name: str) -> str:
    """What is the same for all spellings of a class.

    >>> _key("1.0"), _key("1"), _key("1.5"), _key("-0.0"), _key("v1.0")
    ('1', '1', '1.5', '0', 'v1.0')
    """
    whole = _WHOLE.fullmatch(name)
    key = whole[1] if whole else name
    return "0" if key == "-0" else key


def _class_names(counts: Mapping[str, int], keys: Mapping[str, str]) -> dict[str, str]:
    """By key the commonest of its spellings, of equally common ones the shortest."""
    order = sorted(counts, key=lambda name: (counts[name], -len(name), name))
    return {keys[name]: name for name in order}  # the last one stays


def _refuse_missing(
    table: Table, spelled: Sequence[str], row: int, count: int, missing: Missing | None
) -> None:
    if missing == "drop":
        return
    word = f"; '{spelled[row]}' says that there is none" if spelled[row] else ""
    others = f", nor have {count - 1} more" if count > 1 else ""
    keep = ", and data.missing_labels=keep makes a class of it" if spelled[row] else ""
    raise table.fault(
        row,
        f"has no '{table.titles[1]}'",
        f"{others}{word}: data.missing_labels=drop leaves such rows out{keep}",
    )


def _refuse_capitals(
    table: Table, spelled: Sequence[str], rows: Sequence[int], keys: Mapping[str, str]
) -> None:
    first: dict[str, int] = {}
    for row in rows:
        key = keys[spelled[row]]
        before = first.setdefault(key.lower(), row)
        if keys[spelled[before]] != key:
            raise table.fault(
                row,
                f"has the label '{spelled[row]}' where {table.called(before, row)} has "
                f"'{spelled[before]}'",
                ": set data.label_case=ignore where they are one class, keep where they are two",
            )


def _merged_note(merged: Mapping[str, Mapping[str, int]]) -> str:
    """`counted as 'neg': 14 times ' neg'`; a character that is not seen as its code."""
    parts = [
        f"{count} {spelling!r} as '{name}'"
        for name, counts in sorted(merged.items())
        for spelling, count in counts.items()
    ]
    more = f" (and others: {len(parts)} spellings in all)" if len(parts) > _SHOWN else ""
    return f"labels counted as one class: {', '.join(parts[:_SHOWN])}{more}"


def _check(table: Table, classes: Sequence[str], rows: int) -> None:
    """Refuse what cannot be learned from, and what is most likely no column of labels."""
    if len(classes) == 1:
        raise DataError(
            f"{table.source}: every row has the class '{classes[0]}'; "
            "two classes or more are needed"
        )
    if len(classes) > max(2, rows // 2):
        raise DataError(
            f"{table.source}: '{table.titles[1]}' has {len(classes)} different values in {rows} "
            "rows; is it the label column? (data.label_column)"
        )
