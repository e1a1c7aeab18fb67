"""A table of texts: any CSV, TSV, parquet or Excel file with a text column and a label column."""

from collections.abc import Mapping
from typing import Any

from rnnexp.data.joined import JoinedTable
from rnnexp.data.labels import LabelCase, Labelled, Missing, read_labels
from rnnexp.data.new_labels import NewLabels, known_labels
from rnnexp.data.table_texts import TableTexts
from rnnexp.data.text import TextClassification


class Csv(TableTexts, TextClassification):
    """Texts and their classes from the columns of a file, or of one for each split.

    missing_labels: rows without a label are left out (`drop`), or words such as "nan" are classes
        (`keep`); None refuses the file.
    label_case: labels that differ in capitals alone are one class (`ignore`) or several (`keep`);
        None refuses the file.
    new_labels: rows of val_path and test_path with a class that no row of path has are left out
        (`drop`); None refuses the file.
    table: the arguments of `TableTexts`; labels are words or numbers, two or more.
    """

    def __init__(
        self,
        *,
        missing_labels: Missing | None = None,
        label_case: LabelCase | None = None,
        new_labels: NewLabels | None = None,
        **table: Any,
    ) -> None:
        self.missing_labels, self.label_case = missing_labels, label_case
        self.new_labels = new_labels
        own_file = any(table.get(key) is not None for key in ("val_path", "test_path"))
        if new_labels is not None and not own_file:
            raise ValueError(
                f"new_labels={new_labels} is about the labels of val_path and test_path, and "
                "neither is set: leave it out"
            )
        super().__init__(**table)

    def options(self) -> Mapping[str, Any]:
        return {
            "missing_labels": self.missing_labels, "label_case": self.label_case,
            "new_labels": self.new_labels,
        }  # fmt: skip

    def targets_in(self, table: JoinedTable) -> Labelled:
        labelled = read_labels(table, self.missing_labels, self.label_case)
        return known_labels(table, labelled, self.new_labels)
