"""The lines of a file of word vectors, many at a time: most are of one shape, and are not read.

A line has a word and its numbers. Numpy counts the separators of all lines of a block; Python
looks at a line only where the count is another one, or where the word is of use.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnexp import bounds
from rnnexp.errors import DataError
from rnnexp.files import Stream

_SPACE, _RETURN, _LINE_END = b" \r\n"
_MARK = b"\xef\xbb\xbf"

#: Bytes that are read at a time, and the rest of the last line, which alone may be too long.
AT_ONCE = bounds.MOST_LINE // 2

_TABS_TO_SPACES = bytes.maketrans(b"\t", b" ")
_SPACES = re.compile(b" {2,}")


@dataclass(frozen=True)
class Block:
    """Lines of UTF-8 text, each with a line end, and with one space between a word and each number.

    number: of the first line in the file, counted from 1.
    """

    number: int
    content: bytes

    @classmethod
    def of(cls, number: int, content: bytes) -> "Block":
        """Lines as they are in a file, which may have tabs, more spaces, and others at their ends.

        No other white space separates: words of the larger files hold some.
        """
        if not content.endswith(b"\n"):
            content += b"\n"
        if b"\t" in content:
            content = content.translate(_TABS_TO_SPACES)
        block = cls(number, content)
        # runs first: one of many thousand spaces at a line's end is then taken away at once
        space = block._bytes == _SPACE
        if (space[1:] & space[:-1]).any():
            content = _SPACES.sub(b" ", content)
            block = cls(number, content)
        last = block._bytes[block._ends - 1]
        if ((last == _SPACE) | (last == _RETURN)).any():
            size = 0
            while size != len(content):
                size = len(content)
                content = content.replace(b"\r\n", b"\n").replace(b" \n", b"\n")
            block = cls(number, content)
        return block

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._ends)

    @property
    def blank(self) -> int:
        """How many of them have nothing in them."""
        return int((np.diff(self._ends, prepend=-1) == 1).sum())

    def notable(self, size: int | None, words: Collection[bytes]) -> Iterator[tuple[int, str]]:
        """Number and text of every line but those that have another word and `size` numbers.

        Not passed over are line 1, lines with a word that is not ASCII, which may be one of `words`
        in another spelling, and all lines where `size` is None.
        """
        spaces = np.flatnonzero(self._bytes == _SPACE)
        begins = np.concatenate([np.zeros(1, np.int64), self._ends[:-1] + 1])
        spaces_before = np.searchsorted(spaces, begins)
        counts = np.diff(spaces_before, append=len(spaces))
        notable = set(np.flatnonzero(counts != (-1 if size is None else size)).tolist())
        if self.number == 1:
            notable.add(0)
        # a line without a space is all word
        word_ends = np.minimum(np.append(spaces, len(self.content))[spaces_before], self._ends)
        places = zip(begins.tolist(), word_ends.tolist(), strict=True)
        line_words = [self.content[begin:end] for begin, end in places]
        notable.update(i for i, word in enumerate(line_words) if word in words)
        if not self.content.isascii():
            notable.update(i for i, word in enumerate(line_words) if not word.isascii())
        for i in sorted(notable):
            yield self.number + i, self.content[begins[i] : self._ends[i]].decode()

    @cached_property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.content, np.uint8)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        # At "\n" alone: the larger GloVe files have words that hold other line separators.
        return np.flatnonzero(self._bytes == _LINE_END)


def read_blocks(file: Stream, path: Path, size: int) -> Iterator[Block]:
    """All lines of what lies in `path`, which has `size` bytes, maybe packed.

    Only one block is in memory at a time. What is unpacked to far more than numbers can be is
    refused, since it would be read for hours.

    Raises DataError for that and for a line that is too long, UnicodeDecodeError for what is no
    UTF-8 text: once the lines before it have been given.
    """
    number, unpacked, blank = 1, 0, 0
    while content := file.read(AT_ONCE):
        if not content.endswith(b"\n"):
            content += file.readline(bounds.MOST_LINE + 1)
        whole = _whole_lines(content, size, unpacked)
        lines = content[:whole]
        if number == 1:
            lines = lines.removeprefix(_MARK)
        if lines:
            block = Block.of(number, lines)
            blank += block.blank
            if blank > bounds.MOST_BLANK:
                raise DataError(
                    f"{path} has more than {bounds.MOST_BLANK} lines with nothing in them"
                )
            yield block
            number += block.count
        unpacked += whole
        if whole < len(content):
            line = content[whole:].partition(b"\n")
            _refuse(b"".join(line[:2]), path, size, number, unpacked)
        del content, lines


def _most(size: int) -> int:
    """How many bytes a file of `size` may hold once it is unpacked."""
    return max(bounds.SMALL, bounds.MOST_RATIO * size)


def _whole_lines(content: bytes, size: int, unpacked: int) -> int:
    """How many bytes of `content` come before the first line that is refused."""
    whole = len(content)
    last = content.rfind(b"\n", 0, whole - 1) + 1
    if whole - last > bounds.MOST_LINE:
        whole = last
    if unpacked + whole > (most := _most(size)):
        whole = content.rfind(b"\n", 0, max(0, most - unpacked)) + 1
    if not content.isascii():
        try:
            content[:whole].decode()
        except UnicodeDecodeError as error:
            whole = content.rfind(b"\n", 0, error.start) + 1
    return whole


def _refuse(line: bytes, path: Path, size: int, number: int, unpacked: int) -> None:
    """Raise the error of a line that is refused. unpacked: the bytes before it."""
    if len(line) > bounds.MOST_LINE:
        raise DataError(
            f"{path}, line {number} has more than {bounds.MOST_LINE} characters: it is no word "
            "with a vector"
        )
    if (unpacked := unpacked + len(line)) > _most(size):
        raise DataError(
            f"{path} of {bounds.in_words(size)} unpacks to more than "
            f"{bounds.in_words(unpacked)}: it holds no word vectors"
        )
    line.decode()
