"""Arrays that are read when they are asked for."""

import io
from pathlib import Path

import numpy as np
import pytest

from rnnexp.errors import DataError
from rnnexp.results.arrays import StoredArrays


def packed(**arrays: object) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def test_an_array_is_read_once_and_names_need_no_reading() -> None:
    arrays = StoredArrays(packed(a=[1.0, 2.0], b=[3]), Path("x.npz"))
    assert list(arrays) == ["a", "b"]
    assert "a" in arrays
    assert "a.npy" not in arrays
    assert len(arrays) == 2
    assert arrays["a"] is arrays["a"]
    assert dict(arrays)["b"].tolist() == [3]
    with pytest.raises(KeyError):
        arrays["c"]


def test_what_is_damaged_is_a_data_error_when_it_is_read() -> None:
    content = bytearray(packed(a=np.arange(100), b=np.arange(100)))
    content[200] ^= 1  # within a
    arrays = StoredArrays(bytes(content), Path("x.npz"))
    assert arrays["b"][3] == 3
    with pytest.raises(DataError, match=r"x.npz cannot be read"):
        arrays["a"]
    with pytest.raises(DataError, match=r"y.npz cannot be read"):
        StoredArrays(b"no archive", Path("y.npz"))
