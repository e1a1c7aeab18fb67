"""Texts from the columns of a table, or of one table for each split."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnexp import bounds
from rnnexp.data.columns import Column
from rnnexp.data.corpus import RawCorpus
from rnnexp.data.joined import JoinedTable, join
from rnnexp.data.labels import Labelled
from rnnexp.data.records import Quotes, separator_of
from rnnexp.data.table import read_table
from rnnexp.data.text import Texts
from rnnexp.errors import DataError
from rnnexp.files import check_is_file, check_size, file_digest, refuse_folder, user_path
from rnnexp.types import Split

#: What is written in a message for the file of each split.
_KEYS: Mapping[Split, str] = {"train": "path", "val": "val_path", "test": "test_path"}


class TableTexts(Texts):
    """Texts and what is to be said of them, from two columns of a file.

    path: a .csv, .tsv, .parquet or .xlsx file, which may lie in a .gz or .zip; other endings are
        read as text with separators.
    val_path, test_path: files of the same columns for validation and for the test, either or both;
        what is not given is split off from `path`, as `split` says.
    text_column, label_column: the columns' names, or their numbers counted from 0.
    separator: between the columns: comma, tab, semicolon, pipe or any character; None finds it.
    quotes: how quotes are used, see `read_delimited`.
    pipeline: the arguments of `Texts`.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        val_path: str | None = None,
        test_path: str | None = None,
        text_column: Column = "text",
        label_column: Column = "label",
        separator: str | None = None,
        quotes: Quotes | None = None,
        **pipeline: Any,
    ) -> None:
        if path is None:
            raise ValueError("path is not set: name the file, as in data.path=reviews.csv")
        if text_column == label_column:
            raise ValueError(f"text_column and label_column are both '{text_column}'")
        self.path = user_path(path)
        own: dict[Split, str | None] = {"val": val_path, "test": test_path}
        self.own_files: dict[Split, Path] = {
            name: user_path(file) for name, file in own.items() if file is not None
        }
        self.given = tuple(self.own_files)
        self.columns = (text_column, label_column)
        self.separator, self.quotes = separator_of(separator), quotes
        self._refuse_same_files()
        super().__init__(**pipeline)

    @abstractmethod
    def options(self) -> Mapping[str, Any]:
        """Settings that decide what is read from the label column; None where one is not set."""

    @abstractmethod
    def targets_in(self, table: JoinedTable) -> Labelled:
        """What is to be said of each text, by the label column."""

    def __str__(self) -> str:
        return ", ".join(map(str, self.files_by_split.values()))

    @property
    def files_by_split(self) -> dict[Split, Path]:
        return {"train": self.path, **self.own_files}

    def identity(self) -> str:
        for name, file in self.files_by_split.items():
            refuse_folder(f"data.{_KEYS[name]}", file)
        # runs of earlier versions had none of these settings: what is not set is not named
        options = {"separator": self.separator, "quotes": self.quotes, **self.options()}
        named = [f" {name}={value!r}" for name, value in options.items() if value is not None]
        named += [f" {_KEYS[name]}={_digest(file)}" for name, file in self.own_files.items()]
        return f"{_digest(self.path)} {self.columns}{''.join(named)}"

    def read(self) -> RawCorpus:
        table = join(
            {
                name: read_table(file, self.columns, self.separator, self.quotes)
                for name, file in self.files_by_split.items()
            }
        )
        column = self.targets_in(table)
        for name, file in self.own_files.items():
            mask = table.of_split(name, column.rows)
            if mask is not None and not mask.any():
                raise DataError(f"{file}: every row is left out, and nothing is there to {name}")
        return RawCorpus(
            ["" if table.texts[row] is None else str(table.texts[row]) for row in column.rows],
            column.labels,
            column.classes,
            is_test=table.of_split("test", column.rows),
            facts={**table.facts, **column.facts},
            notes=(*table.notes, *column.notes),
            read_anew=table.read_anew or column.read_anew,
            is_val=table.of_split("val", column.rows),
            numbers=column.numbers,
        )

    def _refuse_same_files(self) -> None:
        """Of the same bytes for two splits, a result would say nothing."""
        if not self.own_files:
            return
        seen: dict[str, Split] = {}
        for name, file in self.files_by_split.items():
            before = seen.setdefault(_digest(file), name)
            if before != name:
                raise ValueError(
                    f"{_KEYS[name]}={file} holds the same bytes as "
                    f"{_KEYS[before]}={self.files_by_split[before]}: each split needs texts of "
                    "its own"
                )


def _digest(file: Path) -> str:
    check_size(file, check_is_file(file).st_size, bounds.COPIES)
    return file_digest(file)
