"""A table of texts with a number each: the same files as `Csv`, the label column holds numbers."""

from collections.abc import Mapping
from typing import Any

from rnnexp.data.joined import JoinedTable
from rnnexp.data.labels import Labelled
from rnnexp.data.numbers import MissingNumbers, read_numbers
from rnnexp.data.table_texts import TableTexts
from rnnexp.data.text_regression import TextRegression


class CsvRegression(TableTexts, TextRegression):
    """Texts and a number for each, from the columns of a file, or of one for each split.

    missing_labels: rows without a number are left out (`drop`); None refuses the file.
    table: the arguments of `TableTexts`.
    """

    def __init__(self, *, missing_labels: MissingNumbers | None = None, **table: Any) -> None:
        if table.get("stratify"):
            raise ValueError(
                "stratify=true gives each split the same share of each class, and here are "
                "numbers: leave it out"
            )
        self.missing_labels = missing_labels
        super().__init__(**table)

    def options(self) -> Mapping[str, Any]:
        return {"missing_labels": self.missing_labels}

    def identity(self) -> str:
        return f"{super().identity()} numbers"  # `Csv` reads the same columns of a file as classes

    def targets_in(self, table: JoinedTable) -> Labelled:
        return read_numbers(table, self.missing_labels)
