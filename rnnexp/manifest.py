"""A manifest says what each file of a folder held when it was written: its size and its SHA-256.

It carries a digest of itself. Whoever reads a file of a folder that has one reads it through the
manifest, so that a bit that has flipped on the disk is told and never taken for a result.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from rnnexp.durable import json_text, write_text
from rnnexp.errors import DamagedError, DataError
from rnnexp.files import check_is_file, content_of

NAME = "manifest.json"


class Content(NamedTuple):
    """What a file held. sha256: in hexadecimal digits."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> "Content":
        return cls(len(content), hashlib.sha256(content).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> "Content":
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(file.tell(), digest)


@dataclass(frozen=True)
class Manifest:
    """The contents of a folder's files, by their paths from the folder, with `/` between parts."""

    folder: Path
    files: Mapping[str, Content]

    @classmethod
    def seal(cls, folder: Path, files: Iterable[str], known: Mapping[str, Content]) -> "Manifest":
        """Write a folder's manifest.

        files: those that are there. known: contents of files that are written after it.
        """
        contents = {name: Content.of_file(folder / name) for name in files} | dict(known)
        manifest = cls(folder, dict(sorted(contents.items())))
        write_text(folder / NAME, manifest.text)
        return manifest

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises DamagedError, which names it, where it is missing or not as it was written."""
        path = folder / NAME
        try:
            value = json.loads(content_of(path))
            files = {_inside(name): Content(*content) for name, content in value["files"].items()}
            manifest = cls(folder, files)
            if value["digest"] != manifest.digest:
                raise ValueError("its digest is another")
        except DataError as error:
            raise _unread(path, error) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedError(f"{path} is damaged ({type(error).__name__}: {error})") from None
        return manifest

    @property
    def digest(self) -> str:
        """Of the names and contents of its files."""
        return hashlib.sha256(json.dumps(self._files).encode()).hexdigest()

    @property
    def text(self) -> str:
        return json_text({"files": self._files, "digest": self.digest})

    @property
    def _files(self) -> dict[str, Any]:
        return {name: list(content) for name, content in self.files.items()}

    def content(self, name: str) -> bytes:
        """A file's content. Raises DamagedError where it is not what was written."""
        path = self.folder / name
        try:
            content = content_of(path)
        except DataError as error:
            raise _unread(path, error) from None
        self._compare(name, Content.of(content))
        return content

    def check(self, name: str) -> None:
        """Raises DamagedError where a file is not what was written; for those too large to hold."""
        path = self.folder / name
        try:
            check_is_file(path)
            content = Content.of_file(path)
        except DataError as error:
            raise _unread(path, error) from None
        except OSError as error:
            raise DamagedError(f"{path} cannot be read ({error.strerror or error})") from None
        self._compare(name, content)

    def faults(self) -> list[str]:
        """What is not as it was written, a line for each file."""
        faults = []
        for name in self.files:
            try:
                self.check(name)
            except DamagedError as error:
                faults.append(str(error))
        return faults

    def _compare(self, name: str, content: Content) -> None:
        written = self.files.get(name)
        if written is None:
            raise DamagedError(f"{self.folder / name} is not in {NAME}: it came there later")
        if content.size != written.size:
            raise DamagedError(
                f"{self.folder / name} is damaged: it has {content.size} bytes, and had "
                f"{written.size} when it was written"
            )
        if content != written:
            raise DamagedError(
                f"{self.folder / name} is damaged: its content is not what was written"
            )


def _unread(path: Path, error: DataError) -> DamagedError:
    return DamagedError(str(error) if os.path.lexists(path) else f"{path} is missing")


def _inside(name: str) -> str:
    """A name that leads to a file of the folder, and to none outside it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("it names a file outside its folder")
    return name
