"""The digest of what many small files hold, remembered as long as none of them is written to.

Reading 50,000 reviews takes a second where the system has them in memory, and minutes on a slow
disk; asking for their times takes a fifth of a second. So a digest is kept beside the tokenised
corpora, with what the files looked like when they were read.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from rnnexp.durable import write_json
from rnnexp.errors import StorageError
from rnnexp.files import FileStamp, check_is_file, content_of

log = logging.getLogger(__name__)


def folder_digest(folder: Path, files: Sequence[Path], memory: Path) -> str:
    """SHA-256 of the names, from `folder` on, and the bytes of `files`.

    memory: the folder where it is remembered; one that cannot be written costs time alone.

    Raises DataError for a file that cannot be read.
    """
    looks = _looks(folder, files)
    if looks in _digests:
        return _digests[looks]
    place = memory / f"folder_{_hash([str(folder.resolve())])[:16]}.json"
    digest = _remembered(place, looks)
    if digest is None:
        digest = _hash(_contents(folder, files))
        # a file that was written to a moment ago may be written to again at what counts as the same
        # time
        if _looks(folder, files) != looks or not _settled(files):
            return digest
        _remember(place, looks, digest)
    _digests[looks] = digest
    return digest


#: Digests by what the files looked like.
_digests: dict[str, str] = {}


def _looks(folder: Path, files: Sequence[Path]) -> str:
    """What changes where a file comes, goes or is written to, without reading one."""
    lines = (f"{_name(folder, file)} {tuple(_stamp(file))}" for file in files)
    return _hash([str(folder.resolve()), *lines])


def _settled(files: Sequence[Path]) -> bool:
    return all(_stamp(file).settled for file in files)


def _contents(folder: Path, files: Sequence[Path]) -> Iterable[str]:
    for file in files:
        content = content_of(file)
        yield f"{_name(folder, file)} {len(content)} {hashlib.sha256(content).hexdigest()}"


def _stamp(file: Path) -> FileStamp:
    return FileStamp.of(check_is_file(file))


def _name(folder: Path, file: Path) -> str:
    return "/".join(file.parts[len(folder.parts) :])  # as relative_to, in less time


def _hash(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _remembered(place: Path, looks: str) -> str | None:
    """The digest that was kept for files that looked so; None without one, or a damaged one."""
    try:
        kept = json.loads(place.read_bytes())
        digest = str(kept["digest"])
        whole = kept["check"] == _hash([kept["looks"], digest])
        return digest if whole and kept["looks"] == looks else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _remember(place: Path, looks: str, digest: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_json(place, {"looks": looks, "digest": digest, "check": _hash([looks, digest])})
    except (OSError, StorageError) as error:
        log.warning("the digest of the reviews is not kept, and made anew each time: %s", error)
