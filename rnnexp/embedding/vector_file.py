"""Reads word vectors from the text formats of GloVe, word2vec and fastText."""

import gzip
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from rnnexp.bars import slow_bar
from rnnexp.embedding.vector_blocks import read_blocks
from rnnexp.errors import DataError, first_line
from rnnexp.files import Stream, check_is_file, left_by_system
from rnnexp.words import SPECIALS, normalised

_SUFFIXES = (".txt", ".vec")
_FLOAT32_MAX = torch.finfo(torch.float32).max


@dataclass(frozen=True)
class WordVectors:
    """vectors: by word, as the vocabulary spells it.

    repeated: how many lines of the file were passed over, since an earlier one, or one that spells
        the word as the vocabulary does, had a vector for it.
    respelt: how many words are spelt otherwise in the file, see `words.normalised`.
    phrases: how many lines have more than one word before the numbers, and were passed over.
    specials: how many lines hold a word that reads like a special, and were passed over.
    """

    vectors: Mapping[str, list[float]]
    repeated: int
    respelt: int
    phrases: int
    specials: int


def read_vectors(path: Path, words: set[str], dim: int | None) -> WordVectors:
    """The vectors of `words`. Numbers are parsed on the lines of these words only.

    path: a text file with a word and its numbers on each line, spaces or tabs between them, as it
        is, as .gz, or in a .zip; a first line with two counts, as word2vec and fastText write it,
        is understood. dim: how many numbers there are; None takes it from the file.

    Raises DataError, which names file and line, for what is no such file.
    """
    wanted = {word.encode() for word in (*words, *SPECIALS)}
    with _open(path, dim) as opened:
        reader = _Reader(opened.name, words, dim)
        with slow_bar("word vectors", "B", total=opened.size) as bar:
            for block in read_blocks(opened.file, path, opened.packed_size):
                for number, line in block.notable(reader.size, wanted):
                    reader.take(number, line)
                bar.update(len(block.content))
    exact, respelt = reader.exact, reader.respelt
    if not exact and not respelt:
        raise DataError(f"{path} has none of the {len(words)} words of the vocabulary")
    vectors = {**respelt, **exact}
    return WordVectors(
        vectors,
        repeated=reader.repeated + len(exact.keys() & respelt.keys()),
        respelt=len(vectors) - len(exact),
        phrases=reader.phrases,
        specials=reader.specials,
    )


@dataclass
class _Reader:
    """What has been read so far of the file `name`.

    size: how many numbers a vector has, None before the first one. exact: vectors of words that are
    spelt as in the vocabulary, respelt: of others. The counts are those of `WordVectors`.
    """

    name: str
    words: Set[str]
    dim: int | None
    size: int | None = field(init=False)
    exact: dict[str, list[float]] = field(default_factory=dict)
    respelt: dict[str, list[float]] = field(default_factory=dict)
    repeated: int = 0
    phrases: int = 0
    specials: int = 0

    def __post_init__(self) -> None:
        self.size = self.dim

    def take(self, number: int, line: str) -> None:
        """Read a line of a block, the lines between being vectors of words that are of no use."""
        if not line:
            return
        word, *numbers = line.split(" ")
        if number == 1 and len(numbers) == 1 and word.isdigit() and numbers[0].isdigit():
            self.size = _size(self.name, int(numbers[0]), self.dim)
            return
        if self.size is None:
            self.size = len(numbers)
            if not numbers:
                raise DataError(f"{self.name}, line {number}: '{word}' is followed by no numbers")
        if len(numbers) != self.size:
            # "at a. m. 0.1 ...": a few words of the larger GloVe files hold spaces
            if number > 1 and len(numbers) > self.size and _is_number(numbers[-self.size]):
                self.phrases += 1
                return
            if number == 1 and len(numbers) > 1:
                _size(self.name, len(numbers), self.dim)
            raise DataError(
                f"{self.name}, line {number}: {len(numbers)} numbers, expected {self.size}"
            )
        if word in SPECIALS:
            self.specials += 1
            return
        known = word if word in self.words else normalised(word)
        if known not in self.words:
            return
        found = self.exact if known == word else self.respelt
        if known in found:
            self.repeated += 1
        else:
            found[known] = _parsed(self.name, number, word, numbers)


def _size(name: str, size: int, dim: int | None) -> int:
    """The size that line 1 tells, where it is the one that is asked for."""
    if dim is not None and size != dim:
        raise DataError(
            f"{name}, line 1: vectors of {size} numbers where embedding.dim={dim} expects {dim}"
        )
    return size


def _parsed(name: str, line: int, word: str, numbers: Sequence[str]) -> list[float]:
    try:
        values = list(map(float, numbers))
    except ValueError:
        raise DataError(
            f"{name}, line {line}: '{word}' is followed by something that is no number"
        ) from None
    if math.isfinite(sum(values)) and max(map(abs, values), default=0) <= _FLOAT32_MAX:
        return values
    for value, text in zip(values, numbers, strict=True):
        if not abs(value) <= _FLOAT32_MAX:  # so that NaN is found too
            raise DataError(
                f"{name}, line {line}: the vector of '{word}' holds {text}, which is no finite "
                "number: mend the line or take it out"
            )
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class _Opened:
    """A text file that may be packed, unpacked.

    name: for messages. size: its bytes, None where that is not known before it is read.
    packed_size: the bytes of the file that it lies in.
    """

    name: str
    file: Stream
    size: int | None
    packed_size: int


@contextmanager
def _open(path: Path, dim: int | None) -> Iterator[_Opened]:
    """The text file; of a .zip the one in it that fits `dim`."""
    size = check_is_file(path).st_size
    try:
        with path.open("rb") as file:
            begin = file.read(4)
        suffix = path.suffix.lower()
        if suffix == ".zip" or begin == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                member = _pick_member(path, archive.namelist(), dim)
                with archive.open(member) as file:
                    unpacked = archive.getinfo(member).file_size
                    yield _Opened(f"{path}:{member}", file, unpacked, size)
        elif suffix == ".gz" or begin[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                yield _Opened(str(path), file, None, size)
        else:
            with path.open("rb") as file:
                yield _Opened(str(path), file, size, size)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text ({error.reason}): save word vectors as text, as in gensim's "
            "save_word2vec_format(..., binary=False)"
        ) from None
    except DataError:
        raise
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OSError, ValueError,
        MemoryError,
    ) as error:  # fmt: skip
        raise DataError(f"{path} cannot be read ({first_line(error)})") from None


def _pick_member(path: Path, names: Sequence[str], dim: int | None) -> str:
    seen = [name for name in names if not name.endswith("/") and not left_by_system(name)]
    texts = [name for name in seen if name.lower().endswith(_SUFFIXES)] or seen
    sized = re.compile(rf"(?<!\d){dim}d(?![a-z\d])")  # glove.6B.50d.txt, wiki-news-300d-1M.vec
    fitting = [name for name in texts if dim is not None and sized.search(name)] or texts
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise DataError(f"{path} holds no file of word vectors (a .txt or a .vec)")
    raise DataError(
        f"{path} holds {', '.join(fitting)}: set embedding.dim to the size of one of them"
    )
