"""Files: their content and its digest, and JSON objects, with errors that name the file."""

import hashlib
import io
import json
import os
import stat
import time
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from rnnexp import bounds
from rnnexp.errors import DataError


class Stream(Protocol):
    """Bytes that are read in order, as from a file, plain or packed."""

    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...
    def seek(self, place: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


def user_path(path: str) -> Path:
    """A path as the user typed it, with `~` and `~name` as the home folders that they stand for.

    A shell leaves them alone in `data.path=~/texts.csv`. A file here whose name begins with ~ is
    itself.
    """
    typed = Path(path)
    try:
        return typed if typed.exists() else typed.expanduser()
    except RuntimeError:
        raise DataError(f"{path}: there is no home folder '{typed.parts[0]}'") from None
    except OSError as error:  # a name that is too long, or a folder that may not be looked into
        raise DataError(f"{path} cannot be read: {_reason(error)}") from None


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
    status = check_is_file(path)
    if not status.st_size:
        raise DataError(f"{path} is empty")
    check_size(path, status.st_size)
    stamp = FileStamp.of(status)
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
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}") from None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or a DataError that names the file."""
    return json_object(content_of(path), path)


def json_object(content: bytes, path: Path) -> dict[str, Any]:
    """The JSON object that a file holds, or a DataError that names the file."""
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path} holds no JSON object")
    return value


def refuse_folder(key: str, path: Path) -> None:
    """Raise DataError, which names the setting, where it names a folder."""
    if path.is_dir():
        raise DataError(f"{key}={path} is a folder where a file is expected")


def check_is_file(path: Path) -> os.stat_result:
    """What the system knows of a file. Raises DataError for what is none, and says what it is.

    A named pipe or a device may have no end, or wait for ever for somebody to write to it; of
    files such as those of /proc the system does not know the size.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file (looked from {Path.cwd()})") from None
    except (OSError, ValueError) as error:  # ValueError: a character that no name can have
        raise DataError(f"{path} cannot be read: {_reason(error)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path} is a folder where a file is expected")
    if not stat.S_ISREG(status.st_mode):
        kinds = {
            "a named pipe": stat.S_ISFIFO, "a device": stat.S_ISCHR, "a disk": stat.S_ISBLK,
            "a socket": stat.S_ISSOCK,
        }  # fmt: skip
        kind = next((kind for kind, is_it in kinds.items() if is_it(status.st_mode)), "something")
        raise DataError(f"{path} is {kind} and no file on a disk: save what is meant in a file")
    return status


def content_of(path: Path, copies: int = 1) -> bytes:
    """All that a file holds. Raises DataError for what is no file, and for one that does not fit.

    copies: how often it lies in memory while something is made of it.

    One that the system says is empty, as all in /proc are, is not read.
    """
    size = check_is_file(path).st_size
    check_size(path, size, copies)
    try:
        return path.read_bytes() if size else b""
    except OSError as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}") from None


def check_size(path: Path, size: int, copies: int = 1) -> None:
    """Raise DataError for a file of more bytes than can be held, so often, while it is read."""
    if size > (most := bounds.memory() // copies):
        raise DataError(
            f"{path} has {bounds.in_words(size)}, and with {bounds.in_words(bounds.memory())} of "
            f"memory a file of {bounds.in_words(most)} can be read"
        )


def read_packed(stream: Stream, source: str, size: int) -> bytes:
    """All that a packed file of `size` bytes holds; not more of it is unpacked than can be held.

    Raises DataError for more, and for far more than texts are packed to: a few kilobytes can stand
    for any number of them.
    """
    content = bytearray()
    while part := stream.read(1 << 20):
        content += part
        check_inside(source, size, len(content))
    return bytes(content)


def check_inside(source: str, size: int, count: int) -> None:
    """Raise DataError where `count` bytes out of a packed file of `size` bytes are too many."""
    if count > (most := bounds.memory() // bounds.COPIES):
        raise too_much_inside(source, most)
    if count > max(bounds.LARGE, bounds.MOST_RATIO * size):
        raise DataError(
            f"{source} of {bounds.in_words(size)} holds more than {bounds.in_words(count)} once it "
            "is unpacked, as texts do not: where it should, unpack it and name what lay in it"
        )


class Bounded(io.RawIOBase):
    """What a packed file holds, as a stream that ends with a DataError behind what can be held.

    size: the bytes of the file itself.
    """

    def __init__(self, stream: Stream, source: str, size: int) -> None:
        self._stream, self._source, self._size = stream, source, size
        self._most = bounds.memory() // bounds.COPIES

    def _check(self, place: int) -> None:
        check_inside(self._source, self._size, place)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """As `read` of any stream; of what is asked for at once no more than can be held."""
        whole = size < 0 or size > self._most
        content = self._stream.read(self._most + 1 if whole else size)
        self._check(self._stream.tell())
        return content

    def seek(self, place: int, whence: int = io.SEEK_SET, /) -> int:
        """Only from the beginning, which is how archives are read."""
        self._check(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()


def too_much_inside(source: str, most: int) -> DataError:
    """The error of a packed file that holds more than `most` bytes."""
    return DataError(
        f"{source} holds more than {bounds.in_words(most)} once it is unpacked, which with "
        f"{bounds.in_words(bounds.memory())} of memory cannot be read"
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
