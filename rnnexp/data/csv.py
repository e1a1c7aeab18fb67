"""A table of texts: any CSV, TSV, parquet or Excel file with a text column and a label column."""

from typing import Any

from rnnexp import bounds
from rnnexp.data.columns import Column
from rnnexp.data.corpus import RawCorpus
from rnnexp.data.labels import LabelCase, Missing, read_labels
from rnnexp.data.records import Quotes, separator_of
from rnnexp.data.table import read_table
from rnnexp.data.text import TextClassification
from rnnexp.files import check_is_file, check_size, file_digest, user_path


class Csv(TextClassification):
    """Texts and their classes from the columns of a file.

    path: a .csv, .tsv, .parquet or .xlsx file, which may lie in a .gz or .zip; other endings are
        read as text with separators.
    text_column, label_column: the columns' names, or their numbers counted from 0. Labels are words
        or numbers, two or more.
    separator: between the columns: comma, tab, semicolon, pipe or any character; None finds it.
    quotes: how quotes are used, see `read_delimited`.
    missing_labels: rows without a label are left out (`drop`), or words such as "nan" are classes
        (`keep`); None refuses the file.
    label_case: labels that differ in capitals alone are one class (`ignore`) or several (`keep`);
        None refuses the file.
    pipeline: the arguments of `TextClassification`.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        text_column: Column = "text",
        label_column: Column = "label",
        separator: str | None = None,
        quotes: Quotes | None = None,
        missing_labels: Missing | None = None,
        label_case: LabelCase | None = None,
        **pipeline: Any,
    ) -> None:
        if path is None:
            raise ValueError("path is not set: name the file, as in data.path=reviews.csv")
        if text_column == label_column:
            raise ValueError(f"text_column and label_column are both '{text_column}'")
        self.path = user_path(path)
        self.columns = (text_column, label_column)
        self.separator, self.quotes = separator_of(separator), quotes
        self.missing_labels, self.label_case = missing_labels, label_case
        super().__init__(**pipeline)

    def __str__(self) -> str:
        return str(self.path)

    def identity(self) -> str:
        # runs of version 0.1 had none of these settings: what is not set is not named
        options = {
            "separator": self.separator, "quotes": self.quotes,
            "missing_labels": self.missing_labels, "label_case": self.label_case,
        }  # fmt: skip
        named = [f" {name}={value!r}" for name, value in options.items() if value is not None]
        check_size(self.path, check_is_file(self.path).st_size, bounds.COPIES)
        return f"{file_digest(self.path)} {self.columns}{''.join(named)}"

    def read(self) -> RawCorpus:
        table = read_table(self.path, self.columns, self.separator, self.quotes)
        labelled = read_labels(table, self.missing_labels, self.label_case)
        texts = ["" if table.texts[row] is None else str(table.texts[row]) for row in labelled.rows]
        return RawCorpus(
            texts,
            labelled.labels,
            labelled.classes,
            facts={**table.facts, **labelled.facts},
            notes=(*table.notes, *labelled.notes),
            read_anew=table.read_anew or labelled.read_anew,
        )
