"""The notes of a version, from CHANGELOG.md, with what changes for those who upgrade first.

    python docs/release_notes.py            of the version that this is
    python docs/release_notes.py 0.7.0      of another one

Markdown: the version, what it is about, the group `Upgrading:` where the version has one, all other
groups in their order, and how to install it.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnexp import __version__

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"

#: The group of what those must know who have used an earlier version: what has another name, gives
#: another number, is refused now.
UPGRADING = "Upgrading:"

INSTALL = """To install it, Python 3.11 to 3.13, with the constraints.txt of this version:

    pip install -c constraints.txt torch==2.13.0
    pip install -c constraints.txt rnnexp-{version}-py3-none-any.whl"""


def sections(changelog: str) -> dict[str, str]:
    """The text below each heading `## VERSION`, newest first.

    Raises ValueError for a version that has two headings.
    """
    _, *parts = re.split(r"^## +(\S+) *$", changelog, flags=re.M)
    versions = parts[::2]
    if doubled := sorted({version for version in versions if versions.count(version) > 1}):
        raise ValueError(f"CHANGELOG.md has two headings '## {doubled[0]}'")
    return dict(zip(versions, (text.strip() for text in parts[1::2]), strict=True))


def notes(changelog: str, version: str) -> str:
    """The notes of one version. Raises ValueError where it has none."""
    there = sections(changelog)
    if version not in there:
        raise ValueError(
            f"CHANGELOG.md has no heading '## {version}': those there are {', '.join(there)}"
        )
    if not there[version]:
        raise ValueError(f"CHANGELOG.md says nothing below '## {version}'")
    about, groups = in_groups(there[version])
    first = [group for group in groups if group.startswith(UPGRADING)]
    rest = [group for group in groups if group not in first]
    install = INSTALL.format(version=version)
    return "\n\n".join([f"# rnnexp {version}", *about, *first, *rest, install])


def in_groups(text: str) -> tuple[list[str], list[str]]:
    """What stands before the first group, and each group: a line that ends in a colon, and its
    list."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    about: list[str] = []
    groups: list[str] = []
    for paragraph in paragraphs:
        begins = not paragraph.startswith(("-", " ")) and paragraph.splitlines()[0].endswith(":")
        if begins or groups:
            groups += [paragraph] if begins else []
            if not begins:
                groups[-1] += f"\n\n{paragraph}"
        else:
            about.append(paragraph)
    return about, groups


def main(arguments: Sequence[str]) -> int:
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    (version,) = arguments or [__version__]
    try:
        print(notes(CHANGELOG.read_text(encoding="utf-8"), version))
    except ValueError as error:
        print(f"release_notes: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
