import gzip
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rnnexp.data.csv import Csv
from rnnexp.data.labels import sort_classes
from rnnexp.errors import DataError


def load(path: Path, **options: object) -> Csv:
    return Csv(path=str(path), cache_dir="cache", **options)


def test_every_format_gives_the_same_splits(csv_file: Callable[..., Path]) -> None:
    plain = csv_file()
    Path("texts.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile("texts.zip", "w") as archive:
        archive.write("texts.csv")
    pd.read_csv(plain).to_parquet("texts.parquet")
    expected = load(plain).split("train")
    for name in ("texts.csv.gz", "texts.zip", "texts.parquet"):
        task = load(Path(name))
        assert task.split("train").inputs.tolist() == expected.inputs.tolist()
        assert task.classes == ("bad", "good")


def test_number_labels_and_many_classes(workdir: Path) -> None:
    rows = [f"word{'abcdef'[i % 6] * 3} text,{i % 6 + 5}" for i in range(120)]
    Path("stars.csv").write_text("body,stars\n" + "\n".join(rows))
    task = load(Path("stars.csv"), text_column="body", label_column="stars")
    assert task.classes == ("5", "6", "7", "8", "9", "10")
    assert task.output_size == 6
    assert task.split("train").targets[:6].tolist() == [0, 1, 2, 3, 4, 5]
    assert task.chance["accuracy"] == pytest.approx(1 / 6)


def test_quotes_commas_and_line_breaks_inside_a_text(workdir: Path) -> None:
    lines = ['"one, ""two""\nthree",a', "four,b"] * 20
    Path("q.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    task = load(Path("q.csv"), seq_len=4)
    assert task.split("train").lengths[:2].tolist() == [3, 1]


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "header only": (b"text,label\n", "has a header but no rows"),
    "no columns": (b"review,sentiment\na,b\n", "has no column 'text', only review, sentiment"),
    "one class": (b"text,label\n" + b"a,x\n" * 30, "every row has the class 'x'"),
    "not utf-8": (b"text,label\ncaf\xe9,x\nb,y\n", "is not UTF-8 text (byte 0xe9)"),
    "open quote": (b'text,label\n"a,x\nb,y\n', "a quote opened in row 1 is never closed"),
    "too many fields": (b"text,label\na,x\nb,c,d,y\n", "line 3 has 4 fields where 2 are expected"),
    "first row too long": (b"text,label\na,b,x\nc,y\n", "more fields than the header"),
    "no label": (b"text,label\na,x\nb,\n", "row 2 has no 'label'"),
    "label per row": (
        b"text,label\n" + b"".join(b"a,%d\n" % i for i in range(40)),
        "has 40 different values in 40 rows",
    ),
    "few rows": (b"text,label\na,x\nb,y\nc,x\n", "too few for a split of 80/10/10"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_its_fault(case: str, workdir: Path) -> None:
    content, message = BROKEN[case]
    Path("broken.csv").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        load(Path("broken.csv"))
    assert "\n" not in str(caught.value)
    if case != "few rows":
        assert "broken.csv" in str(caught.value)
        assert not Path("cache").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv.gz", b"not gzip", "cannot be read"),
        ("x.zip", b"not zip", "not a .zip file"),
        ("x.parquet", b"not parquet", "cannot be read"),
    ],
)
def test_a_damaged_container_is_named(name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(Path(name))


def test_a_flipped_byte_in_a_gzip_is_noticed(csv_file: Callable[..., Path]) -> None:
    content = bytearray(gzip.compress(csv_file(rows=500).read_bytes()))
    for at in range(len(content) // 2, len(content) // 2 + 20):
        content[at] ^= 0xFF
    Path("x.csv.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.csv\.gz"):
        load(Path("x.csv.gz"))


def test_the_order_of_classes_is_that_of_their_names_where_one_is_no_number() -> None:
    assert sort_classes({"1", "nan", "0"}) == ("0", "1", "nan")


def test_missing_file_and_folder() -> None:
    with pytest.raises(DataError, match=r"nowhere.csv: there is no such file"):
        load(Path("nowhere.csv"))
    with pytest.raises(DataError, match="is a folder"):
        load(Path())
    with pytest.raises(ValueError, match="path is not set"):
        Csv()
