"""Word vectors from a GloVe file."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import torch

from rnnexp.embedding.base import Encoder
from rnnexp.embedding.learned import Learned
from rnnexp.errors import DataError
from rnnexp.files import file_digest
from rnnexp.ranges import at_least


class Glove(Learned):
    """Word vectors from a file, for those words of the vocabulary that the file has.

    Source: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", 2014.

    path: a GloVe text file (a word and E numbers on each line), or a .zip of such files.
    dim: the vectors' size; None takes it from the file. Of a .zip it also picks the file.
    freeze: keep the vectors as they are; else they are tuned with the rest.
    unmatched: the vectors of words that are not in the file: `zeros`, or `random` from N(0, 1).

    Raises DataError, with file and line, for a malformed line or vectors of another size.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        path: str | None = None,
        dim: int | None = None,
        freeze: bool = False,
        unmatched: Literal["zeros", "random"] = "zeros",
    ) -> None:
        if path is None:
            raise ValueError(
                "path is not set: name the file, as in embedding.path=glove.6B.50d.txt"
            )
        if dim is not None:
            at_least("dim", dim, 1)
        content = file_digest(Path(path))
        vectors = read_glove(Path(path), set(vocabulary), dim)
        super().__init__(vocabulary, dim=len(next(iter(vectors.values()))))
        rows = [row for row, word in enumerate(vocabulary) if word in vectors]
        weight = self.vectors.weight
        with torch.no_grad():
            if unmatched == "zeros":
                weight.zero_()
            weight[rows] = torch.tensor([vectors[vocabulary[row]] for row in rows])
        weight.requires_grad_(not freeze)
        words = sum(not word.startswith("<") for word in vocabulary)
        self.report = {"matched": len(rows), "words": words}
        self.content = content

    @classmethod
    def blank(cls, vocabulary: Sequence[str], size: int, **arguments: Any) -> Encoder:
        """The vectors come from the checkpoint, so the GloVe file need not exist any more."""
        encoder = Learned(vocabulary, size)
        encoder.vectors.weight.requires_grad_(not arguments["freeze"])
        return encoder


def read_glove(path: Path, words: set[str], dim: int | None) -> dict[str, list[float]]:
    """The vectors of `words`. Numbers are parsed only on the lines of these words."""
    vectors: dict[str, list[float]] = {}
    with _open_text(path, dim) as (name, lines):
        expected = dim
        for number, line in enumerate(lines, 1):
            fields = line.rstrip().split(" ")
            if expected is None:
                expected = len(fields) - 1
            if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                expected = dim
                continue  # word2vec's text format begins with a line of two counts
            if len(fields) != expected + 1:
                # "at a. m. 0.1 ...": a few words of the larger GloVe files hold spaces
                if number > 1 and len(fields) > expected + 1 and _is_number(fields[-expected]):
                    continue
                if number == 1 and len(fields) > 2:
                    raise DataError(
                        f"{name}, line 1: vectors of {len(fields) - 1} numbers where "
                        f"embedding.dim={dim} expects {dim}"
                    )
                raise DataError(
                    f"{name}, line {number}: {len(fields) - 1} numbers, expected {expected}"
                )
            if fields[0] in words:
                try:
                    vectors[fields[0]] = [float(field) for field in fields[1:]]
                except ValueError:
                    raise DataError(
                        f"{name}, line {number}: '{fields[0]}' is followed by something that "
                        "is no number"
                    ) from None
    if not vectors:
        raise DataError(f"{path} has none of the {len(words)} words of the vocabulary")
    return vectors


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@contextmanager
def _open_text(path: Path, dim: int | None) -> Iterator[tuple[str, Iterable[str]]]:
    """Name and lines of the text file, or of the text file in the .zip that fits `dim`."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                member = _pick_member(path, archive.namelist(), dim)
                with archive.open(member) as file:
                    yield f"{path}:{member}", _decoded(file)
        else:
            with path.open("rb") as file:
                yield str(path), _decoded(file)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason})") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None


def _decoded(file: IO[bytes]) -> Iterator[str]:
    # Split at "\n" alone: the larger GloVe files have words that hold other line separators.
    return (line.decode("utf-8") for line in file)


def _pick_member(path: Path, names: Sequence[str], dim: int | None) -> str:
    texts = [name for name in names if name.endswith(".txt")]
    fitting = [name for name in texts if dim is not None and f".{dim}d." in name] or texts
    if len(fitting) != 1:
        raise DataError(
            f"{path} holds {', '.join(names)}: set embedding.dim to the size of one of them"
        )
    return fitting[0]
