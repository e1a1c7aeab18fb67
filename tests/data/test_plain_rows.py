"""Tables that Arrow reads: the same rows as line by line, or none."""

import csv
import io
import random
from pathlib import Path

import pytest

from rnnexp.data import plain_rows
from rnnexp.data.delimited import read_delimited
from rnnexp.data.plain_rows import PlainRows, read_plain_rows
from rnnexp.data.records import Quotes
from rnnexp.errors import DataError

COLUMNS = ("text", "label")


def read(
    text: str | bytes, separator: str | None = None, quotes: Quotes | None = None
) -> PlainRows | None:
    content = text if isinstance(text, bytes) else text.encode()
    return read_plain_rows("f.csv", content, COLUMNS, separator, quotes)


def is_as_by_lines(text: str) -> bool:
    """Whether a table is read here; where it is, the other way has to say the same of it."""
    plain = read(text)
    if plain is None:
        return False
    made = read_delimited("f.csv", text, COLUMNS)
    at = list(made.header).index("text"), list(made.header).index("label")
    assert (made.separator, made.backslashed) == (plain.separator, 0)
    assert [record.fields[at[0]] for record in made.records] == list(plain.texts), repr(text)
    assert [record.fields[at[1]] for record in made.records] == list(plain.labels), repr(text)
    assert [record.line for record in made.records] == list(plain.lines)
    return True


def test_tables_as_programs_write_them() -> None:
    generator = random.Random(0)
    words = ["a", "b,c", '"', '""d', " ", "pos", "'", "é", "\t;", "\0", "|"]
    for trial in range(60):
        header = generator.choice([["text", "label"], ["label", "id", "text"]])
        rows = [
            {
                "text": "".join(generator.choices(words, k=generator.randrange(1, 9))) + "w",
                "label": "pos",
                "id": str(number),
            }
            for number in range(20)
        ]
        written = io.StringIO()
        writer = csv.DictWriter(
            written,
            header,
            extrasaction="ignore",
            delimiter=",;\t|"[trial % 4],
            quoting=generator.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
            lineterminator=generator.choice(["\n", "\r\n"]),
        )
        writer.writeheader()
        writer.writerows(rows)
        text = written.getvalue()
        assert is_as_by_lines(text)
        assert is_as_by_lines(text.rstrip("\r\n"))


def test_any_characters() -> None:
    """Quotes, separators and line ends anywhere: the same, or not read here."""
    generator = random.Random(1)
    pieces = ["a", " ", ",", '"', '""', "\n", "\r\n", "\r", "b\0", "é", "\\", "x,y\n", '"p,q",z\n']
    read_here = 0
    for _ in range(4000):
        body = "".join(generator.choices(pieces, k=generator.randrange(1, 12)))
        try:
            read_here += is_as_by_lines("text,label\n" + body)
        except DataError as error:
            pytest.fail(f"{body!r} is read, but {error}")
    assert read_here > 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text,label\n",
        "\ntext,label\na,x\n",
        "sep=,\ntext,label\na,x\n",
        '"text\n",label\na,x\n',
        "text,label\na,x\n\nb,y\n",  # a blank line
        "text,label\na,x\n , \nb,y\n",  # a row of nothing
        'text,label\n"a\nb",x\n',  # a row of two lines
        'text,label\na,x\nb,"y\n',  # a quote that is never closed
        'text,label\na,x\n"b,y\n',
        "text,label\na,x\nb\n",
        "text,label\na,x\nb,c,y\n",
        'text,label\n"a \\"b\\" c",x\n',
        "review,label\na,x\n",
        "text,label,text\na,x,b\n",
    ],
)
def test_what_is_odd_is_left_to_the_other_way(text: str) -> None:
    assert read(text) is None


def test_other_encodings_and_quotes_are_left_to_the_other_way() -> None:
    table = "text,label,id\na,x,1\nb,y,2\n"
    assert read(table) is not None
    assert read(b"\xef\xbb\xbf" + table.encode()) == read(table)
    assert read(table.encode("utf-16")) is None
    for cells in ("\u00e9,x,1", "a,\u00e9,1", "a,x,\u00e9"):
        assert read(table.replace("a,x,1", cells)) is not None
        assert read(table.replace("a,x,1", cells).encode("latin-1")) is None
    assert read(table, quotes="none") is None
    assert read(table.replace("a,x", '\\",x'), quotes="doubled") is not None


def test_a_table_of_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_rows, "_BLOCK", 64)
    rows = "".join(f'"film, {i} ""{"x" * (i % 40)}""",{i % 2}\r\n' for i in range(200))
    assert is_as_by_lines("text,label\r\n" + rows)
    assert read(f"text,label\n{'a' * 500},x\n{rows}") is None  # no block takes it


def test_a_long_text() -> None:
    assert is_as_by_lines(f"text,label\nb,y\n{'a' * 200_000},x\n")


@pytest.mark.realdata
def test_real_reviews(realdata: Path) -> None:
    content = (realdata / "imdb_subset.csv").read_bytes().decode()
    assert is_as_by_lines(content.replace("review,sentiment", "text,label", 1))
