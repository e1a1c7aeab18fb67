"""Every kind of file that is read, valid, each with a command that reads it."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

#: A run on texts, which `prepare` is given.
TRAINED = "trained"

SMALL = ("seq_len=8", "trainer.epochs=1", "model.hidden_size=3", "plots=false", "threads=1",
         "probes=none")  # fmt: skip

ROWS = [(f"a {['bad', 'good'][i % 2]} film {'x' * (i % 7 + 1)}", ["bad", "good"][i % 2])
        for i in range(60)]  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of file. make: its valid content. words: the command, with the file's place in it.

    Of a file of a run, whose directory the command reads, the content is that of `TRAINED`.

    text: it is lines of text, and damaged as such too. whole: its format has a checksum, so that
    what is accepted must be what it was.
    """

    name: str
    make: Callable[[], bytes]
    words: Callable[[str], Sequence[str]]
    text: bool = False
    whole: bool = False


def csv_text(separator: str = ",") -> bytes:
    rows = [("text", "label"), *ROWS]
    return "".join(f"{separator.join(row)}\n" for row in rows).encode()


def _frame() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["text", "label"])


def _parquet() -> bytes:
    return bytes(_frame().to_parquet(index=False))


def _xlsx() -> bytes:
    content = io.BytesIO()
    _frame().to_excel(content, index=False)
    return content.getvalue()


def zipped(name: str, content: Callable[[], bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content())
    return packed.getvalue()


def _vectors() -> bytes:
    words = sorted({word for text, _ in ROWS for word in text.split()})
    return "".join(f"{word} 0.1 -0.2 0.3\n" for word in words).encode()


def _series() -> pd.DataFrame:
    steps = [(i, t, (i % 2) + t / 10, ["bad", "good"][i % 2]) for i in range(40) for t in range(4)]
    return pd.DataFrame(steps, columns=["id", "time", "value", "label"])


def series_text() -> bytes:
    return bytes(_series().to_csv(index=False).encode())


def _series_parquet() -> bytes:
    return bytes(_series().to_parquet(index=False))


def series_words(path: str) -> Sequence[str]:
    columns = ("data.id_column=id", "data.time_column=time")
    return ("data=series", f"data.path={path}", *columns, *SMALL)


def _imdb() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for i in range(40):
            part, label = ["train", "test"][i // 20], ["neg", "pos"][i % 2]
            content = f"a {['bad', 'good'][i % 2]} film number {i}".encode()
            member = tarfile.TarInfo(f"aclImdb/{part}/{label}/{i}_{1 + 8 * (i % 2)}.txt")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def table_words(path: str) -> Sequence[str]:
    return ("data=csv", f"data.path={path}", "embedding.dim=3", *SMALL)


def vector_words(path: str) -> Sequence[str]:
    return ("data=csv", "data.path=texts.csv", "embedding=glove", f"embedding.path={path}", *SMALL)


def archive_words(path: str) -> Sequence[str]:
    return ("data=imdb", f"data.path={path}", "embedding.dim=3", *SMALL)


def _preset(path: str) -> Sequence[str]:
    folder = Path(path).parent.parent
    return ("--config-dir", str(folder), "experiment=mine", "data=csv", "data.path=texts.csv",
            "embedding.dim=3", *SMALL)  # fmt: skip


def _report(path: str) -> Sequence[str]:
    return ("report", str(Path(*Path(path).parts[:2])))


def _predict(path: str) -> Sequence[str]:
    return ("predict", str(Path(path).parent), "a good film")


def _asked(path: str) -> Sequence[str]:
    return ("predict", TRAINED, "--file", path)


KINDS = [
    Kind("t.csv", csv_text, table_words, text=True),
    Kind("t.tsv", lambda: csv_text("\t"), table_words, text=True),
    Kind("t16.csv", lambda: csv_text().decode().encode("utf-16"), table_words),
    Kind("t.csv.gz", lambda: gzip.compress(csv_text()), table_words, whole=True),
    Kind("t.csv.bz2", lambda: bz2.compress(csv_text()), table_words, whole=True),
    Kind("t.csv.xz", lambda: lzma.compress(csv_text()), table_words, whole=True),
    Kind("t.zip", lambda: zipped("t.csv", csv_text), table_words, whole=True),
    Kind("t.parquet", _parquet, table_words),
    Kind("t.xlsx", _xlsx, table_words, whole=True),
    Kind("s.csv", series_text, series_words, text=True),
    Kind("s.parquet", _series_parquet, series_words),
    Kind("aclImdb_v1.tar.gz", _imdb, archive_words),
    Kind("v.txt", _vectors, vector_words, text=True),
    Kind("v.vec.gz", lambda: gzip.compress(_vectors()), vector_words),
    Kind("v.zip", lambda: zipped("v.txt", _vectors), vector_words),
    Kind("asked.txt", lambda: b"a good film of xx\n", _asked, text=True),
    Kind("conf/experiment/mine.yaml", lambda: b"# @package _global_\nseq_len: 8\n", _preset, True),
    *(Kind(f"run/{name}", bytes, _predict, True) for name in ("config.yaml", "summary.json")),
    *(Kind(f"run/{name}", bytes, _report, True) for name in ("metrics.csv", "summary.json")),
    Kind("run/probes/grad_norm.npz", bytes, _report),
    Kind("run/task.json", bytes, _predict, text=True),
    Kind("run/weights.safetensors", bytes, _predict),
    Kind("run/manifest.json", bytes, _predict, text=True),
]
