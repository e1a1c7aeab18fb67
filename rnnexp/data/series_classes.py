"""A class of each sequence of numbers, or of each of its steps.

Shapes: N sequences, S steps of all sequences one behind the other.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnexp.data.base import IGNORED, Classification, StepClassification, classification_chance
from rnnexp.data.columns import Column
from rnnexp.data.labels import LabelCase, Missing
from rnnexp.data.series import Series
from rnnexp.data.series_facts import class_report
from rnnexp.data.series_files import Joined
from rnnexp.data.series_targets import Targets, classes_of_sequences, classes_of_steps
from rnnexp.data.splits import SPLITS


class SeriesClassification(Series, Classification):
    """One class per sequence of numbers.

    label_column: the column of the classes, words or numbers, two or more; in long form all rows of
        a sequence have the same.
    missing_labels, label_case: see `Csv`.
    stratify: give every split the same share of each class, see `splits.stratified`.
    series: the arguments of `Series`.

    Chance is the commonest class: max_k p_k, and a loss of -sum_k p_k ln p_k, of the classes'
    shares p_k in all sequences that are used.
    """

    def __init__(
        self,
        *,
        label_column: Column = "label",
        missing_labels: Missing | None = None,
        label_case: LabelCase | None = None,
        stratify: bool = False,
        **series: Any,
    ) -> None:
        self.label_column, self.stratify = label_column, stratify
        self._missing_labels, self._label_case = missing_labels, label_case
        super().__init__(**series)

    @property
    def target_columns(self) -> Sequence[Column]:
        return (self.label_column,)

    def read_targets(self, joined: Joined) -> Targets:
        read = classes_of_sequences(
            joined, self.label_column, self._missing_labels, self._label_case
        )
        self.targets = self._labels = read.labels
        self.classes = read.names
        return Targets(read.labels != IGNORED, read.labels, read.facts, read.notes)

    def finish_targets(self) -> None:
        self.output_size = len(self.classes)
        self.report = class_report(
            str(self), self.classes,
            {name: self._labels[rows] for name, rows in self._rows.items()}, "sequence",
        )  # fmt: skip

    def chance_levels(self) -> dict[str, float]:
        return classification_chance(list(self.report["classes"].values()))

    def state(self) -> dict[str, Any]:
        return super().state() | {"classes": list(self.classes)}


class SeriesSteps(Series, StepClassification):
    """One class per step of a sequence of numbers, in long form.

    label_column: the column of the classes, words or numbers, two or more.
    missing_labels: steps without a label count in no loss and no score (`drop`), or words such as
        "nan" are classes (`keep`); None refuses the file.
    label_case: see `Csv`.
    series: the arguments of `Series`.

    Chance is the commonest class: the share of a sequence's steps that it has, the mean over the
    sequences, and a loss of -sum_k p_k ln p_k, of the classes' shares p_k in all steps.
    """

    def __init__(
        self,
        *,
        label_column: Column = "label",
        missing_labels: Missing | None = None,
        label_case: LabelCase | None = None,
        **series: Any,
    ) -> None:
        self.label_column = label_column
        self._missing_labels, self._label_case = missing_labels, label_case
        if series.get("id_column") is None:
            raise ValueError(
                "id_column is not set: a class per step needs a row per step, and the column that "
                "says whose it is, as in data.id_column=id"
            )
        super().__init__(**series)

    @property
    def target_columns(self) -> Sequence[Column]:
        return (self.label_column,)

    def read_targets(self, joined: Joined) -> Targets:
        read = classes_of_steps(joined, self.label_column, self._missing_labels, self._label_case)
        self.targets, self.classes = read.labels, read.names
        return Targets(None, None, read.facts, read.notes, asked_S=read.labels != IGNORED)

    def finish_targets(self) -> None:
        self.output_size = len(self.classes)
        self.report = class_report(
            str(self), self.classes,
            {name: self._labels_of(rows).ravel() for name, rows in self._rows.items()}, "step",
        )  # fmt: skip

    def _labels_of(self, rows: Any) -> Any:
        """The classes of the steps that are read of some sequences, one behind the other."""
        begins, lengths = self.read_of(rows, self.seq_len)
        parts = [self.targets[b : b + n] for b, n in zip(begins, lengths, strict=True)]
        labels = np.concatenate([np.zeros(0, np.int64), *parts])
        return labels[labels != IGNORED]

    def chance_levels(self) -> dict[str, float]:
        used = np.concatenate([self._rows[name] for name in SPLITS])
        labels = [self._labels_of(np.array([row])) for row in used]
        counts = np.bincount(np.concatenate(labels), minlength=self.output_size)
        shares = [float((each == counts.argmax()).mean()) for each in labels if len(each)]
        return classification_chance(counts.tolist()) | {"accuracy": float(np.mean(shares))}

    def state(self) -> dict[str, Any]:
        return super().state() | {"classes": list(self.classes)}
