"""Classes that the validation or the test file has, and the training file has not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from rnnexp.data.joined import JoinedTable
from rnnexp.data.labels import Labelled
from rnnexp.errors import DataError

#: What to do with such rows.
NewLabels = Literal["drop"]
_SHOWN = 5


def known_labels(table: JoinedTable, labelled: Labelled, new_labels: NewLabels | None) -> Labelled:
    """The rows whose class a row of the training file has, too; without such files all of them.

    new_labels: `drop` leaves the others out and counts them; None refuses them, by file and row.

    Raises DataError where the training file has one class alone.
    """
    of_train = table.of_split("train", labelled.rows)
    if len(table.tables) == 1 or of_train is None:
        return labelled
    labels, classes = labelled.labels, labelled.classes
    trained_on = np.unique(labels[of_train])
    known = np.isin(labels, trained_on)
    if not known.all() and new_labels is None:
        raise _refusal(table, labelled, known)
    if len(trained_on) < 2:
        what = (
            f"every row has the class '{classes[trained_on[0]]}'"
            if len(trained_on)
            else "no row has a class"
        )
        raise DataError(f"{table.source}: {what}; two classes or more are needed")
    facts, notes = dict(labelled.facts), list(labelled.notes)
    if not known.all():
        left_out = Counter(classes[i] for i in labels[~known].tolist())
        facts["rows_with_new_label"] = dict(left_out)
        notes.append(_note(left_out))
    return replace(
        labelled,
        rows=np.asarray(labelled.rows)[known].tolist(),
        labels=np.searchsorted(trained_on, labels[known]),
        classes=tuple(classes[i] for i in trained_on),
        facts=facts,
        notes=notes,
    )


def _refusal(table: JoinedTable, labelled: Labelled, known: npt.NDArray[np.bool_]) -> DataError:
    first, count = int(np.argmin(known)), int((~known).sum())
    more = "" if count == 1 else f", as have {count - 1} more"
    name = labelled.classes[labelled.labels[first]]
    return table.fault(
        labelled.rows[first],
        f"has a class that no row of {table.source} has, '{name}'",
        f"{more}: data.new_labels=drop leaves such rows out",
    )


def _note(left_out: Mapping[str, int]) -> str:
    named = [f"'{name}' {count}" for name, count in left_out.items()]
    more = f" and {len(named) - _SHOWN} more classes" if len(named) > _SHOWN else ""
    return (
        f"{sum(left_out.values())} rows have a class that the training file has not, and are left "
        f"out: {', '.join(named[:_SHOWN])}{more}"
    )
