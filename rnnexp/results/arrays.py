"""The arrays of an .npz file, each read when it is asked for. Never imports torch."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.errors import DataError, first_line
from rnnexp.files import check_size


class StoredArrays(Mapping[str, npt.NDArray[Any]]):
    """By their names, read once: of the dozens that a probe writes, a table may want two.

    content: of the file, in memory. path: what a DataError names where it cannot be read, or would
    not fit once it is unpacked.
    """

    def __init__(self, content: bytes, path: Path) -> None:
        self._path = path
        self._read: dict[str, npt.NDArray[Any]] = {}
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as members:
                held = sum(member.file_size for member in members.infolist())
            check_size(path, held)
            self._file = np.load(io.BytesIO(content))
        except DataError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            raise self._unread(error) from None

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self._read:
            if name not in self._file.files:
                raise KeyError(name)
            try:
                self._read[name] = self._file[name]
            except Exception as error:
                raise self._unread(error) from None
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._file.files

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.files)

    def __len__(self) -> int:
        return len(self._file.files)

    def _unread(self, error: Exception) -> DataError:
        return DataError(f"{self._path} cannot be read ({first_line(error)})")
