"""Files in the idx format, in which MNIST is kept: an array of bytes behind a short header.

Two zero bytes, 8 for unsigned bytes, the number of axes; the size of each axis in four bytes, the
most significant first; then the values, the last axis running fastest. Source: LeCun, Cortes and
Burges, "The MNIST database of handwritten digits".
"""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.errors import DataError
from rnnexp.files import content_of, read_packed

#: Of an array of unsigned bytes, before the number of its axes.
UNSIGNED_BYTES = b"\0\0\x08"
GZIP = b"\x1f\x8b"


def read_idx(path: Path, axes: int) -> npt.NDArray[np.uint8]:
    """The array of bytes in a file, as it is or packed with gzip, whatever its name.

    Raises DataError for a file that is damaged, cut off, or holds something else than an array of
    bytes with so many axes.
    """
    content = content_of(path)
    if content.startswith(GZIP):
        content = _unpacked(path, content)
    begin = UNSIGNED_BYTES + bytes([axes])
    if content[:4] != begin:
        there = content[:4].hex(" ") or "nothing"
        raise DataError(
            f"{path} is no idx file with {axes} axes of bytes: it must begin with "
            f"{begin.hex(' ')}, and begins with {there}"
        )
    header = 4 + 4 * axes
    if len(content) < header:
        raise DataError(f"{path} is cut off in its header")
    shape: tuple[Any, ...] = struct.unpack(f">{axes}I", content[4:header])
    there_are, expected = len(content) - header, math.prod(shape)
    if there_are != expected:
        what = "is cut off" if there_are < expected else "is damaged"
        sizes = " x ".join(map(str, shape))
        raise DataError(
            f"{path} {what}: its header says {sizes} = {expected} bytes, and {there_are} follow"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _unpacked(path: Path, content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            return read_packed(stream, str(path), len(content))
    except DataError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or cut off ({error}): delete it") from None
