"""Files of every kind that is read, damaged in every way, each with the command on it."""

import os
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.file_kinds import KINDS, TRAINED, csv_text, table_words

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
    (folder / "texts.csv").write_bytes(csv_text())
    return [word for word in table_words("texts.csv") if word != "probes=none"] + [
        "probes=[grad_norm]"
    ]


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
