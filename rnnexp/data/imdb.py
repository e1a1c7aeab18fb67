"""IMDB film reviews: 50,000 of them, half positive, half negative.

Source: Maas, Daly, Pham, Huang, Ng and Potts, "Learning Word Vectors for Sentiment Analysis",
ACL 2011. Read from a CSV export (columns `review,sentiment`), from the official archive, or from
its unpacked folder; downloaded if there is none of them.
"""

import gzip
import hashlib
import logging
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from rnnexp.bars import slow_bar
from rnnexp.data.columns import Column
from rnnexp.data.corpus import RawCorpus
from rnnexp.data.csv import Csv
from rnnexp.data.download import download
from rnnexp.data.folder import folder_digest
from rnnexp.data.table import TABLE_SUFFIXES
from rnnexp.errors import DataError
from rnnexp.files import Bounded, content_of, user_path

log = logging.getLogger(__name__)

ARCHIVE = "aclImdb_v1.tar.gz"
ARCHIVES = (".tar.gz", ".tgz", ".tar")
CLASSES = ("negative", "positive")
#: Said where the official split is used: the reviews are often split in other ways.
POOL = "data.official_split=false pools both halves of the reviews and splits them by data.split"
_MEMBER = re.compile(r"(train|test)/(neg|pos)/(\d+)_\d+\.txt$")


class Imdb(Csv):
    """IMDB reviews with the class negative or positive.

    path: a table as `Csv` reads it, the official .tar.gz, or its unpacked folder. None looks in
        `folder` for any of these and downloads the archive if there is none.
    text_column, label_column: the columns of a table.
    folder: where to look, and where the download goes.
    url, checksum: the archive's address and its `algorithm:digest`; set both to use a mirror.
    official_split: of the archive and its folder, which come in a training and a test half. None or
        True: the test half is the test split, and validation is cut from the training half. False:
        both halves are one, review by review in turn, and are split as `split` says.
    table: the arguments of `Csv`.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        text_column: Column = "review",
        label_column: Column = "sentiment",
        folder: str = "data",
        url: str = f"https://ai.stanford.edu/~amaas/data/sentiment/{ARCHIVE}",
        checksum: str = "md5:7c2ac02c03563afcf9b574c7e56c153a",
        official_split: bool | None = None,
        **table: Any,
    ) -> None:
        if path is not None:
            place = user_path(path)
        else:
            home = user_path(folder)
            place = find_corpus(home) or _download(url, checksum, home)
            log.info("IMDB reviews from %s", place)
        self._in_halves = place.is_dir() or place.name.lower().endswith(ARCHIVES)
        if official_split and not self._in_halves:
            raise DataError(
                f"{place} is one table without a test split of its own: "
                "leave data.official_split=true away"
            )
        if self._in_halves and (own := [k for k in ("val_path", "test_path") if table.get(k)]):
            raise ValueError(
                f"{own[0]} goes with a table, and {place} is the corpus in its two halves: leave "
                "it out, or set data.path to a table"
            )
        self._pooled = official_split is False
        super().__init__(
            path=str(place), text_column=text_column, label_column=label_column, **table
        )

    def identity(self) -> str:
        if not self.path.is_dir():
            return self._pooled_or_not(super().identity())
        files = _review_files(self.path)
        return self._pooled_or_not(folder_digest(self.path, files, self.cache_dir))

    def _pooled_or_not(self, digest: str) -> str:
        return f"{digest} pooled" if self._in_halves and self._pooled else digest

    def contents_before(self) -> Sequence[str]:
        """Until version 0.3 a folder was told by its files' names, sizes and times."""
        if not self.path.is_dir():
            return ()
        digest = hashlib.sha256()
        for file in _review_files(self.path):
            status = file.stat()
            name = file.relative_to(self.path).as_posix()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
        return (self.content_of(self._pooled_or_not(digest.hexdigest())),)

    def read(self) -> RawCorpus:
        if not self._in_halves:
            return super().read()
        folder = self.path.is_dir()
        texts = _folder_texts(self.path) if folder else _archive_texts(self.path)
        return _from_files(self.path, texts, self._pooled)


def find_corpus(folder: Path) -> Path | None:
    """The corpus in `folder`: the unpacked one, else the archive, else a table named like imdb.

    >>> find_corpus(Path("no such folder"))
    """
    for name in ("aclImdb", ARCHIVE):
        if (folder / name).exists():
            return folder / name
    tables = sorted(
        entry
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if "imdb" in entry.name.lower() and entry.name.lower().endswith(TABLE_SUFFIXES)
    )
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise DataError(f"{folder} holds {names}: say which with data.path={tables[0]}")
    return tables[0] if tables else None


def _download(url: str, checksum: str, folder: Path) -> Path:
    log.info("downloading the IMDB reviews (84 MB) from %s", url)
    way_out = f"download {ARCHIVE} by other means and put it into {folder}/, or set data.path"
    return download(url, checksum, folder, ARCHIVE, way_out)


def _archive_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each review in the archive, which is not unpacked to disk."""
    try:
        with path.open("rb") if path.suffix.lower() == ".tar" else gzip.open(path) as unbounded:
            stream = Bounded(unbounded, str(path), path.stat().st_size)
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                for member in archive:
                    if member.isfile() and _MEMBER.search(member.name):
                        file = archive.extractfile(member)
                        assert file is not None
                        yield member.name, file.read()
            # tarfile takes a damaged header for the end; reading on lets gzip check its checksum
            while stream.read(1 << 20):
                pass
    except DataError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, MemoryError, zlib.error) as error:
        raise DataError(f"{path} is damaged or no tar archive ({error}); delete it") from None


def _folder_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in _review_files(path):
        yield file.as_posix(), content_of(file)


def _review_files(path: Path) -> list[Path]:
    return [file for file in sorted(path.glob("t*/*/*.txt")) if _MEMBER.search(file.as_posix())]


def _from_files(path: Path, files: Iterable[tuple[str, bytes]], pooled: bool) -> RawCorpus:
    """The reviews in the order of their numbers, negative and positive ones alternating.

    In the archive they are sorted by class: splits cut along its order would hold one class each.
    pooled: training and test half alternate too, and belong to no split; else the test half comes
    last and is the test split.
    """
    reviews: list[tuple[bool, int, int, str]] = []
    for name, content in slow_bar("reviews", "review", files):
        part, sentiment, number = _MEMBER.search(name).groups()  # type: ignore[union-attr]
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: {PurePosixPath(name).name} is not UTF-8 text ({error.reason})"
            ) from None
        reviews.append((part == "test", int(number), int(sentiment == "pos"), text))
    if not reviews:
        raise DataError(
            f"{path} holds no reviews: expected train/pos/0_9.txt and the like, as in {ARCHIVE}"
        )
    if pooled:
        reviews.sort(key=lambda review: (review[1], review[0], review[2]))
    else:
        reviews.sort(key=lambda review: review[:3])
    labels = np.array([label for _, _, label, _ in reviews], np.int64)
    is_test = np.array([test for test, _, _, _ in reviews])
    texts = [text for _, _, _, text in reviews]
    if pooled:
        return RawCorpus(texts, labels, CLASSES)
    return RawCorpus(texts, labels, CLASSES, is_test, notes=[POOL])
