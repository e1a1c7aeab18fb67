"""The names of all settings there are: the nearest to one that is not there, and what it takes."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from rnnexp.command.choices import choices
from rnnexp.config import GROUPS, LISTS, META_KEYS, adding, constructor_parameters
from rnnexp.dials import SECTIONS, Dials
from rnnexp.errors import ConfigError, nearest
from rnnexp.plugins import PRESETS, choice_files, forgive, option_files, read_yaml


def valid_keys() -> Iterator[str]:
    """Every setting of every choice in conf/, dotted; for `did you mean`."""
    yield from constructor_parameters(Dials)
    for section, cls in SECTIONS.items():
        yield from (f"{section}.{key}" for key in constructor_parameters(cls))
    yield from GROUPS
    yield PRESETS
    yield from LISTS
    for group, path in choice_files():
        keys = read_yaml(path)
        if group in GROUPS:
            yield from (f"{group}.{key}" for key in keys if key not in META_KEYS)
        elif group in LISTS:
            for name in keys.keys() - META_KEYS:
                if not isinstance(keys[name], Mapping):
                    error = ConfigError(
                        f"{path}: a file of {group} nests its settings below its name, as in "
                        f"'{path.stem}:' with _target_ on the next line"
                    )
                    forgive(path, error)
                    continue
                yield from (f"{group}.{name}.{key}" for key in keys[name] if key not in META_KEYS)


def suggestion(key: str) -> str:
    """`; did you mean 'model.hidden_size'?` for `hiden_size`, `model.hiddensize` and the like."""
    keys = sorted(set(valid_keys()))
    if key in keys:
        group, _, rest = key.partition(".")
        if group in LISTS and rest:
            name = rest.partition(".")[0]
            return f"; it is a setting of {name}, which this run has not: add {adding(group, name)}"
        return (
            f"; other choices of {group} have it{_choices_with(key)}, the one made has not (in a "
            f"sweep over {group}: ++{key}=...)"
        )
    near = _near_setting(key, keys)
    return f"; did you mean '{near}'?" if near is not None else ""


def _choices_with(key: str) -> str:
    """` (rmsprop, sgd)`: the choices that have a setting, where they are few."""
    group, _, name = key.rpartition(".")
    there = choices(group).items() if group in GROUPS else ()
    having = [choice for choice, of in there if name in {setting for setting, _, _ in of.settings}]
    return f" ({', '.join(having)})" if 0 < len(having) <= 4 else ""


def _near_setting(key: str, keys: Iterable[str]) -> str | None:
    """The setting whose own name, behind the last dot, is near: in the same group if it has one.

    Groups are not compared letter by letter: `trainer.foo` is not near `trainer.steps`.
    """
    own_group, _, name = key.rpartition(".")
    groups: dict[str, dict[str, None]] = {}  # of each name, in order
    for valid in keys:
        group, _, last = valid.rpartition(".")
        groups.setdefault(last, {})[group] = None
    here = [last for last, its_groups in groups.items() if own_group in its_groups]
    holding = [last for last in here if own_group and name in last.split("_")]
    near = nearest(name, here) or next(iter(holding), None)
    if near is not None:
        return f"{own_group}.{near}".lstrip(".")
    near = nearest(name, groups)
    return None if near is None else f"{next(iter(groups[near]))}.{near}".lstrip(".")


def takes_text(key: str) -> bool:
    """Whether a setting, by its dotted key, may be any text, as a file's or a column's name is."""
    group, _, name = key.rpartition(".")
    classes: list[type] = [Dials] if not group else []
    for path in option_files(group).values() if group in GROUPS else ():
        target = str(read_yaml(path).get("_target_"))
        module, _, cls = target.rpartition(".")
        try:
            classes.append(getattr(importlib.import_module(module), cls))
        except (ImportError, AttributeError, ValueError):  # told when it is chosen
            continue
    types = [constructor_parameters(cls).get(name) for cls in dict.fromkeys(classes)]
    return any(kind is str or str in get_args(kind) for kind in types)
