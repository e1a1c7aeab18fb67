"""A corpus as texts and as word indices, and the cache of the indices on disk.

The cache holds word indices over *all* words of the corpus, so it depends on the content and on
the cleaning alone: runs with another vocabulary size, length or split read the same files. The
largest of them is memory-mapped.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnexp.data.cleaning import Cleaning

log = logging.getLogger(__name__)

CACHE_VERSION = 3  # raise it when the files or the cleaning change: caches are keyed by it

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RawCorpus:
    """Texts with their classes, as they are read from a file.

    labels: each text's class, as an index into `classes`.
    is_test: whether each text belongs to the corpus' own test split; None if it has none.
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


@dataclass(frozen=True)
class TokenisedCorpus:
    """Texts as indices into `words`, the list of all their words, in one flat array.

    tokens[offsets[i]:offsets[i+1]] are the words of text i; words are numbered by first use.
    digests: a 64-bit hash of each cleaned text, equal for equal texts.
    """

    words: Sequence[str]
    tokens: npt.NDArray[np.int32]
    offsets: Int64Array
    digests: npt.NDArray[np.uint64]
    labels: Int64Array
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None
    facts: Mapping[str, Any]
    notes: Sequence[str]
    read_anew: bool

    def __len__(self) -> int:
        return len(self.labels)


def tokenise(raw: RawCorpus, cleaning: Cleaning) -> TokenisedCorpus:
    """Number the words of every text by first use in the corpus."""
    index: dict[str, int] = {}
    chunks: list[npt.NDArray[np.int32]] = []
    digests: list[int] = []
    for text in raw.texts:
        words = cleaning.words(text)
        ids = [index.setdefault(word, len(index)) for word in words]
        chunks.append(np.array(ids, dtype=np.int32))
        digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
        digests.append(int.from_bytes(digest, "little"))
    lengths = np.array([len(chunk) for chunk in chunks], dtype=np.int64)
    return TokenisedCorpus(
        words=tuple(index),
        tokens=np.concatenate(chunks),
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        digests=np.array(digests, dtype=np.uint64),
        labels=raw.labels,
        classes=raw.classes,
        is_test=raw.is_test,
        facts=raw.facts,
        notes=raw.notes,
        read_anew=raw.read_anew,
    )


def cached_corpus(
    cache_dir: Path, identity: str, cleaning: Cleaning, read: Callable[[], RawCorpus]
) -> TokenisedCorpus:
    """The tokenised corpus from the cache; if it is not there, from `read`, and then cached.

    identity: a string that changes with the content; with the cleaning it makes the cache's key.

    Damaged files in the cache are made again. A folder that cannot be written is a warning.
    """
    key = hashlib.sha256(repr((CACHE_VERSION, identity, cleaning)).encode()).hexdigest()[:16]
    folder = cache_dir / key
    if folder.is_dir():
        try:
            return _load(folder)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged (%s) and made again", folder, error)
            shutil.rmtree(folder, ignore_errors=True)
    corpus = tokenise(read(), cleaning)
    try:
        _save(corpus, folder)
    except OSError as error:
        log.warning("the tokenised corpus is not cached: %s", error)
    return corpus


def _save(corpus: TokenisedCorpus, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # written beside its place and renamed, so that a reader never sees half of it
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        np.save(partial / "tokens.npy", corpus.tokens)
        arrays: dict[str, npt.NDArray[Any]] = {
            "offsets": corpus.offsets,
            "digests": corpus.digests,
            "labels": corpus.labels,
        }
        if corpus.is_test is not None:
            arrays["is_test"] = corpus.is_test
        np.savez(partial / "texts.npz", **arrays)  # type: ignore[arg-type]
        (partial / "words.txt").write_text("\n".join(corpus.words), encoding="utf-8")
        (partial / "classes.json").write_text(json.dumps(corpus.classes), encoding="utf-8")
        reading = {
            "facts": corpus.facts,
            "notes": corpus.notes,
            "read_anew": corpus.read_anew,
        }
        (partial / "reading.json").write_text(json.dumps(reading), encoding="utf-8")
        partial.chmod(0o755)
        os.rename(partial, folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not folder.is_dir():  # another process may have put the same content there first
            raise


def _load(folder: Path) -> TokenisedCorpus:
    with np.load(folder / "texts.npz") as texts:
        arrays = {name: texts[name] for name in texts.files}
    reading = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
    corpus = TokenisedCorpus(
        # split("\n") and not splitlines(): a word may hold any other line separator
        words=(folder / "words.txt").read_text(encoding="utf-8").split("\n"),
        tokens=np.load(folder / "tokens.npy", mmap_mode="r"),
        offsets=arrays["offsets"],
        digests=arrays["digests"],
        labels=arrays["labels"],
        classes=tuple(json.loads((folder / "classes.json").read_text(encoding="utf-8"))),
        is_test=arrays.get("is_test"),
        facts=reading["facts"],
        notes=reading["notes"],
        read_anew=reading["read_anew"],
    )
    if corpus.offsets[-1] != len(corpus.tokens) or corpus.tokens.max(initial=0) >= len(
        corpus.words
    ):
        raise ValueError("its files do not belong together")
    return corpus
