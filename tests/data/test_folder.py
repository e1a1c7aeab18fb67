"""The digest of a folder's files, and where it is remembered."""

import json
import logging
from pathlib import Path

import pytest

from rnnexp import files
from rnnexp.data import folder
from rnnexp.data.folder import folder_digest
from rnnexp.errors import DataError

HOME, MEMORY = Path("texts"), Path("cache")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read, each time that one is; what was remembered before is forgotten."""
    HOME.mkdir()
    for name in ("a", "b"):
        (HOME / name).write_text(name)
    read: list[Path] = []
    read_bytes = Path.read_bytes

    def counted(path: Path) -> bytes:
        if path.parent == HOME:
            read.append(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr(files, "SETTLED", -(10**18))  # as if they had been made long ago
    monkeypatch.setattr(folder, "_digests", {})
    return read


def digest() -> str:
    return folder_digest(HOME, sorted(HOME.iterdir()), MEMORY)


def next_process() -> None:
    folder._digests.clear()


def test_it_is_remembered_in_the_process_and_beside_the_corpora(reads: list[Path]) -> None:
    first = digest()
    assert len(reads) == 2
    assert digest() == first
    next_process()
    assert digest() == first
    assert len(reads) == 2
    (HOME / "a").rename(HOME / "c")
    assert digest() != first
    assert len(reads) == 4


def test_a_memory_that_is_damaged_is_made_again(reads: list[Path]) -> None:
    first = digest()
    (memory,) = MEMORY.iterdir()
    text = memory.read_text()
    for damaged in (text.replace(first, "0" * 64), text[:40], "[]", ""):
        memory.write_text(damaged)
        next_process()
        reads.clear()
        assert digest() == first
        assert len(reads) == 2
        assert json.loads(memory.read_text())["digest"] == first


def test_what_was_written_a_moment_ago_is_not_remembered(
    reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written to again in what counts as the same moment."""
    monkeypatch.setattr(files, "SETTLED", 2 * 10**9)
    assert digest() == digest()
    assert len(reads) == 4
    assert not MEMORY.exists()


def test_a_memory_that_cannot_be_written_costs_time_alone(
    reads: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "rnnexp")
    MEMORY.write_text("a file")
    assert digest() == digest()
    assert "is not kept, and made anew each time" in caplog.text


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(DataError, match="texts/gone: there is no such file"):
        folder_digest(HOME, [HOME / "gone"], MEMORY)
