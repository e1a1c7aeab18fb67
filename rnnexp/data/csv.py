"""A table of texts: any CSV or parquet file with a text column and a label column."""

import math
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from rnnexp.data.corpus import RawCorpus
from rnnexp.data.text import TextClassification
from rnnexp.errors import DataError, did_you_mean
from rnnexp.files import file_digest


class Csv(TextClassification):
    """Texts and their classes from the columns of a file.

    path: a .csv, .csv.gz, .zip (holding one csv) or .parquet file.
    text_column, label_column: the columns' names. Labels are words or numbers, two or more.
    pipeline: the arguments of `TextClassification`.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        text_column: str = "text",
        label_column: str = "label",
        **pipeline: Any,
    ) -> None:
        if path is None:
            raise ValueError("path is not set: name the file, as in data.path=reviews.csv")
        if text_column == label_column:
            raise ValueError(f"text_column and label_column are both '{text_column}'")
        self.path = Path(path)
        self.columns = (text_column, label_column)
        super().__init__(**pipeline)

    def __str__(self) -> str:
        return str(self.path)

    def identity(self) -> str:
        return f"{file_digest(self.path)} {self.columns}"

    def read(self) -> RawCorpus:
        return read_table(self.path, *self.columns)


def read_table(path: Path, text_column: str, label_column: str) -> RawCorpus:
    """Read texts and labels.

    Raises DataError for a file that cannot be used; it names the file, and the line if it has one.
    """
    import pandas as pd

    columns = [text_column, label_column]
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            _check_columns(path, list(map(str, frame.columns)), columns)
            frame = frame[columns]
        else:
            # the header alone first, so that a wrong column is told before a long read
            header = pd.read_csv(path, nrows=0, encoding="utf-8-sig")
            _check_columns(path, list(map(str, header.columns)), columns)
            # All columns, though two are used: with usecols pandas gives no error where the first
            # rows have too many fields, and shifts the fields of a text with commas.
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    path, index_col=False, dtype=str, keep_default_na=False, encoding="utf-8-sig"
                )
            frame = frame[columns]
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{path} is not UTF-8 text (byte 0x{byte:02x}): save it as UTF-8") from None
    except pd.errors.ParserWarning:
        raise DataError(
            f"{path}: the first rows have more fields than the header: "
            "put texts with commas between quotes"
        ) from None
    except pd.errors.ParserError as error:
        raise DataError(f"{path}: {_parser_message(str(error))}") from None
    except zipfile.BadZipFile:
        raise DataError(f"{path} is not a .zip file, or a damaged one") from None
    except (
        OSError,
        ValueError,
        EOFError,
        RuntimeError,
        zlib.error,
    ) as error:  # bad gzip, several files in a zip, ...
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    if frame.empty:
        raise DataError(f"{path} has a header but no rows")
    texts = frame[text_column].fillna("").astype(str).tolist()
    labels = frame[label_column].fillna("").astype(str).str.strip().tolist()
    missing = next((row for row, label in enumerate(labels, 1) if not label), None)
    if missing is not None:
        raise DataError(f"{path}: row {missing} has no '{label_column}'")
    classes = sort_classes(set(labels))
    if len(classes) == 1:
        raise DataError(
            f"{path}: every row has the class '{classes[0]}'; two classes or more are needed"
        )
    if len(classes) > max(2, len(labels) // 2):
        raise DataError(
            f"{path}: '{label_column}' has {len(classes)} different values in {len(labels)} rows; "
            "is it the label column? (data.label_column)"
        )
    index = {name: i for i, name in enumerate(classes)}
    return RawCorpus(texts, np.array([index[label] for label in labels], np.int64), classes)


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


def _check_columns(path: Path, present: list[str], wanted: list[str]) -> None:
    for column, key in zip(wanted, ("data.text_column", "data.label_column"), strict=True):
        if column not in present:
            raise DataError(
                f"{path} has no column '{column}', only {', '.join(present)}; "
                f"set {key}{did_you_mean(column, present)}"
            )


def _parser_message(message: str) -> str:
    """pandas' message in words that say what to do, with the line.

    >>> _parser_message("Error tokenizing data. C error: Expected 2 fields in line 3, saw 4")
    'line 3 has 4 fields where 2 are expected: put texts with commas between quotes'
    >>> _parser_message("Error tokenizing data. C error: EOF inside string starting at row 1")
    'a quote opened in row 1 is never closed'
    """
    if fields := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        return (
            f"line {fields[2]} has {fields[3]} fields where {fields[1]} are expected: "
            "put texts with commas between quotes"
        )
    if quote := re.search(r"EOF inside string starting at row (\d+)", message):
        return f"a quote opened in row {quote[1]} is never closed"
    return message.strip().splitlines()[0]
