"""Whose code a run may bring along. Never imports torch.

A run's config.yaml names the classes that it is made of, and to build them is to import their
modules, which may do anything at all. A run may come from somebody else: what it names is imported
where it is rnnexp's own or an installed plugin's (or one that the command names with --config-dir),
and otherwise where the user says that it is trusted. What the words of a command name needs no
leave: the user has typed it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rnnexp import plugins
from rnnexp.errors import ConfigError


def refuse_foreign_targets(config: Mapping[str, Any], where: Path) -> None:
    """Raise ConfigError for code that is neither rnnexp's nor a known plugin's; imports none of it.

    config: a configuration that was read from the file `where`.
    """
    known = ("rnnexp", *plugins.packages())
    for key, target in _targets(config):
        if not (isinstance(target, str) and _lies_in(target, known)):
            module = str(target).rpartition(".")[0] or str(target)
            raise ConfigError(
                f"{where}: {key}={target} is code of neither rnnexp nor an installed plugin, and "
                f"was not run: if you trust the code in {module}, add --trust (in Python, "
                "trust=True)"
            )


def has_foreign_targets(config: Mapping[str, Any]) -> bool:
    """Whether a configuration names code that is not rnnexp's own."""
    return not all(_lies_in(str(target), ("rnnexp",)) for _, target in _targets(config))


def _lies_in(target: str, packages: tuple[str, ...]) -> bool:
    is_name = all(part.isidentifier() for part in target.split("."))
    return is_name and any(target.startswith(f"{package}.") for package in packages)


def _targets(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every `_target_` of a configuration, by its dotted key, wherever it stands."""
    seen = set()
    rest: list[tuple[str, Any]] = [("", config)]
    while rest:
        prefix, node = rest.pop()
        if not isinstance(node, Mapping | list) or id(node) in seen:
            continue
        seen.add(id(node))  # what YAML's aliases repeat is looked at once
        items = node.items() if isinstance(node, Mapping) else enumerate(node)
        for name, value in items:
            if name == "_target_":
                yield f"{prefix}{name}", value
            rest.append((f"{prefix}{name}.", value))
