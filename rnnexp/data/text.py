"""The pipeline that every text corpus goes through: clean, tokenise, index, cut, pad, split.

    texts --clean--> words --index--> TokenisedCorpus (cached) --vocabulary, cut, pad--> splits

The cache holds word indices over *all* words of the corpus, so it depends on the content and on
the cleaning alone: another vocabulary size, length or split reads the same file. It is
memory-mapped, and what is left to do per run is array arithmetic.
"""

import copy
import hashlib
import html
import json
import logging
import os
import re
import shutil
import tempfile
import zipfile
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import regex
import torch
from torch import Tensor

from rnnexp.data.base import Classification, classification_chance
from rnnexp.errors import DataError
from rnnexp.ranges import at_least
from rnnexp.types import Batch, Padding, SequenceDataset, Split

log = logging.getLogger(__name__)

PAD, UNK = "<pad>", "<unk>"
SPLITS: tuple[Split, ...] = ("train", "val", "test")
CACHE_VERSION = 2
MANY = 10  # so many texts of one class by chance: 0.2% where there are two
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cleaning:
    """How a text becomes words: each step on its own, in this order.

    lowercase: lower-case all letters.
    strip_html: tags to spaces (`<br />`), entities to their characters (`&amp;`).
    non_letters: every character but letters and white space becomes a `space`, or is a `delete`d,
        which glues "it's" to "its" and "end.<br />The" to "endbr the"; `keep` leaves all.
    letters: `ascii` counts a-z and A-Z as letters; `unicode` those of every script.
    """

    lowercase: bool = True
    strip_html: bool = True
    non_letters: Literal["space", "delete", "keep"] = "space"
    letters: Literal["ascii", "unicode"] = "ascii"

    def words(self, text: str) -> list[str]:
        """
        >>> Cleaning().words("It's <br />GREAT!")
        ['it', 's', 'great']
        >>> Cleaning(strip_html=False, non_letters="delete").words("It's <br />GREAT!")
        ['its', 'br', 'great']
        """
        if self.strip_html:
            text = _TAG.sub(" ", html.unescape(text))
        if self.lowercase:
            text = text.lower()
        if self.non_letters != "keep":
            # \p{M}: the marks that many scripts write their vowels with
            pattern = r"[^a-zA-Z\s]" if self.letters == "ascii" else r"[^\p{L}\p{M}\s]"
            text = regex.sub(pattern, " " if self.non_letters == "space" else "", text)
        return text.split()


@dataclass(frozen=True)
class RawCorpus:
    """Texts with their classes, as a file holds them.

    labels: index into `classes`, per text.
    is_test: the corpus' own test split, where it has one.
    """

    texts: Sequence[str]
    labels: Int64Array
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class TokenisedCorpus:
    """Texts as indices into the list of all their words, one flat array for all texts.

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
    )


def cached_corpus(
    cache_dir: Path, identity: str, cleaning: Cleaning, read: Callable[[], RawCorpus]
) -> TokenisedCorpus:
    """The tokenised corpus from the cache, or from `read` and then into the cache.

    identity: names the content (a hash of it); with the cleaning it makes the key.
    A folder that cannot be written costs the cache, not the run.
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
    # Written beside its place and renamed: a reader sees all of it or nothing.
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
        partial.chmod(0o755)
        os.rename(partial, folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not folder.is_dir():  # another process may have put the same content there first
            raise


def _load(folder: Path) -> TokenisedCorpus:
    with np.load(folder / "texts.npz") as texts:
        arrays = {name: texts[name] for name in texts.files}
    corpus = TokenisedCorpus(
        # split("\n") and not splitlines(): a word may hold any other line separator
        words=(folder / "words.txt").read_text(encoding="utf-8").split("\n"),
        tokens=np.load(folder / "tokens.npy", mmap_mode="r"),
        offsets=arrays["offsets"],
        digests=arrays["digests"],
        labels=arrays["labels"],
        classes=tuple(json.loads((folder / "classes.json").read_text(encoding="utf-8"))),
        is_test=arrays.get("is_test"),
    )
    if corpus.offsets[-1] != len(corpus.tokens) or corpus.tokens.max(initial=0) >= len(
        corpus.words
    ):
        raise ValueError("its files do not belong together")
    return corpus


def build_vocabulary(
    corpus: TokenisedCorpus, rows: Int64Array, size: int, specials: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The `size` commonest words of the given texts, the specials before them.

    Returns the words, and for each word of the corpus its id in them or -1. Among equally common
    words the one seen first in the corpus wins, as in `collections.Counter.most_common`.
    """
    counts = np.bincount(_tokens_of(corpus, rows), minlength=len(corpus.words))
    commonest = np.argsort(-counts, kind="stable")[:size]
    commonest = commonest[counts[commonest] > 0]
    lookup = np.full(len(corpus.words), -1, dtype=np.int64)
    lookup[commonest] = np.arange(len(commonest)) + len(specials)
    return [*specials, *(corpus.words[i] for i in commonest)], lookup


def _tokens_of(corpus: TokenisedCorpus, rows: Int64Array) -> npt.NDArray[np.int32]:
    if len(rows) == len(corpus):
        return corpus.tokens
    lengths = np.diff(corpus.offsets)
    chosen = np.zeros(len(corpus), dtype=bool)
    chosen[rows] = True
    tokens: npt.NDArray[np.int32] = corpus.tokens[np.repeat(chosen, lengths)]
    return tokens


def cut_and_pad(
    tokens: npt.NDArray[np.int64] | npt.NDArray[np.int32],
    offsets: Int64Array,
    rows: Int64Array,
    seq_len: int,
    padding: Padding,
) -> tuple[Tensor, Tensor]:
    """The first `seq_len` tokens of each text, padded with 0: long [N, seq_len], lengths [N]."""
    starts_N = offsets[rows]
    lengths_N = np.minimum(offsets[rows + 1] - starts_N, seq_len)
    step_T = np.arange(seq_len)
    if padding == "pre":
        step_NT = step_T - (seq_len - lengths_N)[:, None]
    else:
        step_NT = np.broadcast_to(step_T, (len(rows), seq_len))
    real_NT = (step_NT >= 0) & (step_NT < lengths_N[:, None])
    inputs_NT = np.zeros((len(rows), seq_len), dtype=np.int64)
    inputs_NT[real_NT] = tokens[(starts_N[:, None] + step_NT)[real_NT]]
    return torch.from_numpy(inputs_NT), torch.from_numpy(lengths_N)


def parse_split(split: str) -> tuple[int, int, int]:
    """Shares in percent of train, validation and test.

    >>> parse_split("80/10/10"), parse_split("80/20")
    ((80, 10, 10), (80, 0, 20))
    """
    try:
        shares = [int(part) for part in split.split("/")]
    except ValueError:
        shares = []
    if len(shares) == 2:
        shares.insert(1, 0)
    if len(shares) != 3 or sum(shares) != 100 or shares[0] < 1 or shares[2] < 1 or shares[1] < 0:
        raise ValueError(
            "split must be train/validation/test or train/test in percent that add up to 100, "
            f"such as 80/10/10 or 80/20 (got {split})"
        )
    return shares[0], shares[1], shares[2]


class TextClassification(Classification):
    """Texts with one class each. A subclass finds the texts: `identity` and `read`.

    seq_len: a text's first `seq_len` words are read, shorter ones padded.
    padding: pads behind the text (`post`) or before it (`pre`).
    vocab_size: so many of the commonest words get an id; PAD is 0 and UNK, where used, is 1.
    vocab_from: count the words of the `train` split, or of `all` rows, test included.
    unknown: words outside the vocabulary become UNK (`unk`), or are left out (`drop`).
    split: percent for train/validation/test, or train/test.
    shuffle_seed: shuffle the rows by this seed before the split; None keeps the file's order.
    limit: use only the first so many texts.
    lowercase, strip_html, non_letters, letters: see `Cleaning`.
    cache_dir: where tokenised corpora are kept.
    eval_lengths: other values of seq_len at which the trained network is tested too.

    Raises ValueError for a setting out of range, DataError for what is wrong with a file.
    """

    def __init__(
        self,
        *,
        seq_len: int = 100,
        padding: Padding = "post",
        vocab_size: int = 10_000,
        vocab_from: Literal["train", "all"] = "train",
        unknown: Literal["unk", "drop"] = "unk",
        split: str = "80/10/10",
        shuffle_seed: int | None = None,
        limit: int | None = None,
        lowercase: bool = True,
        strip_html: bool = True,
        non_letters: Literal["space", "delete", "keep"] = "space",
        letters: Literal["ascii", "unicode"] = "ascii",
        cache_dir: str = "data/cache",
        eval_lengths: list[int] | None = None,
    ) -> None:
        at_least("seq_len", seq_len, 1)
        at_least("vocab_size", vocab_size, 1)
        if limit is not None:
            at_least("limit", limit, 1)
        if shuffle_seed is not None:
            at_least("shuffle_seed", shuffle_seed, 0)
        shares = parse_split(split)
        self.seq_len, self.padding, self.limit = seq_len, padding, limit
        self.cleaning = Cleaning(lowercase, strip_html, non_letters, letters)
        self.eval_lengths = tuple(eval_lengths or ())

        self.content = self.identity()
        corpus = cached_corpus(Path(cache_dir), self.content, self.cleaning, self.read)
        rows = split_rows(corpus, shares, shuffle_seed, limit)
        self._check_classes(corpus, rows, hint=shuffle_seed is None)
        used = np.concatenate([rows[name] for name in SPLITS])
        counted = rows["train"] if vocab_from == "train" else np.sort(used)
        specials = [PAD, UNK] if unknown == "unk" else [PAD]
        self.vocabulary, lookup = build_vocabulary(corpus, counted, vocab_size, specials)
        self.input_size, self.output_size = len(self.vocabulary), len(corpus.classes)
        self.classes = corpus.classes
        self._labels, self._rows = corpus.labels, rows
        self._tokens, self._offsets = self._encode(corpus, lookup)
        self._splits: dict[Split, SequenceDataset] = {}
        class_counts = np.bincount(corpus.labels[used], minlength=len(corpus.classes))
        self.chance = classification_chance(class_counts.tolist())
        self.report = {
            **{name: len(rows[name]) for name in SPLITS},
            "classes": dict(zip(corpus.classes, class_counts.tolist(), strict=True)),
            "vocabulary": len(self.vocabulary),
            "padding": padding,
            "without_words": sum(int((self.split(s).lengths == 0).sum()) for s in SPLITS),
            **duplicates_across(corpus, rows),
        }

    @abstractmethod
    def identity(self) -> str:
        """What names the content: texts of the same identity are the same texts."""

    @abstractmethod
    def read(self) -> RawCorpus:
        """The texts; called only where the cache does not hold them."""

    def split(self, name: Split) -> SequenceDataset:
        if name not in self._splits:
            inputs, lengths = cut_and_pad(
                self._tokens, self._offsets, self._rows[name], self.seq_len, self.padding
            )
            targets = torch.from_numpy(self._labels[self._rows[name]])
            self._splits[name] = SequenceDataset(inputs, targets, lengths, self.padding)
        return self._splits[name]

    def at_length(self, seq_len: int) -> Self:
        at_least("seq_len", seq_len, 1)
        other = copy.copy(self)
        other.seq_len, other._splits = seq_len, {}
        return other

    def whole_lengths(self, name: Split) -> Tensor:
        rows = self._rows[name]
        return torch.from_numpy(self._offsets[rows + 1] - self._offsets[rows])

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        chosen = torch.tensor(rows)
        width = max(1, int(self.whole_lengths(name)[chosen].max()))
        corpus_rows = self._rows[name][chosen.numpy()]
        inputs, lengths = cut_and_pad(self._tokens, self._offsets, corpus_rows, width, "post")
        return Batch(inputs, self.split(name).targets[chosen], lengths)

    def state(self) -> dict[str, Any]:
        return {
            "vocabulary": list(self.vocabulary or ()),
            "classes": list(self.classes),
            "cleaning": asdict(self.cleaning),
            "padding": self.padding,
        }

    def _encode(
        self, corpus: TokenisedCorpus, lookup: Int64Array
    ) -> tuple[npt.NDArray[np.int32], Int64Array]:
        """Token ids of all texts in a row, and where each begins; unknown words UNK or left out."""
        assert self.vocabulary is not None
        offsets = corpus.offsets
        tokens = lookup[corpus.tokens]
        if UNK in self.vocabulary[:2]:
            tokens[tokens < 0] = 1
        else:
            known = tokens >= 0
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(known)])[offsets]
            tokens = tokens[known]
        # kept for whole texts and other lengths; in 32 bits, half of what the indices take
        return tokens.astype(np.int32), offsets

    def _check_classes(
        self, corpus: TokenisedCorpus, rows: dict[Split, Int64Array], hint: bool
    ) -> None:
        """A class that the training split lacks cannot be learned, nor one class alone measured."""
        for name in SPLITS:
            count = len(rows[name])
            present = np.unique(corpus.labels[rows[name]])
            missing = [c for i, c in enumerate(corpus.classes) if i not in present]
            one_class = len(present) == 1 and count >= MANY
            if missing and (name == "train" or one_class):
                # a sorted file is the usual cause
                way_out = "; if the rows are sorted, set data.shuffle_seed=0" if hint else ""
                raise DataError(
                    f"{self}: the {name} split of {count} texts has none of "
                    f"class '{missing[0]}'{way_out}"
                )


class TextEncoder:
    """A text of the user's as the batch of one that a trained model reads.

    Built from `TextClassification.state()` alone, so that a run directory is all it needs.
    """

    def __init__(self, state: Mapping[str, Any], seq_len: int) -> None:
        self.words: list[str] = state["vocabulary"]
        self.index = {word: i for i, word in enumerate(self.words)}
        self.cleaning = Cleaning(**state["cleaning"])
        self.seq_len = seq_len
        self.padding: Padding = state["padding"]
        self.unknown_id = self.index.get(UNK)

    def __call__(self, text: str) -> tuple[list[str], list[int]]:
        """The words that are read and their ids: known ones, or UNK, the first `seq_len`."""
        pairs = [(w, self.index.get(w, self.unknown_id)) for w in self.cleaning.words(text)]
        known = [(word, i) for word, i in pairs if i is not None][: self.seq_len]
        return [word for word, _ in known], [i for _, i in known]

    def batch(self, ids: Sequence[int]) -> Batch:
        """A batch of one, padded to the width it was trained at."""
        tokens = np.array(ids, dtype=np.int64)
        offsets, row = np.array([0, len(tokens)]), np.zeros(1, np.int64)
        inputs, lengths = cut_and_pad(tokens, offsets, row, self.seq_len, self.padding)
        return Batch(inputs, torch.zeros(1, dtype=torch.long), lengths, self.padding)


def split_rows(
    corpus: TokenisedCorpus,
    shares: tuple[int, int, int],
    shuffle_seed: int | None,
    limit: int | None,
) -> dict[Split, Int64Array]:
    """Row numbers of each split: cut in percent, or along the corpus' own test split.

    A corpus with its own test split keeps it whole; the validation split is then cut from the end
    of the training rows, in the proportion that `shares` gives train and validation.
    """
    rows = np.arange(len(corpus))
    if shuffle_seed is not None:
        rows = np.random.default_rng(shuffle_seed).permutation(rows)
    if corpus.is_test is not None:
        test, rest = rows[corpus.is_test[rows]], rows[~corpus.is_test[rows]]
        if limit is not None and limit < len(corpus):
            keep = round(limit * len(test) / len(corpus))
            test, rest = test[:keep], rest[: limit - keep]
        train_count = len(rest) * shares[0] // (shares[0] + shares[1])
    else:
        rows = rows[:limit]
        train_count = len(rows) * shares[0] // 100
        test_count = len(rows) - len(rows) * (shares[0] + shares[1]) // 100
        test, rest = rows[len(rows) - test_count :], rows[: len(rows) - test_count]
    result: dict[Split, Int64Array] = {
        "train": rest[:train_count],
        "val": rest[train_count:],
        "test": test,
    }
    for name, share in zip(SPLITS, shares, strict=True):
        if share and not len(result[name]):
            total = sum(len(part) for part in result.values())
            raise DataError(
                f"{total} texts are too few for a split of {'/'.join(map(str, shares))}: "
                f"the {name} split would be empty; raise data.limit or give more rows"
            )
    return result


def duplicates_across(corpus: TokenisedCorpus, rows: dict[Split, Int64Array]) -> dict[str, int]:
    """How many validation and test texts also stand, word for word, in the training split."""
    train = corpus.digests[rows["train"]]
    return {
        f"{name}_duplicates_of_train": int(np.isin(corpus.digests[rows[name]], train).sum())
        for name in ("val", "test")
    }
