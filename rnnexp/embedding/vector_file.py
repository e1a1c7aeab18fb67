"""Reads word vectors from the text formats of GloVe, word2vec and fastText."""

import gzip
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from rnnexp import bounds
from rnnexp.errors import DataError, first_line
from rnnexp.files import Stream, check_is_file, left_by_system
from rnnexp.words import SPECIALS, normalised

#: Between a word and its numbers. No other white space: words of the larger files hold some.
_SEPARATOR = re.compile(r"[ \t]+")
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
    exact: dict[str, list[float]] = {}
    respelt: dict[str, list[float]] = {}
    repeated = specials = phrases = 0
    with _open_text(path, dim) as (name, lines):
        expected = dim
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            word, *numbers = _SEPARATOR.split(line)
            if number == 1 and len(numbers) == 1 and word.isdigit() and numbers[0].isdigit():
                expected = _size(name, int(numbers[0]), dim)
                continue
            if expected is None:
                expected = len(numbers)
                if not numbers:
                    raise DataError(f"{name}, line {number}: '{word}' is followed by no numbers")
            if len(numbers) != expected:
                # "at a. m. 0.1 ...": a few words of the larger GloVe files hold spaces
                if number > 1 and len(numbers) > expected and _is_number(numbers[-expected]):
                    phrases += 1
                    continue
                if number == 1 and len(numbers) > 1:
                    _size(name, len(numbers), dim)
                raise DataError(
                    f"{name}, line {number}: {len(numbers)} numbers, expected {expected}"
                )
            if word in SPECIALS:
                specials += 1
                continue
            known = word if word in words else normalised(word)
            if known not in words:
                continue
            found = exact if known == word else respelt
            if known in found:
                repeated += 1
            else:
                found[known] = _parsed(name, number, word, numbers)
    repeated += len(exact.keys() & respelt.keys())
    if not exact and not respelt:
        raise DataError(f"{path} has none of the {len(words)} words of the vocabulary")
    vectors = {**respelt, **exact}
    return WordVectors(vectors, repeated, len(vectors) - len(exact), phrases, specials)


def _size(name: str, size: int, dim: int | None) -> int:
    """The size that line 1 tells, where it is the one that is asked for."""
    if dim is not None and size != dim:
        raise DataError(
            f"{name}, line 1: vectors of {size} numbers where embedding.dim={dim} expects {dim}"
        )
    return size


def _parsed(name: str, line: int, word: str, numbers: Sequence[str]) -> list[float]:
    try:
        values = [float(text) for text in numbers]
    except ValueError:
        raise DataError(
            f"{name}, line {line}: '{word}' is followed by something that is no number"
        ) from None
    for value, text in zip(values, numbers, strict=True):
        if not abs(value) <= _FLOAT32_MAX:  # so that NaN is caught too
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


@contextmanager
def _open_text(path: Path, dim: int | None) -> Iterator[tuple[str, Iterator[str]]]:
    """Name and lines of the text file, unpacked; of a .zip the text file in it that fits `dim`."""
    size = check_is_file(path).st_size
    try:
        with path.open("rb") as file:
            begin = file.read(4)
        suffix = path.suffix.lower()
        if suffix == ".zip" or begin == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                member = _pick_member(path, archive.namelist(), dim)
                with archive.open(member) as file:
                    yield f"{path}:{member}", _decoded(file, path, size)
        elif suffix == ".gz" or begin[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                yield str(path), _decoded(file, path, size)
        else:
            with path.open("rb") as file:
                yield str(path), _decoded(file, path, size)
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


def _decoded(file: Stream, path: Path, size: int) -> Iterator[str]:
    """The lines of what lies in `path`, which has `size` bytes, maybe packed.

    Only one line is in memory at a time. What is unpacked to far more than numbers can be is
    refused, since it would be read for hours.
    """
    # Split at "\n" alone: the larger GloVe files have words that hold other line separators.
    number = unpacked = blank = 0
    while line := file.readline(bounds.MOST_LINE + 1):
        number, unpacked = number + 1, unpacked + len(line)
        if len(line) > bounds.MOST_LINE:
            raise DataError(
                f"{path}, line {number} has more than {bounds.MOST_LINE} characters: it is no word "
                "with a vector"
            )
        if unpacked > max(bounds.SMALL, bounds.MOST_RATIO * size):
            raise DataError(
                f"{path} of {bounds.in_words(size)} unpacks to more than "
                f"{bounds.in_words(unpacked)}: it holds no word vectors"
            )
        text = line.decode("utf-8").rstrip(" \t\r\n")
        blank += not text
        if blank > bounds.MOST_BLANK:
            raise DataError(f"{path} has more than {bounds.MOST_BLANK} lines with nothing in them")
        yield text.removeprefix("\ufeff") if number == 1 else text


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
