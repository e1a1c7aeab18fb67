"""Which source of the user's own a run is made by.

A class of the user's own is told in a configuration by its name, and its source can change while
its name stays. So a run records a digest of the source of every component that is not rnnexp's.
rnnexp's own code and installed libraries are told by their versions, in environment.json.

A digest is of a *unit*: a module that lies in no package, or the whole package of one that does
(every .py file in it, by its name from there; but for a plugin's findings/, which only draw).
A unit brings those beside it, in the same folder, that its files import. What is no Python source,
such as a table that a component reads by a path written into it, is not seen.
"""

import ast
import hashlib
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from rnnexp import plugins
from rnnexp.results.code import Code

#: Whose classes need no digest, by the first part of a module's name.
_OWN = {"rnnexp", "torch", *sys.stdlib_module_names}

#: Folders in which libraries are installed.
_INSTALLED = {"site-packages", "dist-packages"}


def code_of(
    components: Iterable[type], probes: Iterable[type], parts: Iterable[type] = ()
) -> Code | None:
    """The digests of the source of the classes that are the user's own; None where none is.

    probes: apart, since they only measure. parts: classes of what the components are made of, as
    the cell of an unrolled network: those in an installed library count as the library's.
    """
    by_component = _digests(components) | _digests(parts, installed=False)
    by_probe = {k: v for k, v in _digests(probes).items() if k not in by_component}
    return Code(by_component, by_probe) if by_component or by_probe else None


#: By class: a digest is of what a process has imported, and not of an edit since. A module that is
#: imported again has other classes.
_known: "WeakKeyDictionary[type, Mapping[str, str]]" = WeakKeyDictionary()


@cache
def own_source() -> str:
    """The digest of the source of rnnexp itself, as it was when this process first asked."""
    return _hash(_sources("rnnexp"))


def _digests(classes: Iterable[type], installed: bool = True) -> dict[str, str]:
    """Digests by the names of units. installed: also of a class in an installed library."""
    digests: dict[str, str] = {}
    for cls in dict.fromkeys(classes):
        for base in cls.__mro__:
            if _is_users(base, installed=installed and base is cls):
                if base not in _known:
                    _known[base] = _units(base)
                digests |= _known[base]
    return digests


def _is_users(cls: type, installed: bool) -> bool:
    name = cls.__module__.partition(".")[0]
    if name in _OWN:
        return False
    if installed or name in plugins.packages():
        return True
    place = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return place is None or _INSTALLED.isdisjoint(Path(place).parts)


def _units(cls: type) -> dict[str, str]:
    """The digest of the unit of a class, and of those that it imports from beside it."""
    first = cls.__module__.partition(".")[0]
    if not _folders(first) and _file(first) is None:  # as in a notebook
        return {first: _hash({"": _text(cls)})}
    digests: dict[str, str] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        sources = _sources(name)
        digests[name] = _hash(sources)
        beside = {other for source in sources.values() for other in _imported(source)}
        waiting += sorted(
            other
            for other in beside - digests.keys() - _OWN - set(waiting)
            if _lie_together(name, other)
        )
    return digests


def _sources(name: str) -> dict[str, bytes]:
    """The content of each file of a unit, by its name from there."""
    folders = _folders(name)
    if not folders:
        file = _file(name)
        return {file.name: file.read_bytes()} if file is not None else {}
    only_drawn = "findings/" if name in plugins.packages() else None
    files = {
        path.relative_to(folder).as_posix(): path for folder in folders for path in _in(folder)
    }
    return {
        name: path.read_bytes()
        for name, path in sorted(files.items())
        if only_drawn is None or not name.startswith(only_drawn)
    }


def _in(folder: Path) -> Iterator[Path]:
    """The Python files of a package; none of a hidden folder or of an environment in it."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not (Path(place) / name / "pyvenv.cfg").is_file()
        )
        yield from (Path(place) / name for name in names if name.endswith(".py"))


def _folders(name: str) -> list[Path]:
    """Where a package lies that has been imported; none of a module."""
    return [Path(folder) for folder in getattr(sys.modules.get(name), "__path__", ())]


def _file(name: str) -> Path | None:
    place = getattr(sys.modules.get(name), "__file__", None)
    return Path(place) if place is not None and Path(place).is_file() else None


def _lie_together(name: str, other: str) -> bool:
    """Whether two units that have been imported lie in the same folder, and no library there."""
    home = _home(name)
    return home is not None and home == _home(other) and _INSTALLED.isdisjoint(home.parts)


def _home(name: str) -> Path | None:
    """The folder in which a unit lies."""
    place = next(iter(_folders(name)), None) or _file(name)
    return None if place is None else place.resolve().parent


@lru_cache(maxsize=1024)
def _imported(source: bytes) -> frozenset[str]:
    """The first parts of the names that a file imports from outside its package."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):  # a file of the package that nobody imports
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return frozenset(names)


def _text(cls: type) -> bytes:
    """The source of a class that lies in no file."""
    try:
        return inspect.getsource(cls).encode()
    except (OSError, TypeError):
        return b""


def _hash(sources: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sources.items():
        digest.update(f"{name} {len(content)}\n".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()[:16]
