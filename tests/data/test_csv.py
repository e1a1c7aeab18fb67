import gzip
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from rnnexp.data.csv import Csv
from rnnexp.data.labels import sort_classes
from rnnexp.errors import DataError
from tests.conftest import TINY, Outcome


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


def test_a_home_folder_is_found(
    csv_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell leaves the ~ of data.path=~/texts.csv alone."""
    home = csv_file().parent / "home"
    home.mkdir()
    Path("texts.csv").rename(home / "texts.csv")
    monkeypatch.setenv("HOME", str(home))
    task = Csv(path="~/texts.csv", cache_dir="~/cache")
    assert str(task) == str(home / "texts.csv")
    assert (home / "cache").is_dir()
    with pytest.raises(DataError, match="there is no home folder '~nobody-of-that-name'"):
        Csv(path="~nobody-of-that-name/texts.csv")
    Path("~").mkdir()
    (home / "texts.csv").rename("~/mine.csv")
    assert str(Csv(path="~/mine.csv")) == "~/mine.csv"


def test_what_was_found_out_is_told_again_from_the_cache(workdir: Path) -> None:
    labels = ["pos", "neg", "pos ", "nan"] * 20
    Path("x.csv").write_text("text;label\n" + "\n".join(f"a film;{label}" for label in labels))
    for _ in range(2):
        task = load(Path("x.csv"), missing_labels="drop")
        assert task.report["separator"] == "semicolon"
        assert task.report["rows_without_label"] == 20
        assert task.report["labels_merged"] == {"pos": {"pos ": 20}}
        assert task.report["notes"][0] == "split: 80/10/10 in the order of the texts"
        assert len(task.report["notes"]) == 4
    with pytest.raises(DataError, match="row 4 has no 'label'"):
        load(Path("x.csv"))  # the cache of other settings is not asked


def test_a_file_that_is_read_as_before_keeps_its_runs(csv_file: Callable[..., Path]) -> None:
    path = csv_file()
    assert load(path).content == f"{load(path).identity()}"
    assert load(path).content.endswith(" ('text', 'label')")
    path.write_text(path.read_text().replace(",good,", ",good\u200b,", 1))
    task = load(path)
    assert task.content == f"{task.identity()} read anew" == task.current_content()


def test_a_faulty_table_from_the_command(rnnexp: Callable[..., Outcome]) -> None:
    """One line, exit status 2, nothing written; and the words that it says do what they say."""
    rows = [f"a film {'x' * (i % 9)},{('neg', 'pos', 'Neg')[i % 3]}" for i in range(60)]
    Path("0.csv").write_text("0,1\n" + "\n".join(rows))
    words = ["data=csv", "data.path=0.csv", *TINY, "probes=none", "threads=1"]
    told = rnnexp(*words)
    assert told.status == 2
    assert "0.csv has no column 'text', only 0, 1; set data.text_column" in told.error
    words += ["data.text_column=0", "data.label_column=1"]
    told = rnnexp(*words)
    assert (told.status, Path("outputs/runs").exists()) == (2, False)
    assert "row 3 has the label 'Neg' where row 1 has 'neg' (line 4)" in told.error
    done = rnnexp(*words, "data.label_case=ignore", "data.stratify=true", "data.separator=comma")
    assert done.status == 0, done.err
    assert "labels counted as one class: 20 'Neg' as 'neg'" in done.out
    assert "split: 80/10/10 in the order of the texts, each class in these shares" in done.out
    (run,) = Path("outputs/runs").iterdir()
    assert yaml.safe_load((run / "summary.json").read_text())["data_report"]["labels_merged"] == {
        "neg": {"Neg": 20}
    }
