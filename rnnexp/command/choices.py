"""What can be chosen, read off the folders of choices: for the help page and the tables of docs/.

A choice is a YAML file. The comments at its top say what it is, the comment behind a setting what
the setting does. Nothing here composes a configuration, so that help is quick.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from rnnexp import plugins
from rnnexp.config import LISTS

PRESETS = plugins.PRESETS


@dataclass(frozen=True)
class Choice:
    """One file: `name` of `group`."""

    group: str
    name: str
    path: Path

    @cached_property
    def _text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """What the file itself says."""
        return plugins.read_yaml(self.path)

    @cached_property
    def _comments(self) -> list[str]:
        """The lines at the top, without Hydra's directives and what is for `make published`."""
        lines = itertools.takewhile(lambda line: line.startswith("#"), self._text.splitlines())
        kept = (line for line in lines if not line.startswith(("# @", "#:")))
        return [line.removeprefix("#").strip() for line in kept]

    @property
    def description(self) -> str:
        """All that the comments at the top say."""
        return " ".join(self._comments)

    @property
    def summary(self) -> str:
        """Their first line."""
        return self._comments[0].removesuffix(".") if self._comments else ""

    @cached_property
    def settings(self) -> list[tuple[str, Any, str]]:
        """Name, value and comment of each setting, those of the files that it builds on first."""
        own = self.values
        if self.group in LISTS:
            own = own.get(self.name) or {}
        comments = dict(re.findall(r"^ *(\w+): [^#\n]*# *(.+)$", self._text, flags=re.M))
        inherited = {
            name: (value, comment)
            for base in self.bases()
            for name, value, comment in base.settings
        }
        for name, value in own.items():
            if name not in ("_target_", "defaults"):
                inherited[name] = (value, comments.get(name, inherited.get(name, ("", ""))[1]))
        return [(name, value, comment) for name, (value, comment) in inherited.items()]

    def bases(self) -> "list[Choice]":
        """The files of its group that it builds on."""
        entries = self.values.get("defaults") or []
        names = [entry for entry in entries if isinstance(entry, str) and entry != "_self_"]
        beside = [(name, self.path.with_name(f"{name}.yaml")) for name in names]
        # those of a plugin build on rnnexp's; one of Hydra's own, as submitit_slurm, has no file
        found = [(n, p if p.is_file() else plugins.base_file(self.group, n)) for n, p in beside]
        return [Choice(self.group, name, path) for name, path in found if path is not None]

    def jobs(self) -> int:
        """Of a preset: how many runs it makes; where it chooses lengths, in its first round."""
        return _product(self.sweep())

    @property
    def shown_jobs(self) -> str:
        """`12`, or `72 or more` where lengths are chosen in rounds."""
        sweeper = (self.values.get("hydra") or {}).get("sweeper") or {}
        return f"{self.jobs()}{' or more' * ('first' in sweeper)}"

    def sweep(self) -> dict[str, Any]:
        """Of a preset: the values of each setting that it varies, as written."""
        params: dict[str, Any] = {}
        for base in self.bases():
            params |= base.sweep()
        sweeper = (self.values.get("hydra") or {}).get("sweeper") or {}
        params |= sweeper.get("params") or {}
        if "first" in sweeper:  # lengths chosen in rounds, these in the first
            params[str(sweeper.get("setting", "seq_len"))] = ",".join(map(str, sweeper["first"]))
        return params


def _product(params: Mapping[str, Any]) -> int:
    count = 1
    for values in params.values():
        count *= len(str(values).split(","))
    return count


def choices(group: str) -> dict[str, Choice]:
    """The choices of a group by name, what is taken when nothing is said first."""
    files = plugins.option_files(group)
    default = defaults().get(group)
    first = [default] if isinstance(default, str) and default in files else []
    names = dict.fromkeys([*first, *files])
    return {name: Choice(group, name, files[name]) for name in names}


def groups() -> list[str]:
    """The groups of the configuration, in their order; presets are none of them."""
    return [group for group in defaults() if group != PRESETS]


def defaults() -> dict[str, Any]:
    """What is chosen in each group when nothing is said: a name, or a list of them."""
    entries = _config()["defaults"]
    pairs = (entry for entry in entries if isinstance(entry, Mapping))
    chosen = {str(group): value for entry in pairs for group, value in entry.items()}
    return {group: value for group, value in chosen.items() if not group.startswith("override ")}


def top_settings() -> Iterator[tuple[str, Any, str]]:
    """Name, value and comment of each setting that belongs to no group, `jobs.retry` among them."""
    text = (plugins.own_config_dir() / "config.yaml").read_text(encoding="utf-8")
    comments = dict(re.findall(r"^ *(\w+): [^#\n]*# *(.+)$", text, flags=re.M))
    for name, value in _config().items():
        if name in ("defaults", "hydra"):
            continue
        section = value if isinstance(value, Mapping) else {}
        for key, inner in section.items():
            yield f"{name}.{key}", inner, comments.get(key, "")
        if not section:
            yield name, value, comments.get(name, "")


@cache
def _config() -> dict[str, Any]:
    """conf/config.yaml, read once: it is asked for each group and choice."""
    return plugins.read_yaml(plugins.own_config_dir() / "config.yaml")


def shown(value: Any) -> str:
    """A setting's value as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
