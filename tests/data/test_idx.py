"""Files in the idx format: read as they were written, and each fault told in one line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from rnnexp.data.idx import read_idx
from rnnexp.errors import DataError
from tests.conftest import idx_bytes

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10
WHOLE = idx_bytes(VALUES)


@pytest.mark.parametrize("name", ["a", "a.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_it_is_read_as_it_is_whatever_its_name(name: str, packed: bool) -> None:
    Path(name).write_bytes(gzip.compress(WHOLE, mtime=0) if packed else WHOLE)
    assert np.array_equal(read_idx(Path(name), axes=3), VALUES)


def test_big_sizes_are_read_with_the_most_significant_byte_first() -> None:
    Path("a").write_bytes(b"\0\0\x08\x01" + b"\0\0\x01\x02" + bytes(258))
    assert read_idx(Path("a"), axes=1).shape == (258,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"P5 28 28", "is no idx file with 3 axes of bytes: it must begin with 00 00 08 03"),
        (idx_bytes(VALUES[0]), "begins with 00 00 08 02"),
        (b"\0\0\x0d\x03" + WHOLE[4:], "begins with 00 00 0d 03"),  # floats
        (WHOLE[:10], "is cut off in its header"),
        (WHOLE[:-1], r"is cut off: its header says 2 x 3 x 4 = 24 bytes, and 23 follow"),
        (WHOLE + b"x", "is damaged: its header says .* and 25 follow"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "is damaged or cut off"),
        (gzip.compress(WHOLE, mtime=0)[:-8] + bytes(8), "is damaged or cut off"),
        (gzip.compress(WHOLE, mtime=0)[:3], "is damaged or cut off"),
    ],
)
def test_what_is_wrong_is_told(content: bytes, message: str) -> None:
    Path("file.gz").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(Path("file.gz"), axes=3)
    assert str(caught.value).startswith("file.gz ")
    assert "\n" not in str(caught.value)
