"""Files of every kind that is read, made valid and then damaged, each with the command on it."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import socket
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

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


def _csv(separator: str = ",") -> bytes:
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


def _zip(name: str, content: Callable[[], bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content())
    return packed.getvalue()


def _vectors() -> bytes:
    words = sorted({word for text, _ in ROWS for word in text.split()})
    return "".join(f"{word} 0.1 -0.2 0.3\n" for word in words).encode()


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


def _table(path: str) -> Sequence[str]:
    return ("data=csv", f"data.path={path}", "embedding.dim=3", *SMALL)


def _glove(path: str) -> Sequence[str]:
    return ("data=csv", "data.path=texts.csv", "embedding=glove", f"embedding.path={path}", *SMALL)


def _reviews(path: str) -> Sequence[str]:
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
    Kind("t.csv", _csv, _table, text=True),
    Kind("t.tsv", lambda: _csv("\t"), _table, text=True),
    Kind("t16.csv", lambda: _csv().decode().encode("utf-16"), _table),
    Kind("t.csv.gz", lambda: gzip.compress(_csv()), _table, whole=True),
    Kind("t.csv.bz2", lambda: bz2.compress(_csv()), _table, whole=True),
    Kind("t.csv.xz", lambda: lzma.compress(_csv()), _table, whole=True),
    Kind("t.zip", lambda: _zip("t.csv", _csv), _table, whole=True),
    Kind("t.parquet", _parquet, _table),
    Kind("t.xlsx", _xlsx, _table, whole=True),
    Kind("aclImdb_v1.tar.gz", _imdb, _reviews),
    Kind("v.txt", _vectors, _glove, text=True),
    Kind("v.vec.gz", lambda: gzip.compress(_vectors()), _glove),
    Kind("v.zip", lambda: _zip("v.txt", _vectors), _glove),
    Kind("asked.txt", lambda: b"a good film of xx\n", _asked, text=True),
    Kind("conf/experiment/mine.yaml", lambda: b"# @package _global_\nseq_len: 8\n", _preset, True),
    *(Kind(f"run/{name}", bytes, _predict, True) for name in ("config.yaml", "summary.json")),
    *(Kind(f"run/{name}", bytes, _report, True) for name in ("metrics.csv", "summary.json")),
    Kind("run/probes/grad_norm.npz", bytes, _report),
    Kind("run/task.json", bytes, _predict, text=True),
    Kind("run/weights.safetensors", bytes, _predict),
    Kind("run/manifest.json", bytes, _predict, text=True),
]


# -- damage ----------------------------------------------------------------------------------------


def _flipped(content: bytes, random: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.choice([1, 1, 3, 20])):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _garbage(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content))
    return content[:place] + random.randbytes(random.choice([1, 10, 300])) + content[place:]


def _lacking(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content))
    return content[:place] + content[place + random.choice([1, 5, 50]) :]


def _noise(content: bytes, random: Random) -> bytes:
    return random.randbytes(random.choice([1, 20, 5000]))


def _twice(content: bytes, random: Random) -> bytes:
    return content + content


DAMAGES = [_flipped, _flipped, _cut, _garbage, _lacking, _noise, _twice]


def _in_a_line(*made: bytes) -> Callable[[bytes, Random], bytes]:
    def put(content: bytes, random: Random) -> bytes:
        lines = content.split(b"\n")
        lines.insert(random.randrange(len(lines)), random.choice(made))
        return b"\n".join(lines)

    return put


def _other_header(content: bytes, random: Random) -> bytes:
    header = random.choice([b"", b"x,y", b"text,text", b"text", b"," * 20_000, b"y" * 2_000_000,
                            b'"text,label', b"text,label" + b",c" * 300])  # fmt: skip
    return header + content[content.find(b"\n") :]


def _recoded(content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", "replace").replace("a", "ä")
    return text.encode(random.choice(["latin-1", "utf-16-le", "utf-32", "cp500"]), "replace")


def _alias_bomb(content: bytes, random: Random) -> bytes:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 8)) for i in range(1, 9)]
    return content + b"\n" + b"\n".join(lines) + b"\n"


def _deep(content: bytes, random: Random) -> bytes:
    depth = random.choice([60, 5000, 200_000])
    return random.choice(
        [
            b"a: " + b"[" * depth + b"]" * depth,
            b'{"a":' * depth + b"1" + b"}" * depth,
            b"[" * depth,
            b"- " * depth,
        ]
    )


def _huge_number(content: bytes, random: Random) -> bytes:
    return content.replace(b" 8", b" 1" + b"0" * 5000).replace(b": 1", b": 1" + b"0" * 5000)


TEXT_DAMAGES = [
    _in_a_line(b"\0\0\0", b'"', b'a "b" c,"', b",,,,,,", b"x" * 3_000_000, b"\xff\xfe", b"\r\r",
               b"a: *nothing", b"!!python/object/apply:os.system [echo]", b"2020-99-99: 2020-99-99",
               b"word nan inf 1e999", b"\t", b"? [a, b]\n: c", b"=: <<", b"<<: 5"),
    _other_header, _recoded, _alias_bomb, _deep, _huge_number,
]  # fmt: skip


# -- what is no file -------------------------------------------------------------------------------


def _pipe(place: Path) -> None:
    os.mkfifo(place)


def _endless(place: Path) -> None:
    place.symlink_to("/dev/zero")


def _no_content(place: Path) -> None:
    place.write_bytes(b"")


def _to_itself(place: Path) -> None:
    place.symlink_to(place)


def _to_nothing(place: Path) -> None:
    place.symlink_to("nothing")


def _folder(place: Path) -> None:
    place.mkdir()


def _socket(place: Path) -> None:
    # the place of a socket may have some hundred characters at most
    with socket.socket(socket.AF_UNIX) as made:
        short = Path(f"/tmp/rnnexp-{os.getpid()}.sock")
        made.bind(str(short))
        shutil.move(short, place)


def _of_the_system(place: Path) -> None:
    place.symlink_to("/proc/self/environ")


def _sparse(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(2**40)


SPECIAL = [_pipe, _endless, _no_content, _to_itself, _to_nothing, _folder, _socket, _of_the_system,
           _sparse]  # fmt: skip


# -- what stands for more than it is ---------------------------------------------------------------

#: The memory that the machine is said to have while bombs are read: a few MB then are too much.
LITTLE = 64 * 2**20

_MANY = 40 * 2**20


def _many_in_gz() -> bytes:
    return gzip.compress(b"text,label\n" + b"a film,good\n" * (_MANY // 12))


def _many_in_parquet() -> bytes:
    texts = ["a film " * 1000] * 20_000
    labels = ["bad", "good"] * 10_000
    return bytes(pd.DataFrame({"text": texts, "label": labels}).to_parquet(index=False))


def _itself_in_zip() -> bytes:
    content = _csv()
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
    "t.csv.gz": (_many_in_gz, _table),
    "t.csv.bz2": (lambda: bz2.compress(b"x" * _MANY), _table),
    "t.csv.xz": (lambda: lzma.compress(b"x" * _MANY), _table),
    "t.zip": (lambda: _zip("t.csv", lambda: b"x" * _MANY), _table),
    "own.zip": (_itself_in_zip, _table),
    "t.parquet": (_many_in_parquet, _table),
    "t.xlsx": (_far_cell, _table),
    "wide.csv": (_wide, _table),
    "aclImdb_v1.tar.gz": (_long_in_imdb, _reviews),
    "v.vec.gz": (_blank_lines_in_gz, _glove),
    "line.vec.gz": (lambda: gzip.compress(b"x" * _MANY), _glove),
    "v.zip": (lambda: _zip("v.txt", lambda: b"\n" * _MANY), _glove),
}


# -- cases -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """words: the command. place: of the damaged file. same: what it must still hold if accepted."""

    what: str
    words: Sequence[str]
    place: Path
    same: bytes | None = None


def prepare(folder: Path) -> Sequence[str]:
    """Write a table that is valid; returns the command that trains on it, for `TRAINED`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.csv").write_bytes(_csv())
    return [word for word in _table("texts.csv") if word != "probes=none"] + ["probes=[grad_norm]"]


def malformed(number: int, folder: Path) -> Case:
    """Write the file of a case into `folder`, which `prepare` has prepared."""
    random = Random(number)
    kind = KINDS[number % len(KINDS)]
    place = folder / "case" / kind.name
    shutil.rmtree(folder / "case", ignore_errors=True)
    place.parent.mkdir(parents=True)
    content = kind.make()
    draw = random.random()
    if kind.name.startswith("run/"):
        run = folder / "case" / "run"
        shutil.copytree(folder / TRAINED, run, dirs_exist_ok=True)
        if random.random() < 0.5:  # then no digest says that a file is not what was written
            _unseal(run)
        content = place.read_bytes() if place.exists() else b"{}"
        place.unlink(missing_ok=True)
    if draw < 0.15:
        damage = random.choice(SPECIAL)
        damage(place)
        what = damage.__name__
    else:
        change = random.choice(TEXT_DAMAGES if kind.text and draw < 0.6 else DAMAGES)
        place.write_bytes(change(content, random))
        what = change.__name__
    shown = str(place.relative_to(folder))
    return Case(f"{kind.name} {what}", kind.words(shown), place, content if kind.whole else None)


def _unseal(run: Path) -> None:
    summary = run / "summary.json"
    summary.write_text(summary.read_text().replace('"sealed": true', '"sealed": false'))
    (run / "manifest.json").unlink()


def bomb(name: str, folder: Path) -> Case:
    """Write a file that stands for far more than it is."""
    make, words = BOMBS[name]
    place = folder / "case" / name
    shutil.rmtree(folder / "case", ignore_errors=True)
    place.parent.mkdir(parents=True)
    place.write_bytes(make())
    return Case(f"{name} bomb", words(str(place.relative_to(folder))), place)
