"""A file's digest is read once as long as the file is the same, and never once too seldom."""

import os
import time
from pathlib import Path

import pytest

from rnnexp import files
from rnnexp.files import FileStamp, file_digest

PATH = Path("vectors.txt")


def edit(text: str) -> None:
    """Of the same size, and with the time of before."""
    status = PATH.stat()
    time.sleep(0.02)  # a kernel's clock may tick 100 times a second
    PATH.write_text(text)
    os.utime(PATH, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("settled", [files.SETTLED, -(10**18)])
def test_an_edit_of_the_same_size_and_time_is_seen(
    settled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SETTLED", settled)
    PATH.write_text("a 1 2")
    before = file_digest(PATH)
    edit("a 1 3")
    assert file_digest(PATH) != before
    edit("a 1 2")
    assert file_digest(PATH) == before


def test_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SETTLED", -(10**18))  # as if it had been there for long
    PATH.write_text("a 1 2")
    digest = file_digest(PATH)
    monkeypatch.setattr(files, "_digest", lambda path: "read again")
    assert file_digest(PATH) == digest


def test_what_was_written_a_moment_ago_may_be_written_again_at_the_same_time() -> None:
    PATH.write_text("a")
    assert not FileStamp.of(PATH.stat()).settled
    assert FileStamp(1, 0, time.time_ns() - files.SETTLED - 1, 1).settled
