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
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from rnnexp.data.corpus import RawCorpus
from rnnexp.data.csv import read_table
from rnnexp.data.text import TextClassification
from rnnexp.errors import DataError
from rnnexp.files import file_digest

log = logging.getLogger(__name__)

ARCHIVE = "aclImdb_v1.tar.gz"
TABLE_SUFFIXES = (".csv", ".csv.gz", ".zip", ".parquet")
CLASSES = ("negative", "positive")
_MEMBER = re.compile(r"(train|test)/(neg|pos)/(\d+)_\d+\.txt$")


class Imdb(TextClassification):
    """IMDB reviews with the class negative or positive.

    path: a CSV export (.csv, .csv.gz, .zip, .parquet), the official .tar.gz, or its unpacked
        folder. None looks in `folder` for any of these and downloads the archive if there is none.
    text_column, label_column: the columns of a CSV export.
    folder: where to look, and where the download goes.
    url, checksum: the archive's address and its `algorithm:digest`; set both to use a mirror.
    pipeline: the arguments of `TextClassification`.

    The archive and its folder come with a test split, which is used; validation is cut from their
    training split.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        text_column: str = "review",
        label_column: str = "sentiment",
        folder: str = "data",
        url: str = f"https://ai.stanford.edu/~amaas/data/sentiment/{ARCHIVE}",
        checksum: str = "md5:7c2ac02c03563afcf9b574c7e56c153a",
        **pipeline: Any,
    ) -> None:
        self.columns = (text_column, label_column)
        if path is not None:
            self.path = Path(path)
        else:
            self.path = find_corpus(Path(folder)) or download(url, checksum, Path(folder))
            log.info("IMDB reviews from %s", self.path)
        super().__init__(**pipeline)

    def __str__(self) -> str:
        return str(self.path)

    def identity(self) -> str:
        if self.path.is_dir():
            return _folder_digest(self.path)
        return f"{file_digest(self.path)} {self.columns}"

    def read(self) -> RawCorpus:
        if self.path.is_dir():
            return _from_files(self.path, _folder_texts(self.path))
        if self.path.name.endswith((".tar.gz", ".tgz", ".tar")):
            return _from_files(self.path, _archive_texts(self.path))
        return read_table(self.path, *self.columns)


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


def download(url: str, checksum: str, folder: Path) -> Path:
    """Fetch the archive into `folder`, where it appears once it is complete and checked."""
    import pooch
    from requests.exceptions import RequestException

    log.info("downloading the IMDB reviews (84 MB) from %s", url)
    pooch.get_logger().setLevel("WARNING")
    way_out = f"; download {ARCHIVE} by other means and put it into {folder}/, or set data.path"
    try:
        fetch = pooch.HTTPDownloader(progressbar=True, timeout=30)
        return Path(
            pooch.retrieve(url, known_hash=checksum, fname=ARCHIVE, path=folder, downloader=fetch)
        )
    except RequestException as error:
        raise DataError(f"{url} cannot be downloaded ({_short(error)}){way_out}") from None
    except ValueError as error:
        if "hash" not in str(error):
            raise DataError(f"{url} cannot be downloaded ({error}){way_out}") from None
        raise DataError(
            f"{url}: what was downloaded has the wrong checksum and was thrown away{way_out}"
        ) from None
    except OSError as error:
        raise DataError(f"{url} cannot be saved in {folder} ({error.strerror or error})") from None


def _short(error: Exception) -> str:
    """The kind of a network error and its status; its own message repeats the address."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    return type(error).__name__


def _archive_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each review in the archive, which is not unpacked to disk."""
    try:
        with path.open("rb") if path.suffix == ".tar" else gzip.open(path) as stream:
            with tarfile.open(fileobj=stream) as archive:
                for member in archive:
                    if member.isfile() and _MEMBER.search(member.name):
                        file = archive.extractfile(member)
                        assert file is not None
                        yield member.name, file.read()
            # tarfile takes a damaged header for the end; reading on lets gzip check its checksum
            while stream.read(1 << 20):
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or no tar archive ({error}); delete it") from None


def _folder_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in _review_files(path):
        yield file.as_posix(), file.read_bytes()


def _review_files(path: Path) -> Iterable[Path]:
    return (file for file in sorted(path.glob("t*/*/*.txt")) if _MEMBER.search(file.as_posix()))


def _folder_digest(path: Path) -> str:
    """A digest of the files' names, sizes and times; reading 50,000 files would take minutes."""
    digest = hashlib.sha256()
    for file in _review_files(path):
        status = file.stat()
        name = file.relative_to(path).as_posix()
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _from_files(path: Path, files: Iterable[tuple[str, bytes]]) -> RawCorpus:
    """The reviews in the order of their numbers, negative and positive ones alternating.

    In the archive they are sorted by class: splits cut along its order would hold one class each.
    """
    reviews: list[tuple[bool, int, int, str]] = []
    for name, content in files:
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
    reviews.sort(key=lambda review: review[:3])
    labels = np.array([label for _, _, label, _ in reviews], np.int64)
    is_test = np.array([test for test, _, _, _ in reviews])
    return RawCorpus([text for _, _, _, text in reviews], labels, CLASSES, is_test)
