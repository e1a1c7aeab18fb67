"""Packages of the user's own. What they and rnnexp hold is found by importing whole folders.

A plugin is a Python package laid out as rnnexp is: any of

    mypkg/conf/GROUP/NAME.yaml    choices, presets among them
    mypkg/cells/NAME.py           recurrent cells, for model=unrolled
    mypkg/findings/NAME.py        tables and figures of what its probes or tasks show

It is known once it is installed and names itself in its pyproject.toml,

    [project.entry-points."rnnexp.plugins"]
    mypkg = "mypkg"

or when a command names its folder of choices: `rnnexp --config-dir mypkg/conf ...`. A folder that
lies in no package (beside it there is no __init__.py) brings choices alone. Every module in cells/
and findings/ is imported: nothing lists them.

What is wrong in a folder that a command names is an error of that command. What is wrong in an
installed package, which may be somebody else's, costs a line and what is wrong: no other command.
"""

import importlib
import importlib.util
import logging
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnexp.errors import ConfigError, DataError, UserError, did_you_mean, first_line

log = logging.getLogger(__name__)

ENTRY_POINTS = "rnnexp.plugins"

#: The folder of presets: choices that set what belongs to other groups.
PRESETS = "experiment"

#: The packages of rnnexp whose modules are all imported, by kind.
OWN = {"cells": "rnnexp.model.cells", "findings": "rnnexp.results.findings"}

#: Folders that commands of this process named with --config-dir.
_named: list[Path] = []

#: The package itself.
_HOME = Path(__file__).resolve().parent

#: The current folder as a place of modules, and whether this process was told to look there.
_HERE = ""
_added_here = False


def register(config_dir: Path) -> None:
    """Make a folder of choices, and the package that it lies in, known to this process.

    Raises ConfigError for a folder that is not there, and for a choice that has the name of one of
    rnnexp's own.
    """
    config_dir = config_dir.expanduser()  # no shell looks behind --config-dir=
    folder = config_dir.resolve()
    if not str(config_dir) or not folder.is_dir():
        raise ConfigError(f"--config-dir {config_dir}: there is no such folder")
    if folder in config_dirs():
        return
    for path in sorted(folder.glob("*/*.yaml")):
        own = own_config_dir() / path.parent.name / path.name
        if own.is_file():
            raise ConfigError(
                f"{config_dir / path.parent.name / path.name} has the name of a choice of rnnexp: "
                "give it another"
            )
    _check_bounded(folder)
    package = _package_of(folder)
    if package is not None:
        # "" (where the user works) is on the path, but the package may lie elsewhere
        if str(package.parent) not in sys.path:
            sys.path.append(str(package.parent))
        _check_name(package)
    _named.append(folder)


def named() -> list[Path]:
    """The folders that `register` was given."""
    return list(_named)


def _check_bounded(folder: Path) -> None:
    """Refuse what Hydra would read without an end: it reads all files of a folder of choices."""
    from rnnexp import yamls

    for pattern in ("*.yaml", "*/*.yaml", "*/*/*.yaml"):
        for path in sorted(folder.glob(pattern)):
            try:
                yamls.check_file(path)
            except DataError as error:
                raise ConfigError(str(error)) from None


def look_here_last() -> None:
    """Let components lie in a module beside the user's work, wherever the process was started.

    For commands that train, and where the user trusts what lies there: a verb that reads a run may
    have been started in a folder that somebody else has made. Behind all other places: a file of
    the user's that is called profile.py or random.py is not taken for the module of Python's own
    that others import.
    """
    global _added_here
    if _HERE not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(_HERE)
        _added_here = True


def look_here_no_more() -> None:
    """Take back what `look_here_last` has done: the command is over."""
    global _added_here
    if _added_here and _HERE in sys.path:
        sys.path.remove(_HERE)
    _added_here = False


def _package_of(folder: Path) -> Path | None:
    """The package that a folder of choices belongs to; None for one that stands alone."""
    package = folder.parent
    return package if (package / "__init__.py").is_file() else None


def forget() -> None:
    """Forget what `register` was given, and what was said: the command is over."""
    _named.clear()
    _can_be_read.cache_clear()
    say_once.cache_clear()


def config_dirs() -> list[Path]:
    """The folder of choices of rnnexp, then those of the plugins."""
    installed = [folder / "conf" for folder in _installed().values()]
    return [own_config_dir(), *(folder for folder in installed if folder.is_dir()), *_named]


def option_files(group: str) -> dict[str, Path]:
    """The file of each choice of a group, by name: rnnexp's own, then those of plugins."""
    return {path.stem: path for path in _files_of(group) if not path.stem.startswith("_")}


def base_file(group: str, name: str) -> Path | None:
    """The file of a group that others build on by its name, as `_generated`; None without one."""
    return next((path for path in _files_of(group) if path.stem == name), None)


def settings_of(group: str, name: str) -> dict[str, Any]:
    """What a choice sets, with what the files of its group that it builds on do.

    Raises ConfigError for a choice that is not there.
    """
    path = option_files(group).get(name) or base_file(group, name)
    if path is None:
        options = option_files(group)
        raise ConfigError(
            f"{group}/{name} is not there{did_you_mean(name, options)}"
            f" (there are {', '.join(options)})"
        )
    values = read_yaml(path)
    merged: dict[str, Any] = {}
    for base in values.pop("defaults", []):
        if isinstance(base, str) and base not in ("_self_", name):
            _merge(merged, settings_of(group, base))
    _merge(merged, values)
    return merged


def _merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def choice_files() -> Iterator[tuple[str, Path]]:
    """Group and file of whatever lies in a folder of choices, what others build on too."""
    for group in groups_of_files():
        yield from ((group, path) for path in _files_of(group))


def groups_of_files() -> list[str]:
    """The folders of choices in alphabetical order, as `data` and `hydra/launcher`."""
    groups = {
        path.parent.relative_to(folder).as_posix()
        for folder in config_dirs()
        for pattern in ("*/*.yaml", "*/*/*.yaml")
        for path in folder.glob(pattern)
    }
    return sorted(groups)


def _files_of(group: str) -> list[Path]:
    """Of several files of one name the first, which is the one that Hydra takes."""
    files: dict[str, Path] = {}
    for folder in config_dirs():
        for path in sorted((folder / group).glob("*.yaml")):
            if (first := files.get(path.stem)) is not None:
                say_once(f"{path} is left out: {origin(first)} has a choice {group}={path.stem}")
            elif _can_be_read(path):
                files[path.stem] = path
    return list(files.values())


@cache
def _can_be_read(path: Path) -> bool:
    """False for a file of an installed plugin that is no YAML; others are told later."""
    if not _is_installed(path):
        return True
    try:
        read_yaml(path)
    except ConfigError as error:
        forgive(path, error)
        return False
    return True


def origin(path: Path) -> str:
    """Who brought a file: `rnnexp`, the package of a plugin, or the folder that a command named."""
    if path.is_relative_to(own_config_dir()) or path.is_relative_to(_HOME):
        return "rnnexp"
    for package, folder in packages().items():
        if path.is_relative_to(folder):
            return package
    return next((str(folder) for folder in _named if path.is_relative_to(folder)), str(path))


def forgive(place: Path | str, error: Exception) -> None:
    """Say, once, what is wrong with a file or a module of an installed plugin; raise it otherwise.

    An installed plugin may be anybody's. That of a folder that the command names is its user's.
    """
    if not _is_installed(place):
        raise error
    say_once(f"{error}: left out")


def _is_installed(place: Path | str) -> bool:
    if isinstance(place, str):
        return place.partition(".")[0] in {name.partition(".")[0] for name in _installed()}
    return any(place.is_relative_to(folder) for folder in _installed().values())


@cache
def say_once(line: str) -> None:
    """Warn, once in a command."""
    log.warning("%s", line)


def read_yaml(path: Path) -> dict[str, Any]:
    """What a file of choices says. Raises ConfigError, which names it, for what is no YAML."""
    from rnnexp import yamls

    try:
        values = yamls.read_yaml(path) or {}
    except DataError as error:
        raise ConfigError(str(error)) from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no settings")
    return values


@cache
def own_config_dir() -> Path:
    """conf/ inside the package (an installed wheel) or beside it (a checkout)."""
    for folder in (_HOME / "conf", _HOME.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise UserError(f"the configuration folder conf/ is neither in nor beside {_HOME}: reinstall")


def modules(kind: str) -> Iterator[ModuleType]:
    """Every module of a kind (`cells`, `findings`): rnnexp's own, then each plugin's.

    Raises ConfigError, which names it, for one that cannot be imported of a folder that the command
    named; one of an installed plugin costs a line.
    """
    for name in module_names(kind):
        try:
            module = load(name)
        except ConfigError as error:
            forgive(name, error)
            continue
        yield module


def module_files(kind: str) -> dict[str, Path]:
    """The files of those modules by their names: nothing is imported."""
    own = importlib.util.find_spec(OWN[kind])
    assert own is not None
    places = [(OWN[kind], Path(place)) for place in own.submodule_search_locations or ()]
    places += [(f"{package}.{kind}", folder / kind) for package, folder in packages().items()]
    return {
        f"{package}.{name}": place / f"{name}.py"
        for package, place in places
        for name in _names_in([str(place)])
    }


def module_names(kind: str) -> list[str]:
    """The names of the modules that `modules` imports."""
    own = importlib.import_module(OWN[kind])
    names = [f"{OWN[kind]}.{name}" for name in _names_in(own.__path__)]
    for package, folder in packages().items():
        if (folder / kind).is_dir():
            names += [f"{package}.{kind}.{name}" for name in _names_in([str(folder / kind)])]
    return names


def load(name: str) -> ModuleType:
    """Import a module. What goes wrong in one of a plugin is its user's to put right."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if name.startswith("rnnexp."):
            raise
        raise ConfigError(
            f"the module {name} cannot be imported ({type(error).__name__}: {first_line(error)})"
        ) from error


def packages() -> dict[str, Path]:
    """Name and folder of each plugin package."""
    folders = dict(_installed())
    for conf in _named:
        package = _package_of(conf)
        if package is not None:
            folders[package.name] = package
    return folders


def _names_in(path: Iterable[str]) -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(path))


def _check_name(package: Path) -> None:
    """Raise ConfigError for a package that cannot be imported, or whose name another one has."""
    name = package.name
    if not name.isidentifier():
        raise ConfigError(f"{package}: a package's name has letters, digits and _ alone")
    module = load(name)
    places = [Path(place).resolve() for place in getattr(module, "__path__", [])]
    if package not in places:
        other = next(iter(places), getattr(module, "__file__", "built in"))
        raise ConfigError(
            f"{package}: another package is called {name} ({other}): give yours another name"
        )


@cache
def _installed() -> dict[str, Path]:
    folders = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            spec = importlib.util.find_spec(point.value)
        except (Exception, SystemExit):  # finding a.b imports a
            spec = None
        if spec is None or not spec.submodule_search_locations:
            # one bad installation must not cost every command
            log.warning("the plugin %s = %s is no package: left out", point.name, point.value)
            continue
        folders[point.value] = Path(next(iter(spec.submodule_search_locations))).resolve()
    return folders
