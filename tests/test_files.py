"""Files, and what is none."""

import gzip
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnexp import bounds
from rnnexp.errors import LONGEST, DataError, short
from rnnexp.files import (
    Bounded,
    check_is_file,
    content_of,
    file_digest,
    read_json,
    read_packed,
    user_path,
)
from tests.conftest import TINY, Outcome


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # from the folder it is in: its place may not be long


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


SPECIAL = {
    "is a named pipe": _pipe,
    "is a device": _device,
    "is a socket": _socket,
    "is a folder": _folder,
    "cannot be read": _loop,
    "there is no such file": lambda path: None,
}


@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("read", [check_is_file, content_of, file_digest, read_json])
def test_what_is_no_file_is_refused_at_once(
    workdir: Path, what: str, read: Callable[[Path], object]
) -> None:
    SPECIAL[what](Path("f"))
    with pytest.raises(DataError, match=f"^f:? {what}"):
        read(Path("f"))


@pytest.mark.parametrize("what", ["is a named pipe", "is a device"])
@pytest.mark.parametrize(
    "words",
    [
        ("data=csv", "data.path=f"),
        ("data=imdb", "data.path=f"),
        ("data=imdb", "data.path=aclImdb"),
        ("data.limit=60", "embedding=glove", "embedding.path=f"),
        ("--config-dir", "conf", "data.limit=60"),
    ],
)
def test_from_every_setting_that_names_a_file(
    rnnexp: Callable[..., Outcome], workdir: Path, what: str, words: tuple[str, ...]
) -> None:
    places = ("f", "aclImdb/train/neg/1_1.txt", "conf/experiment/mine.yaml")
    for place in map(Path, places):
        place.parent.mkdir(parents=True, exist_ok=True)
        SPECIAL[what](place)
    outcome = rnnexp(*words, "trainer.epochs=1", "plots=false")
    assert outcome.status == 2
    assert what in outcome.error
    assert any(place in outcome.error for place in places)
    assert not Path("outputs").exists()


def test_the_files_of_a_run_too(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    assert rnnexp(*TINY, "probes=none").status == 0
    run = run_directory()
    os.mkfifo("asked")
    assert "asked is a named pipe" in rnnexp("predict", str(run), "--file", "asked").error
    for name in ("config.yaml", "manifest.json"):
        (run / name).rename("aside")
        _pipe(run / name)
        assert f"{name} is a named pipe" in rnnexp("predict", str(run), "a film").error
        (run / name).unlink()
        Path("aside").rename(run / name)
    assert rnnexp("predict", str(run), "a film").status == 0


def test_a_file_without_content_is_not_read() -> None:
    """The system says of those in /proc that they are empty, and some wait when they are read."""
    Path("f").touch()
    assert content_of(Path("f")) == b""
    with pytest.raises(DataError, match=r"^f is empty"):
        file_digest(Path("f"))


def test_a_file_that_cannot_fit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("f").open("wb") as file:
        file.truncate(2**43)  # has no content on the disk
    with pytest.raises(DataError, match=r"^f has 8.8 TB, and with"):
        content_of(Path("f"))
    monkeypatch.setattr(bounds, "memory", lambda: 2**44)
    with pytest.raises(DataError, match=r"18 TB of memory a file of 4.4 TB can be read"):
        content_of(Path("f"), copies=4)


def test_no_more_is_unpacked_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(2**22))
    monkeypatch.setattr(bounds, "memory", lambda: 2**24)
    assert len(read_packed(gzip.GzipFile(fileobj=io.BytesIO(packed)), "f", len(packed))) == 2**22
    monkeypatch.setattr(bounds, "memory", lambda: 2**24 - 4)
    with pytest.raises(DataError, match=r"^f holds more than 4.2 MB once it is unpacked"):
        read_packed(gzip.GzipFile(fileobj=io.BytesIO(packed)), "f", len(packed))


def test_no_more_is_unpacked_than_texts_are_packed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(2**22))
    monkeypatch.setattr(bounds, "LARGE", 2**20)
    with pytest.raises(DataError, match=r"^f of 4.1 kB holds more than 2.1 MB .* unpack it"):
        read_packed(gzip.GzipFile(fileobj=io.BytesIO(packed)), "f", len(packed))


def test_a_stream_of_an_archive_ends_where_it_cannot_be_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "memory", lambda: 4 * 100)
    stream = Bounded(io.BytesIO(bytes(200)), "f", 200)
    assert len(stream.read(100)) == 100
    assert stream.seek(50) == stream.tell() == 50
    for beyond in (lambda: stream.read(51), lambda: stream.read(), lambda: stream.seek(101)):
        with pytest.raises(DataError, match=r"^f holds more than 100 bytes"):
            beyond()
        stream.seek(50)


def test_a_name_that_no_file_can_have_is_named() -> None:
    with pytest.raises(DataError, match="cannot be read: File name too long"):
        user_path("x" * 5000)
    with pytest.raises(DataError, match="cannot be read"):
        check_is_file(Path("a\0b"))


def test_a_message_is_short_whatever_it_quotes() -> None:
    error = DataError(f"f.csv has no column 'text', only {'x' * 2_600_000}; set data.text_column")
    assert len(str(error)) <= LONGEST
    assert str(error).startswith("f.csv has no column 'text', only xxx")
    assert str(error).endswith("set data.text_column")
    assert short("few words") == "few words"
    many = short("a column " * 1_000_000 + "at the end")
    assert len(many) <= LONGEST + len(" ... ")
    assert many.endswith("at the end")
