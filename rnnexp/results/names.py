"""Names of files and folders: made from what people type, and shown to them."""

import hashlib
import re
import unicodedata
from pathlib import Path

#: Of a name that people see, in characters, and in the bytes of which file systems take 255.
NAME_LENGTH, NAME_BYTES = 120, 200


def shown_path(path: Path) -> str:
    """From the current folder where it lies below it, else from the root."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def safe_name(text: str) -> str:
    """`text` as a file name: letters of any alphabet, digits and `_.=+,-`.

    One of more than `NAME_LENGTH` characters loses whole words, and a hash of all of them stands in
    for these: two long names are never taken for one.

    >>> safe_name("data.path=/tmp/a b")
    'data.path=_tmp_a_b'
    """
    name = re.sub(r"[^\w.=+,-]+", "_", unicodedata.normalize("NFC", text))
    if len(name) <= NAME_LENGTH and len(name.encode()) <= NAME_BYTES:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    short = name[: NAME_LENGTH - len(digest) - 1]
    while len(short.encode()) > NAME_BYTES - len(digest) - 1:
        short = short[:-1]
    whole_words = short if name[len(short)] == "_" else short.rpartition("_")[0] or short
    return f"{whole_words}_{digest}"


def shown_text(text: str, longest: int = 400) -> str:
    """What a file holds, as one line of a terminal: nothing that moves its cursor, and no megabyte.

    >>> shown_text("a\\nb\\x1b[2J")
    'a b?[2J'
    """
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text[: 4 * longest].split()))
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."
