"""Writing files so that a kill, a crash or a full disk leaves the old content or the new.

A file is written beside its place, put on the disk (fsync), renamed to its place, and its folder is
put on the disk, so that the name is there too. What goes wrong is a StorageError with the path.
"""

import errno
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from rnnexp.errors import StorageError, UserError

#: How the names of files and folders begin that are being written, and never read.
PARTIAL = ".partial-"
#: What stands in the names of those that are being removed.
GONE = "-gone-"
#: Seconds after which a folder that is half made is that of a process that was killed.
ABANDONED = 24 * 3600


def write_text(path: Path, text: str) -> None:
    """Replace the file at once: a reader sees the old content or the new.

    A byte of a path that is no UTF-8 is written out as `\\udcff`, which JSON reads as what it was.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """As strict JSON: what is not finite becomes null."""
    write_text(path, json_text(value))


def json_text(value: Mapping[str, Any]) -> str:
    """Strict JSON, indented: what is not finite becomes null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_bytes(path: Path, content: bytes, lasting: bool = True) -> None:
    """Replace the file at once: a reader sees the old content or the new.

    lasting: put it on the disk; not of what is of no use any more once the machine has stopped.
    """
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}"[:200])
    with told(path):
        try:
            with partial.open("wb") as file:
                file.write(content)
                if lasting:
                    sync(file.fileno())
            os.replace(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        if lasting:
            sync_folder(path.parent)


def append_text(path: Path, text: str) -> None:
    """Add to the end of a file; `sync_file` puts on the disk what was added."""
    with told(path), path.open("a", newline="", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A text file to fill, which is at `path` as a whole after the block, or not at all.

    Raises FileExistsError where there is one.
    """
    if os.path.lexists(path):
        raise FileExistsError(path)
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}"[:200])
    with told(path):
        try:
            with partial.open("x", newline="", encoding="utf-8") as file:
                yield file
                file.flush()
                sync(file.fileno())
            if os.path.lexists(path):  # it has come there meanwhile
                raise FileExistsError(path)
            os.rename(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path, replace: bool = False) -> Iterator[Path]:
    """A folder to fill, which is at `path` with all its files after the block, or not at all.

    replace: take the place of one that is there. Otherwise raises FileExistsError where there is
    one, or another has come there meanwhile.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path.parent)
        partial = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{os.getpid()}-", dir=path.parent))
    try:
        yield partial
        with told(path):
            partial.chmod(0o755)
            for file in partial.rglob("*"):
                if file.is_file():
                    sync_file(file)
            sync_folder(partial)
            if replace:
                remove_folder(path)
            if path.exists():  # a rename would replace an empty folder
                raise FileExistsError(path)
            try:
                os.rename(partial, path)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # it has come there just now
                    raise FileExistsError(path) from None
                raise
            sync_folder(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder: a reader sees all of it or nothing, whoever dies meanwhile."""
    if not path.is_dir():
        return
    aside = path.with_name(f"{PARTIAL}{os.getpid()}{GONE}{path.name}")
    with suppress(OSError):
        os.rename(path, aside)
    shutil.rmtree(aside, ignore_errors=True)


def remove_gone(folder: Path) -> None:
    """Remove what `remove_folder` was at when its process was killed; safe at any time."""
    for path in folder.glob(f"{PARTIAL}*{GONE}*"):
        shutil.rmtree(path, ignore_errors=True)


def remove_partial(folder: Path) -> None:
    """Remove what a process that was killed has left half written in a folder of its own."""
    for path in folder.glob(f"{PARTIAL}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _remove_abandoned(folder: Path) -> None:
    """Remove the folders that processes began to fill here and were killed over, a day ago."""
    for path in folder.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            if path.is_dir() and path.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def sync_file(path: Path) -> None:
    """Put on the disk what has been written to a file."""
    with told(path), path.open("rb") as file:
        sync(file.fileno())


def sync_folder(path: Path) -> None:
    """Put on the disk which files a folder has. Windows does so by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """fsync."""
    os.fsync(descriptor)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """An OSError inside the block becomes a StorageError that names `path`, shown as it is."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error


def make_directory(path: Path) -> None:
    """Make sure that a folder is there and can be written. Raises UserError where it cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(
            f"{path.absolute()} cannot be written ({error.strerror}): "
            "start rnnexp from a folder where outputs/ can be made"
        ) from None


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
