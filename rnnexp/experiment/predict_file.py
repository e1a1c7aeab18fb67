"""A trained network's answers to all texts of a table, a row for each."""

import csv
import re
from collections import Counter
from pathlib import Path

from rnnexp.bars import slow_bar
from rnnexp.data.columns import Column
from rnnexp.data.records import Quotes, separator_of
from rnnexp.data.table import Table, read_table
from rnnexp.errors import DataError, UserError
from rnnexp.experiment.answers import Answers
from rnnexp.experiment.to_file import check_is_new, new_table
from rnnexp.results.runs import RunDirectory

#: Settings that say how a table is read, and the options of `predict` in their place.
_OPTION = {"text_column": "--column", "separator": "--separator", "quotes": "--quotes"}


def predict_file(
    path: Path,
    texts: Path,
    to: Path,
    column: str | None = None,
    separator: str | None = None,
    quotes: Quotes | None = None,
    trust: bool = False,
) -> str:
    """Write a CSV file with the answer to each text of a table; returns what is said of it.

    texts: as data.path of `data=csv`. column: of the texts, by its name or its number; None takes
        the one that the run was trained on. separator, quotes: see `read_delimited`.
    to: a new file. Columns: `row`, counted from 1; `text`, as it was; `label` and p_CLASS for each
        class, or `number`; `read`, how many words were read, of them `unknown` ones; `dropped`,
        unknown ones that are left out, `cut`, beyond seq_len. Where no word of a text is known,
        there is no answer.

    Raises UserError where `to` is there already, DataError, which names the row, for a file that
    cannot be read.
    """
    check_is_new(to)
    run = RunDirectory.open(path)
    ask = Answers(run, trust)
    if column is None:
        column = str((run.config.get("data") or {}).get("text_column", "text"))
    table = _read(texts, column, separator, quotes)
    rows = ["" if text is None else str(text) for text in table.texts]
    counts: Counter[str] = Counter()
    with new_table(to) as file, slow_bar("answers", "text", total=len(rows)) as bar:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "text", *ask.form.columns, "read", "unknown", "dropped", "cut"])
        for number, (text, answer) in enumerate(zip(rows, ask(rows), strict=True), 1):
            read = answer.read
            shown = [f"{v:.9g}" if isinstance(v, float) else v for v in answer.cells]
            told = [len(read.words), read.unknown, read.dropped, read.cut]
            writer.writerow([number, text, *shown, *told])
            counts["unanswered"] += not read.is_known
            counts["cut"] += read.cut > 0
            bar.update()
    return _told(to, table, counts, ask)


def _read(texts: Path, column: str, separator: str | None, quotes: Quotes | None) -> Table:
    by_number: Column = int(column) if re.fullmatch(r"\d{1,6}", column) else column
    try:
        sign = separator_of(separator)
    except ValueError as error:
        raise UserError(f"--{error}") from None
    try:
        return read_table(texts, (by_number, None), sign, quotes)
    except DataError as error:
        # what is said of a training's table is said in the words of this command
        said = re.sub(
            r"\bdata\.(text_column|separator|quotes)\b", lambda m: _OPTION[m[1]], str(error)
        )
        raise DataError(said) from None


def _told(to: Path, table: Table, counts: Counter[str], ask: Answers) -> str:
    total, unanswered = len(table.texts), counts["unanswered"]
    first = f"{to}: {total} {'row' if total == 1 else 'rows'}"
    if unanswered:
        first += f", {unanswered} of them without an answer: no word that the network knows"
    lines = [first, *table.notes]
    if counts["cut"]:
        lines.append(
            f"{counts['cut']} texts were cut to {ask.encode.seq_len} {ask.encode.tokens} "
            f"(data.cut={ask.encode.cut})"
        )
    return "\n".join(lines)
