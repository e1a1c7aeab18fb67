"""`rnnexp info GROUP/CHOICE`: what a choice is, where it comes from, and each of its settings."""

import argparse
import inspect
import logging
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rnnexp import plugins
from rnnexp.command.catalogue import CELLS, Entry, find
from rnnexp.command.choices import PRESETS, shown
from rnnexp.command.console import say
from rnnexp.command.constructors import Described, described, docstring_without_settings
from rnnexp.command.listing import as_json, terminal_width
from rnnexp.command.output import Output, output, tell
from rnnexp.config import LISTS
from rnnexp.errors import first_line

log = logging.getLogger(__name__)

#: Columns of a page that no terminal shows.
WIDTH = 98


@dataclass(frozen=True)
class Setting:
    """name: as it is typed. value: when nothing is said. Empty: nobody says it."""

    name: str
    value: Any
    kind: str
    ranges: str
    meaning: str


def run_info(arguments: argparse.Namespace) -> None:
    """Raises ConfigError for a choice that is not there."""
    entry = find(arguments.choice)
    cls = _class_of(entry)
    settings = _settings(entry, cls)
    if output.get() is Output.JSON:
        facts = as_json(entry) | {
            "description": _description(entry),
            "class": entry.target,
            "docstring": inspect.getdoc(cls) if cls else None,
            "settings": [asdict(setting) for setting in settings],
        }
        if entry.group == PRESETS:
            facts["varies"] = entry.choice.sweep()
        tell(facts)
        return
    say(_page(entry, cls, settings, min(terminal_width(WIDTH), WIDTH)))


def _class_of(entry: Entry) -> type | None:
    """The class that the choice names; None, and a line on why, where it cannot be imported."""
    if entry.target is None:
        return None
    module, _, name = entry.target.rpartition(".")
    try:
        found = getattr(plugins.load(module), name)
    except Exception as error:  # a plugin's module may do anything
        log.warning(
            "what %s says of its settings is not shown: %s", entry.target, first_line(error)
        )
        return None
    return found if isinstance(found, type) else None


def _description(entry: Entry) -> str:
    return entry.summary if entry.group == CELLS else entry.choice.description


def _settings(entry: Entry, cls: type | None) -> list[Setting]:
    """What its files set, in their order; of a cell the arguments of its constructor."""
    said = described(cls) if cls else {}
    nothing = Described("", "", "")
    if entry.group == CELLS:
        assert cls is not None or not said
        defaults = _defaults(cls) if cls else {}
        return [
            Setting(f"model.cell_options.{name}", defaults.get(name), d.kind, d.ranges, d.meaning)
            for name, d in said.items()
        ]
    if entry.group == PRESETS:
        return [Setting(name, value, "", "", "") for name, value in _preset(entry)]
    prefix = f"{entry.group}.{entry.name}" if entry.group in LISTS else entry.group
    found = []
    for name, value, comment in entry.choice.settings:
        d = said.get(name, nothing)
        meaning = max(comment, d.meaning, key=len)  # the fuller one: both say the same
        found.append(
            Setting(f"{prefix.replace('/', '.')}.{name}", value, d.kind, d.ranges, meaning)
        )
    return found


def _defaults(cls: type) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def _preset(entry: Entry) -> list[tuple[str, Any]]:
    """What it chooses, and what it sets."""
    values = dict(entry.choice.values)
    found: list[tuple[str, Any]] = []
    for item in values.pop("defaults", []):
        if isinstance(item, Mapping):
            found += [
                (str(group).removeprefix("override ").lstrip("/"), chosen)
                for group, chosen in item.items()
            ]
    values.pop("hydra", None)
    found += _leaves(values)
    return found


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found += _leaves(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found


# -- the page --------------------------------------------------------------------------------------


def _page(entry: Entry, cls: type | None, settings: list[Setting], width: int) -> str:
    parts = [entry.word, _wrapped(f"{_description(entry)}.".replace("..", "."), width)]
    place = [f"from {entry.source}: {entry.path}"]
    if entry.target:
        place.append(f"class {entry.target}")
    parts.append("\n".join(place))
    if cls is not None:
        names = [setting.name.rpartition(".")[2] for setting in settings]
        if text := docstring_without_settings(cls, names):
            parts.append("\n\n".join(_reflowed(part, width) for part in text.split("\n\n")))
    if entry.group == PRESETS:
        jobs = entry.choice.shown_jobs
        parts.append(f"It makes {jobs} run{'s' * (jobs != '1')}.")
    if settings:
        head = "what it sets:" if entry.group == PRESETS else "settings (value when not set):"
        parts.append("\n".join([head, *_lines(settings, width)]))
    elif entry.group != PRESETS:
        parts.append("It has no settings.")
    if entry.group == PRESETS and (varied := entry.choice.sweep()):
        words = [f"  {name}={shown_value(values)}" for name, values in varied.items()]
        parts.append("\n".join(["what it varies, a run for each combination:", *words]))
    return "\n\n".join(filter(None, parts))


def _lines(settings: list[Setting], width: int) -> list[str]:
    """The setting with its value, its type and range beside them, its meaning below."""
    words = [f"{setting.name}={shown_value(setting.value)}" for setting in settings]
    column = min(max(map(len, words)), width // 2)
    lines = []
    for word, setting in zip(words, settings, strict=True):
        kind = ", ".join(filter(None, [setting.kind, setting.ranges]))
        first = f"  {word.ljust(column)}  "
        lines += textwrap.wrap(
            kind, width, initial_indent=first, subsequent_indent=" " * (column + 4)
        ) or [first.rstrip()]
        lines += textwrap.wrap(
            setting.meaning, width, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
    return lines


def shown_value(value: Any) -> str:
    """As the command line takes it: lists and settings in brackets and braces without blanks."""
    if isinstance(value, Mapping):
        inner = ",".join(f"{key}:{shown_value(inner)}" for key, inner in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(shown_value, value))}]"
    return shown(value)


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False)


def _reflowed(paragraph: str, width: int) -> str:
    """Prose in lines of that width; lines with an indent, as those of equations, as they are."""
    lines = paragraph.splitlines()
    if any(line.startswith(" ") for line in lines):
        return paragraph
    return _wrapped(" ".join(lines), width)
