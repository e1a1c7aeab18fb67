"""Names of files and folders: made from what people type, and shown to them."""

import hashlib
import re
import unicodedata
from pathlib import Path

import regex

from rnnexp.printable import in_one_line

#: Of a name that people see, in characters, and in the bytes of which file systems take 255.
NAME_LENGTH, NAME_BYTES = 120, 200

#: Stands before the hash of what a name was made from; in no name that was left as it is.
MARK = "@"
_HASH_DIGITS = 8

#: What stays: of ASCII what shells, URLs and Windows have no use for; of all else whatever is seen.
_REPLACED = regex.compile(
    r"(?:[\p{ASCII}--\w.=+,\-]|[\P{ASCII}--[\p{L}\p{M}\p{N}\p{P}\p{S}]]"
    r"|\p{Default_Ignorable_Code_Point})+",
    regex.V1,
)
#: Names that Windows keeps for devices, whatever follows behind a dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.I)
_OWN = re.compile(rf"(.*){MARK}[0-9a-f]{{{_HASH_DIGITS}}}", re.DOTALL)


def shown_path(path: Path) -> str:
    """From the current folder where it lies below it, else from the root."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def readable_name(text: str) -> str:
    """`text` as a part of a file's name: letters and signs of any script, digits and `_.=+,-`.

    Unlike texts may give one name: something else must tell the files apart.

    >>> readable_name("data.path=/tmp/a b")
    'data.path=_tmp_a_b'
    """
    return _shortened(_replaced(unicodedata.normalize("NFC", text)), NAME_LENGTH, NAME_BYTES)


def safe_name(text: str) -> str:
    """`text` as the name of a file of its own: unlike texts have unlike names.

    Whatever was replaced, and whole words that were too many, are stood in for by a hash of all of
    it. Two spellings that Unicode holds to be one text (its forms NFC and NFD) are one. What is
    such a name already is left alone, so that a folder can be called by its name.

    On a file system that takes capitals for small letters, two names may still be one folder.

    >>> safe_name("été"), safe_name("a_b"), safe_name("a b"), safe_name("a_b@c8687a08")
    ('été', 'a_b', 'a_b@c8687a08', 'a_b@c8687a08')
    """
    text = unicodedata.normalize("NFC", text)
    own = _OWN.fullmatch(text)
    if own is not None and _is_safe(own[1], len(text), len(text.encode())):
        return text
    name = _replaced(text)
    if _DEVICE.match(name) or not name or unicodedata.category(name[0]).startswith("M"):
        name = f"_{name}"  # a mark alone would be drawn on the separator before it
    if name == text and _is_safe(name, len(name), len(name.encode())):
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
    room = len(MARK) + _HASH_DIGITS
    return f"{_shortened(name, NAME_LENGTH - room, NAME_BYTES - room)}{MARK}{digest}"


def name_of_version_0_3(text: str) -> str:
    """What `safe_name` was up to version 0.3, when an emoji and `*` were both `_`."""
    name = re.sub(r"[^\w.=+,-]+", "_", unicodedata.normalize("NFC", text))
    if len(name) <= NAME_LENGTH and len(name.encode()) <= NAME_BYTES:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{_shortened(name, NAME_LENGTH - 9, NAME_BYTES - 9)}_{digest}"


def _is_safe(name: str, length: int, size: int) -> bool:
    return _replaced(name) == name and length <= NAME_LENGTH and size <= NAME_BYTES


def _replaced(text: str) -> str:
    # a first dot hides a folder, or makes it `..`; Windows takes a last one away
    return re.sub(r"^\.|\.$", "_", _REPLACED.sub("_", text))


def _shortened(name: str, length: int, size: int) -> str:
    """The whole words of `name` that have room, or as much of its first one."""
    short = name[:length]
    while len(short.encode()) > size:
        short = short[:-1]
    if short == name or name[len(short)] == "_":
        return short
    return (short.rpartition("_")[0] or short).rstrip(".") or "_"


def shown_text(text: str, longest: int = 400) -> str:
    r"""What may come from a file, as one line that is no longer than a screen can show.

    >>> shown_text("a\n\x1b[2J")
    'a \\x1b[2J'
    """
    line = in_one_line(" ".join(text[: 4 * longest].split()))
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."
