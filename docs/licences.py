"""docs/licences.md: the licence of each package that rnnexp needs, by what the package itself says.

    python docs/licences.py            write it, from the packages that are installed
    python docs/licences.py --check    exit with 1 where a package that is installed has another

From the requirements in pyproject.toml, extras included, along the requirements of each package
that is installed here. What another system needs in addition, as NVIDIA's libraries for torch's
build with CUDA, is not among them.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"

HEAD = """\
# Licences of what rnnexp needs

rnnexp itself is under the MIT licence. Each package below has the licence that it states of itself.
`make licences` makes this page anew, from what is installed. Needed for: rnnexp, or an extra.

| package | licence | needed for |
| --- | --- | --- |
"""


def requirements() -> dict[str, list[str]]:
    """The requirements of rnnexp itself and of each extra, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"rnnexp": project["dependencies"], **project["optional-dependencies"]}


def installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def closure(wanted: Iterable[str]) -> dict[str, Distribution]:
    """All that is installed of these requirements, and of theirs, by canonical name."""
    found: dict[str, Distribution] = {}
    rest = [Requirement(text) for text in wanted]
    while rest:
        requirement = rest.pop()
        name = canonicalize_name(requirement.name)
        there = installed(name)
        if name in found or name == "rnnexp" or there is None:
            continue
        found[name] = there
        for text in there.requires or []:
            inner = Requirement(text)
            extras = [*requirement.extras, ""]
            marker = inner.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                rest.append(inner)
    return found


def licence(package: Distribution) -> str:
    """Its expression, else its short text, else its classifiers."""
    facts = package.metadata
    if "License-Expression" in facts:
        return facts["License-Expression"]
    text = next(iter(facts.get_all("License") or []), "").strip()
    if text and text != "UNKNOWN" and len(text) < 60 and "\n" not in text:
        return text
    classifiers = facts.get_all("Classifier") or []
    named = [c.rpartition("::")[2].strip() for c in classifiers if c.startswith("License ::")]
    return " or ".join(named) or "not stated"


def rows() -> dict[str, str]:
    """A row of the table for each package, in alphabetical order."""
    needed: dict[str, list[str]] = {}
    packages: dict[str, Distribution] = {}
    for what, wanted in requirements().items():
        for name, package in closure(wanted).items():
            packages[name] = package
            needed.setdefault(name, []).append(what)
    return {
        name: f"| {name} | {licence(packages[name])} | {_needed(needed[name])} |"
        for name in sorted(packages)
    }


def _needed(by: list[str]) -> str:
    """What rnnexp itself needs, every extra has with it."""
    return "rnnexp" if "rnnexp" in by else ", ".join(f"[{extra}]" for extra in by)


def stated(text: str) -> Mapping[str, str]:
    """The rows that the page has."""
    return {match[1]: match[0] for match in re.finditer(r"^\| ([\w.-]+) \|.*\|$", text, re.M)}


def differs(row: str, on_the_page: str | None) -> bool:
    """Whether the page says otherwise of a package, or leaves out what it is needed for.

    It may be needed for more: an extra that is not installed here names nothing.
    """
    if on_the_page is None:
        return True
    here, there = ([cell.strip() for cell in text.split("|")[1:4]] for text in (row, on_the_page))
    return here[:2] != there[:2] or not set(here[2].split(", ")) <= set(there[2].split(", "))


def main(words: list[str]) -> int:
    if words == ["--check"]:
        there = stated(PAGE.read_text(encoding="utf-8"))
        return int(any(differs(row, there.get(name)) for name, row in rows().items()))
    PAGE.write_text(HEAD + "\n".join(rows().values()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
