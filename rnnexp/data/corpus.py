"""A corpus as texts and as word indices, and the cache of the indices on disk.

The cache holds word indices over *all* words of the corpus, so it depends on the content and on
the cleaning alone: runs with another vocabulary size, length or split read the same files. The
largest of them is memory-mapped. Each folder has a manifest, through which its files are read.
"""

import hashlib
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.cleaning import Cleaning
from rnnexp.data.words_of_texts import words_of_texts
from rnnexp.durable import new_folder
from rnnexp.errors import StorageError
from rnnexp.manifest import Manifest

log = logging.getLogger(__name__)

CACHE_VERSION = 4  # raise it when the files or the cleaning change: caches are keyed by it

Int64Array = npt.NDArray[np.int64]

#: Arrays, a value per text, that some corpora have.
_OPTIONAL = ("is_test", "is_val", "numbers")


@dataclass(frozen=True)
class RawCorpus:
    """Texts with their classes, as they are read from a file.

    labels: each text's class, as an index into `classes`.
    is_test: whether each text belongs to the corpus' own test split; None if it has none.
    is_val: the same of a validation split.
    numbers: of a regression, each text's number; `labels` are then 0 and `classes` empty.
    facts, notes: what was left out, merged or guessed in reading, for summary.json and the screen.
    read_anew: version 0.1 read other texts or labels from the same file.
    """

    texts: Sequence[str]
    labels: Int64Array
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    read_anew: bool = False
    is_val: npt.NDArray[np.bool_] | None = None
    numbers: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class TokenisedCorpus:
    """Texts as indices into `words`, the list of all their words, in one flat array.

    tokens[offsets[i]:offsets[i+1]] are the words of text i; words are numbered by first use.
    digests: a 64-bit hash of each cleaned text, equal for equal texts.
    lost_letters: how many letters of each text are in none of its words.
    normalised: whether a text's words are others than without `words.normalised`.
    empty: why a text has no words, as an index into `emptiness.CAUSES`; 0 of one that has some.
    """

    words: Sequence[str]
    tokens: npt.NDArray[np.int32]
    offsets: Int64Array
    digests: npt.NDArray[np.uint64]
    lost_letters: Int64Array
    normalised: npt.NDArray[np.bool_]
    empty: npt.NDArray[np.uint8]
    labels: Int64Array
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None
    facts: Mapping[str, Any]
    notes: Sequence[str]
    read_anew: bool
    is_val: npt.NDArray[np.bool_] | None = None
    numbers: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def word_counts(self, rows: Int64Array) -> Int64Array:
        """How often each of `words` stands in the texts in `rows`."""
        tokens = self.tokens
        if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            tokens = tokens[self.offsets[rows[0]] : self.offsets[rows[-1] + 1]]
        elif len(rows) < len(self):
            chosen = np.zeros(len(self), dtype=bool)
            chosen[rows] = True
            tokens = tokens[np.repeat(chosen, np.diff(self.offsets))]
        return np.bincount(tokens, minlength=len(self.words))


def tokenise(raw: RawCorpus, cleaning: Cleaning) -> TokenisedCorpus:
    """Number the words of every text by first use in the corpus."""
    read = words_of_texts(raw.texts, cleaning)
    return TokenisedCorpus(
        words=read.words,
        tokens=read.tokens,
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(read.counts)]),
        digests=read.digests,
        lost_letters=read.lost_letters,
        normalised=read.normalised,
        empty=read.empty,
        labels=raw.labels,
        classes=raw.classes,
        is_test=raw.is_test,
        facts=raw.facts,
        notes=raw.notes,
        read_anew=raw.read_anew,
        is_val=raw.is_val,
        numbers=raw.numbers,
    )


def cached_corpus(
    cache_dir: Path, identity: str, cleaning: Cleaning, read: Callable[[], RawCorpus]
) -> TokenisedCorpus:
    """The tokenised corpus from the cache; if it is not there, from `read`, and then cached.

    identity: a string that changes with the content; with the cleaning it makes the cache's key.

    A folder of the cache with a file that is missing, or is not what was written, is said to be
    damaged and made again. A folder that cannot be written is a warning.
    """
    key = hashlib.sha256(repr((CACHE_VERSION, identity, cleaning)).encode()).hexdigest()[:16]
    folder = cache_dir / key
    if folder.is_dir():
        try:
            return _load(folder)
        # DamagedError is a ValueError; the others are of files that were written wrong
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            log.warning("the cache is damaged (%s): the corpus is read and cached again", error)
            shutil.rmtree(folder, ignore_errors=True)
    corpus = tokenise(read(), cleaning)
    try:
        _save(corpus, folder)
    except (OSError, StorageError) as error:
        log.warning("the tokenised corpus is not cached: %s", error)
    return corpus


def _save(corpus: TokenisedCorpus, folder: Path) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {
        "offsets": corpus.offsets,
        "digests": corpus.digests,
        "lost_letters": corpus.lost_letters,
        "normalised": corpus.normalised,
        "empty": corpus.empty,
        "labels": corpus.labels,
    }
    arrays |= {name: array for name in _OPTIONAL if (array := getattr(corpus, name)) is not None}
    reading = {"facts": corpus.facts, "notes": corpus.notes, "read_anew": corpus.read_anew}
    try:
        with new_folder(folder) as partial:
            np.save(partial / "tokens.npy", corpus.tokens)
            np.savez(partial / "texts.npz", **arrays)  # type: ignore[arg-type]
            (partial / "words.txt").write_bytes("\n".join(corpus.words).encode())
            (partial / "classes.json").write_text(json.dumps(corpus.classes), encoding="utf-8")
            (partial / "reading.json").write_text(json.dumps(reading), encoding="utf-8")
            Manifest.seal(partial, [file.name for file in partial.iterdir()], {})
    except FileExistsError:  # another process may have put the same content there first
        if not folder.is_dir():
            raise


def _load(folder: Path) -> TokenisedCorpus:
    """Raises DamagedError for a file that is not what was written."""
    manifest = Manifest.read(folder)
    manifest.check("tokens.npy")
    with np.load(io.BytesIO(manifest.content("texts.npz"))) as texts:
        arrays = {name: texts[name] for name in texts.files}
    reading = json.loads(manifest.content("reading.json"))
    return TokenisedCorpus(
        # split("\n") and not splitlines(): a word may hold any other line separator
        words=manifest.content("words.txt").decode("utf-8").split("\n"),
        tokens=np.load(folder / "tokens.npy", mmap_mode="r"),
        offsets=arrays["offsets"],
        digests=arrays["digests"],
        lost_letters=arrays["lost_letters"],
        normalised=arrays["normalised"],
        empty=arrays["empty"],
        labels=arrays["labels"],
        classes=tuple(json.loads(manifest.content("classes.json"))),
        **{name: arrays.get(name) for name in _OPTIONAL},
        facts=reading["facts"],
        notes=reading["notes"],
        read_anew=reading["read_anew"],
    )
