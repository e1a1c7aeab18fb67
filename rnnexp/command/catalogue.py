"""All that can be chosen, group by group, and where it comes from: for `list`, `info`, completion.

Files are read and sources parsed; no component is imported, so that nothing waits for torch.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from rnnexp import plugins
from rnnexp.command.choices import PRESETS, Choice, choices, defaults, groups
from rnnexp.config import GROUPS, LISTS, adding
from rnnexp.errors import ConfigError, did_you_mean, nearest

#: Recurrent cells are no files of choices: `model.cell` names one.
CELLS, CELL = "cells", "rnnexp.model.cells.base.Cell"


@dataclass(frozen=True)
class Entry:
    """A choice of a group.

    word: what is typed to take it. summary: a line on what it is. path: the file that makes it one.
    target: the class, dotted; None where the file names none.
    """

    group: str
    name: str
    word: str
    summary: str
    path: Path
    target: str | None = None
    is_default: bool = False

    @cached_property
    def source(self) -> str:
        """`rnnexp`, the package of a plugin, or a folder that --config-dir named."""
        return plugins.origin(self.path)

    @property
    def choice(self) -> Choice:
        """The file as a choice; of a cell there is none."""
        return Choice(self.group, self.name, self.path)


def all_groups() -> list[str]:
    """Every group there is: those of a configuration, presets, Hydra's that have files, cells."""
    there = [group for group in plugins.groups_of_files() if choices(group)]
    first = [*groups(), PRESETS]
    return [*first, *(group for group in there if group not in first), CELLS]


def purpose(group: str) -> str:
    """What a choice of the group is, as its base class says; empty where there is none."""
    base = {**GROUPS, **LISTS, CELLS: CELL}.get(group)
    if base and (text := _docstring(base)):
        return _first_sentence(text)
    return {PRESETS: "A run or a study by a name; what is typed beside it wins"}.get(group, "")


def entries(group: str) -> dict[str, Entry]:
    """The choices of a group by name, what is taken when nothing is said first.

    Raises ConfigError for a group that is not there.
    """
    if group == CELLS:
        return {entry.name: entry for entry in _cells()}
    if group not in all_groups():
        raise ConfigError(_no_group(group))
    chosen = defaults().get(group)
    taken = chosen if isinstance(chosen, list) else [chosen]
    found = {}
    for name, choice in choices(group).items():
        several = group in LISTS and name != "none"
        word = adding(group, name) if several else f"{group}={name}"
        target = _target(choice)
        summary = _first_sentence(choice.description)
        found[name] = Entry(group, name, word, summary, choice.path, target, name in taken)
    return found


def find(text: str) -> Entry:
    """The choice that `GROUP/CHOICE` names. Raises ConfigError with the nearest where none is."""
    group, slash, name = text.replace("=", "/").lstrip("+").rpartition("/")
    if not slash:
        holding = [f"{group}/{text}" for group in all_groups() if text in entries(group)]
        way_out = f"type {' or '.join(holding)}" if holding else "rnnexp list shows what there is"
        if text in all_groups():
            way_out = f"rnnexp list {text} shows the choices of this group"
        raise ConfigError(f"info: '{text}' is no GROUP/CHOICE: {way_out}")
    there = entries(group)
    if name not in there:
        raise ConfigError(
            f"info: {group} has no choice '{name}'{did_you_mean(name, there)} "
            f"(there are {', '.join(there)})"
        )
    return there[name]


def _first_sentence(text: str) -> str:
    """Of the first paragraph, in one line.

    >>> _first_sentence("The gated one. Source: a paper.")
    'The gated one'
    """
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    return re.split(r"\.(?: (?=[A-Z])|$)", paragraph, maxsplit=1)[0]


def _no_group(group: str) -> str:
    names = all_groups()
    where = [f"{other}/{group}" for other in names if group in entries(other)]
    hint = did_you_mean(group, names)
    if where:
        hint = f": it is a choice, see rnnexp info {where[0]}"
    elif (whole := group.replace("=", "/").rpartition("/"))[0] in names:
        hint = f": for one choice type rnnexp info {whole[0]}/{whole[2]}"
    elif nearest(group, names) is None:
        hint = ""
    return f"'{group}' is no group{hint} (there are {', '.join(names)})"


def _target(choice: Choice) -> str | None:
    """The class that a file, or one that it builds on, names."""
    values: Mapping[str, object] = choice.values
    if choice.group in LISTS:
        inner = values.get(choice.name)
        values = inner if isinstance(inner, Mapping) else {}
    own = values.get("_target_")
    if isinstance(own, str):
        return own
    return next((target for base in choice.bases() if (target := _target(base))), None)


# -- cells, and sources that are not imported -----------------------------------------------------


def _cells() -> Iterator[Entry]:
    """Each class in a folder of cells that has a name."""
    found: dict[str, Entry] = {}
    for module, path in plugins.module_files(CELLS).items():
        for node in _parsed(path).body:
            name = _cell_name(node)
            if name is None or name in found:
                continue
            assert isinstance(node, ast.ClassDef)
            text = ast.get_docstring(_parsed(path)) or ast.get_docstring(node) or ""
            summary = _first_sentence(text)
            word = f"model=unrolled model.cell={name}"
            found[name] = Entry(CELLS, name, word, summary, path, f"{module}.{node.name}")
    return (found[name] for name in sorted(found))


def _cell_name(node: ast.stmt) -> str | None:
    """`x` of a class that says `name = "x"`."""
    if not isinstance(node, ast.ClassDef):
        return None
    for line in node.body:
        target: ast.expr | None = None
        if isinstance(line, ast.Assign):
            target = line.targets[0]
        elif isinstance(line, ast.AnnAssign):
            target = line.target
        else:
            continue
        value = line.value
        if isinstance(target, ast.Name) and target.id == "name" and isinstance(value, ast.Constant):
            return value.value if isinstance(value.value, str) else None
    return None


@cache
def _parsed(path: Path) -> ast.Module:
    """A source that cannot be read has nothing in it: it is told where it is imported."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _docstring(dotted: str) -> str | None:
    """Of a class of rnnexp's own, by its name; None where there is none."""
    module, _, name = dotted.rpartition(".")
    path = Path(__file__).resolve().parents[1].joinpath(*module.split(".")[1:]).with_suffix(".py")
    for node in _parsed(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return ast.get_docstring(node)
    return None
