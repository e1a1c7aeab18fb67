"""Files of a few kilobytes that stand for far more."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from tests.faults.file_kinds import archive_words, csv_text, table_words, vector_words, zipped
from tests.faults.malforming import Case

#: The memory that the machine is said to have while bombs are read: a few MB then are too much.
LITTLE = 16 * 2**20

_MANY = 10 * 2**20


def _many_in_gz() -> bytes:
    return gzip.compress(b"text,label\n" + b"a film,good\n" * (_MANY // 12))


def _many_in_parquet() -> bytes:
    texts = ["a film " * 1000] * 2_000
    labels = ["bad", "good"] * 1_000
    return bytes(pd.DataFrame({"text": texts, "label": labels}).to_parquet(index=False))


def _itself_in_zip() -> bytes:
    content = csv_text()
    for _ in range(20):
        packed, inner = io.BytesIO(), content
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("t.zip", inner)
        content = packed.getvalue()
    return content


def _far_cell() -> bytes:
    frame = pd.DataFrame({"text": ["a"], "label": ["b"]})
    content = io.BytesIO()
    with pd.ExcelWriter(content) as writer:
        frame.to_excel(writer, index=False)
        writer.sheets["Sheet1"].cell(1_000_000, 16_000, "x")
    return content.getvalue()


def _long_in_imdb() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("aclImdb/train/neg/1_1.txt")
        member.size = _MANY
        archive.addfile(member, io.BytesIO(bytes(_MANY)))
    return packed.getvalue()


def _blank_lines_in_gz() -> bytes:
    return gzip.compress(b"\n" * _MANY)


def _wide() -> bytes:
    return b"text,label" + b",c" * 300_000 + b"\n" + b"a film,good" + b",1" * 300_000 + b"\n"


BOMBS: Mapping[str, tuple[Callable[[], bytes], Callable[[str], Sequence[str]]]] = {
    "t.csv.gz": (_many_in_gz, table_words),
    "t.csv.bz2": (lambda: bz2.compress(b"x" * _MANY), table_words),
    "t.csv.xz": (lambda: lzma.compress(b"x" * _MANY), table_words),
    "t.zip": (lambda: zipped("t.csv", lambda: b"x" * _MANY), table_words),
    "own.zip": (_itself_in_zip, table_words),
    "t.parquet": (_many_in_parquet, table_words),
    "t.xlsx": (_far_cell, table_words),
    "wide.csv": (_wide, table_words),
    "aclImdb_v1.tar.gz": (_long_in_imdb, archive_words),
    "v.vec.gz": (_blank_lines_in_gz, vector_words),
    "line.vec.gz": (lambda: gzip.compress(b"x" * _MANY), vector_words),
    "v.zip": (lambda: zipped("v.txt", lambda: b"\n" * _MANY), vector_words),
}


def bomb(name: str, folder: Path) -> Case:
    """Write a file that stands for far more than it is."""
    make, words = BOMBS[name]
    place = folder / "case" / name
    shutil.rmtree(folder / "case", ignore_errors=True)
    place.parent.mkdir(parents=True)
    place.write_bytes(make())
    return Case(f"{name} bomb", words(str(place.relative_to(folder))), place)
