"""Files: the digest of a content, and JSON objects, with errors that name the file."""

import hashlib
import json
import os
import time
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from rnnexp.errors import DataError


def user_path(path: str) -> Path:
    """A path as the user typed it, with `~` and `~name` as the home folders that they stand for.

    A shell leaves them alone in `data.path=~/texts.csv`. A file here whose name begins with ~ is
    itself.
    """
    typed = Path(path)
    if typed.exists():
        return typed
    try:
        return typed.expanduser()
    except RuntimeError:
        raise DataError(f"{path}: there is no home folder '{typed.parts[0]}'") from None


def left_by_system(member: str) -> bool:
    """Whether a file of an archive is one that macOS or Windows puts beside those of a folder.

    >>> [left_by_system(name) for name in ("a.csv", "__MACOSX/._a.csv", "x/.DS_Store", "Thumbs.db")]
    [False, True, True, True]
    """
    path = PurePosixPath(member)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return hidden or path.name.lower() in ("thumbs.db", "desktop.ini")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, or a DataError that says why it cannot be read.

    Read once as long as the file is the same, by its place and `FileStamp`: a study asks for each
    job.
    """
    try:
        stamp = FileStamp.of(path.stat())
    except OSError:
        return _digest(path)
    known = (path.resolve(), stamp)
    if known in _digests:
        return _digests[known]
    digest = _digest(path)
    if stamp.settled:
        _digests[known] = digest
    return digest


class FileStamp(NamedTuple):
    """What is another one once a file has been written to, in nanoseconds and bytes.

    Not by `modified` alone, which a program can set (`touch -r`, an archive that is unpacked):
    `changed` is the system's own. On Windows it is when the file was made, and there an edit of the
    same size and time is not seen.
    """

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileStamp":
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @property
    def settled(self) -> bool:
        """Whether another edit would have another time: clocks of file systems are coarse."""
        return time.time_ns() - self.changed > SETTLED


#: The coarsest clock of a file system that is in use, in nanoseconds: two seconds, of FAT.
SETTLED = 2 * 10**9

_digests: dict[tuple[Path, FileStamp], str] = {}


def _digest(path: Path) -> str:
    if path.is_dir():
        raise DataError(f"{path} is a folder where a file is expected")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            if file.tell() == 0:
                raise DataError(f"{path} is empty")
            return digest.hexdigest()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file (looked from {Path.cwd()})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or a DataError that names the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    return json_object(content, path)


def json_object(content: bytes, path: Path) -> dict[str, Any]:
    """The JSON object that a file holds, or a DataError that names the file."""
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path} holds no JSON object")
    return value
