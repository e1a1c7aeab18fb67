"""Files of every format with a table in them, packed and named as people have them."""

import bz2
import gzip
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnexp.data.table import Table, read_table
from rnnexp.errors import DataError

TEXTS = ["good film", "bad film", "a film, so to say", "the end"]
STARS = [1, 0, 1, 0]


def csv_bytes(separator: str = ",") -> bytes:
    lines = [f'"{text}"{separator}{stars}' for text, stars in zip(TEXTS, STARS, strict=True)]
    return "\n".join([f"text{separator}label", *lines]).encode()


def read(name: str, **options: Any) -> Table:
    return read_table(Path(name), ("text", "label"), **options)


def zipped(name: str, **members: bytes) -> None:
    with zipfile.ZipFile(name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def write_parquet(name: str, labels: list[Any] = STARS, **columns: Any) -> None:
    pq.write_table(pa.table({"text": TEXTS, "label": labels, **columns}), name)


def write_mac_zip(name: str) -> None:
    """What the Finder makes: a file of its own for each of the user's."""
    zipped(name, **{"t.csv": csv_bytes(), "__MACOSX/._t.csv": b"\0\5\26\7", ".DS_Store": b"x"})


FORMATS: dict[str, Callable[[str], Any]] = {
    "t.csv": lambda name: Path(name).write_bytes(csv_bytes()),
    "T.CSV": lambda name: Path(name).write_bytes(csv_bytes()),
    "t.txt": lambda name: Path(name).write_bytes(csv_bytes(";")),
    "t.tsv": lambda name: Path(name).write_bytes(csv_bytes("\t")),
    "bom.csv": lambda name: Path(name).write_bytes(b"\xef\xbb\xbf" + csv_bytes()),
    "utf16.txt": lambda name: Path(name).write_text(csv_bytes("\t").decode(), encoding="utf-16"),
    "blank last line.csv": lambda name: Path(name).write_bytes(csv_bytes() + b"\r\n\r\n"),
    "t.csv.gz": lambda name: Path(name).write_bytes(gzip.compress(csv_bytes())),
    "t.tsv.bz2": lambda name: Path(name).write_bytes(bz2.compress(csv_bytes("\t"))),
    "t.csv.xz": lambda name: Path(name).write_bytes(lzma.compress(csv_bytes())),
    "t.zip": lambda name: zipped(name, **{"data/t.csv": csv_bytes()}),
    "with readme.zip": lambda name: zipped(name, **{"t.csv": csv_bytes(), "README.md": b"hello"}),
    "mac.zip": write_mac_zip,
    "t.parquet": write_parquet,
    "UPPER.PARQUET": write_parquet,
    "nullable.parquet": lambda name: write_parquet(name, pd.array(STARS, dtype="Int64")),
    "category.parquet": lambda name: write_parquet(
        name, pa.array(map(str, STARS)).dictionary_encode()
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(name: str) -> None:
    FORMATS[name](name)
    table = read(name)
    assert list(table.texts) == TEXTS
    assert [str(label) for label in table.labels] == ["1", "0", "1", "0"]


def test_a_null_of_a_parquet_file_is_no_nan_and_makes_no_floats() -> None:
    for labels in (pd.array([1, 0, None, 0], dtype="Int64"), pa.array([1.0, 0.0, None, 0.0])):
        write_parquet("t.parquet", labels)
        assert list(read("t.parquet").labels) == [1, 0, None, 0]
    write_parquet("t.parquet", ["a", "b", None, "b"])
    with pytest.raises(DataError, match=r"t\.parquet: row 3 has no 'label'$"):
        raise read("t.parquet").fault(2, "has no 'label'")


def test_a_column_of_lists_is_no_column_of_texts() -> None:
    write_parquet("t.parquet", [["a"], ["b"], [], ["c"]])
    with pytest.raises(DataError, match=r"column 'label' holds list<.*no texts or numbers"):
        read("t.parquet")


def test_an_excel_workbook() -> None:
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame({" text": [*TEXTS, None, 7], "label": [*STARS, None, "N/A"]})
    with pd.ExcelWriter("t.xlsx") as writer:
        frame.to_excel(writer, sheet_name="reviews", index=False, startrow=1)
        frame.to_excel(writer, sheet_name="other", index=False)
    table = read("t.xlsx")
    assert list(table.texts) == [*TEXTS, 7]  # the row without content is none
    assert list(table.labels) == [*STARS, "N/A"]  # and not what pandas makes of it
    assert table.facts == {"sheet": "reviews"}
    assert "row 5 is odd (row of the sheet 8)" in str(table.fault(4, "is odd"))


def test_a_workbook_without_the_library_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    zipped("t.xlsx", a=b"")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match="needs openpyxl: pip install openpyxl"):
        read("t.xlsx")


def test_a_damaged_workbook_is_named_by_its_format() -> None:
    pytest.importorskip("openpyxl")
    for content in (b"no zip", None):
        if content is None:
            zipped("t.xlsx", **{"[Content_Types].xml": b"<Types/>"})
        else:
            Path("t.xlsx").write_bytes(content)
        with pytest.raises(
            DataError, match=r"t\.xlsx is no Excel workbook \(\.xlsx\), or a damaged"
        ):
            read("t.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", gzip.compress(csv_bytes(), mtime=0), "is by its content a .gz file"),
        ("t.txt", b"PK\x03\x04...", "is by its content a .zip or .xlsx file"),
        ("t.csv", b"PAR1...", "is by its content a .parquet file"),
        ("t.xls", b"\xd0\xcf\x11\xe0", "a workbook that is not read: save it as .xlsx"),
        ("t.tar.gz", gzip.compress(b"", mtime=0), "an archive that is not read: unpack it"),
        ("t.csv", b"text,label\nfilm caf\xe9,x\n", r"not UTF-8 text \(byte 0xe9\)"),
    ],
)
def test_a_file_that_is_something_else_is_named(name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(name)


def test_a_zip_with_several_tables_names_them() -> None:
    zipped("t.zip", **{f"{i}.csv": csv_bytes() for i in range(7)})
    with pytest.raises(DataError, match=r"holds 0\.csv, .* and 2 more; unpack it and name one"):
        read("t.zip")
    zipped("empty.zip", **{"__MACOSX/._t.csv": b""})
    with pytest.raises(DataError, match="holds no file"):
        read("empty.zip")


def test_a_header_in_the_middle_is_named_by_its_row() -> None:
    Path("t.csv").write_bytes(csv_bytes() + b"\n text,label\n" + csv_bytes()[11:])
    with pytest.raises(DataError, match=r"t\.csv: row 5 is the header again \(line 6\): delete it"):
        read("t.csv")
    Path("t.csv").write_bytes(csv_bytes() + b"\nwhat a,label\n")  # a class of that name
    assert list(read("t.csv").labels)[-1] == "label"


def test_what_is_found_out_is_said() -> None:
    Path("t.txt").write_bytes(csv_bytes("\t"))
    table = read("t.txt")
    assert (table.facts, list(table.notes)) == (
        {"separator": "tab"},
        ["the columns are separated by tab"],
    )
    assert not read("t.txt", separator="\t").read_anew
