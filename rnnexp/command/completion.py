"""What can follow on a command line: verbs, groups, choices, settings, items of lists, runs.

It is asked at every TAB: files of choices are read and nothing is imported that takes its time;
Hydra itself is asked for what is Hydra's (`hydra...`), in half a second.
"""

import argparse
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rnnexp import plugins
from rnnexp.command.catalogue import CELLS, all_groups, entries
from rnnexp.command.choices import PRESETS, Choice, choices, defaults, groups, top_settings
from rnnexp.command.console import say
from rnnexp.command.named import directory
from rnnexp.command.output import JSON, QUIET
from rnnexp.command.shells import BASH_BREAKS, SCRIPTS, asked
from rnnexp.command.verbs import VERBS, parser_of
from rnnexp.config import ALL_PROBES, LISTS, PROBES, constructor_parameters
from rnnexp.dials import SECTIONS, Dials

#: Options of a command that trains; each is a whole word but for those that take a value.
OPTIONS = ("--multirun ", "--config-dir ", "--cfg ", "--resolve ", "--package ", "--info ",
           "--quiet ", "--json ", "--help ", "--hydra-help ", "--version ")  # fmt: skip
VALUES = {"--cfg": ("job ", "hydra ", "all "), "-c": ("job ", "hydra ", "all ")}
FOLDERS = ("--config-dir", "-cd")


def run_completion(words: Sequence[str]) -> None:
    """`--shell-completion install=bash` and the like. Raises ConfigError for other words."""
    what, shell = asked(words)
    if what != "query":
        say(SCRIPTS[shell][what == "uninstall"].rstrip())
        return
    logging.disable(logging.CRITICAL)
    try:
        with suppress(Exception):  # what is wrong is told by the command, not in the middle of it
            found = list(answer(os.environ.get("COMP_LINE", ""), shell))
            if found:
                say("\n".join(found))
    finally:  # a test, or a notebook, goes on
        logging.disable(logging.NOTSET)


def answer(line: str, shell: str) -> Iterator[str]:
    """The candidates for the end of a line, as the shell wants them."""
    typed = Typed.of(line)
    found = sorted(set(candidates(typed)))
    if not found and shell == "fish":
        found = sorted(_files(typed.word))
    if shell == "fish":  # which puts the blank by itself
        found = [candidate.rstrip() for candidate in found]
    cut = 0
    if shell == "bash" and not typed.quoted:
        cut = 1 + max(typed.word.rfind(sign) for sign in BASH_BREAKS)
    yield from (candidate[cut:] for candidate in found)


@dataclass(frozen=True)
class Typed:
    """A line up to the cursor: the words before, the one that is begun, whether inside quotes."""

    before: tuple[str, ...]
    word: str
    quoted: bool

    @classmethod
    def of(cls, line: str) -> "Typed":
        """Without the name of the program.

        >>> Typed.of("rnnexp model=rnn 'probes=[ga")
        Typed(before=('model=rnn',), word='probes=[ga', quoted=True)
        """
        words, quote, escaped = [""], "", False
        for sign in line.lstrip():
            if escaped or (quote and sign != quote):
                words[-1] += sign
                escaped = False
            elif quote:
                quote = ""
            elif sign in "'\"":
                quote = sign
            elif sign == "\\":
                escaped = True
            elif sign.isspace():
                words += [""] * bool(words[-1])
            else:
                words[-1] += sign
        return cls(tuple(words[1:-1]), words[-1] if len(words) > 1 else "", bool(quote))


def candidates(typed: Typed) -> Iterable[str]:
    """Whole words end with a blank; what may go on does not."""
    before, word = list(typed.before), typed.word
    if before and before[-1] in FOLDERS:
        return []  # a folder: the shell knows them
    words = [other for other in _without_folders(before) if other not in (*QUIET, *JSON)]
    if words and words[0] in VERBS:
        found = _of_verb(words[0], words[1:], word)
    elif words and words[-1] in VALUES:
        found = VALUES[words[-1]]
    elif word.startswith("-"):
        found = OPTIONS
    else:
        found = _overrides(words, word)
        if not words:
            found = [*(f"{verb} " for verb in VERBS), *found]
    return [candidate for candidate in found if candidate.startswith(word)]


def _without_folders(words: Sequence[str]) -> list[str]:
    """The other words; the packages of `--config-dir` are made known, as the command does."""
    rest, kept = list(words), []
    while rest:
        word = rest.pop(0)
        name, equals, folder = word.partition("=")
        if name not in FOLDERS:
            kept.append(word)
            continue
        with suppress(Exception):
            plugins.register(Path(folder if equals else rest.pop(0)))
    return kept


# -- settings and choices --------------------------------------------------------------------------


def _overrides(words: Sequence[str], word: str) -> list[str]:
    bare = word.lstrip("+~")
    sign = word[: len(word) - len(bare)]
    if bare.startswith(("hydra.", "hydra/")):
        from rnnexp.command.hydra_completion import of_hydra

        return of_hydra(words, word)
    key, equals, value = bare.partition("=")
    found = _values(words, key, value) if equals else _keys(words, key)
    return [f"{sign}{candidate}" for candidate in found]


def _keys(words: Sequence[str], key: str) -> list[str]:
    """Names of groups and settings; those of a section only once its dot is there."""
    names = [*groups(), PRESETS]
    if "." not in key:
        own = [name for name, _, _ in top_settings()]
        found = [f"{name}=" for name in names]
        found += [f"{name}=" for name in own if "." not in name]
        found += [f"{name.partition('.')[0]}." for name in own if "." in name]
        found += [f"{group}." for group in groups() if _settings(words, group)]
        return [*found, "hydra/launcher=", "hydra/sweeper=", "hydra."]
    section, _, _ = key.partition(".")
    if section in LISTS:
        chosen = _chosen(words, section)
        if key.count(".") == 1:
            return [f"{section}.{name}." for name in chosen]
        name = key.split(".")[1]
        return [f"{section}.{name}.{setting}=" for setting in _of_choice(section, name)]
    if section in groups():
        return [f"{section}.{setting}=" for setting in _settings(words, section)]
    return [f"{name}=" for name, _, _ in top_settings() if name.startswith(f"{section}.")]


def _values(words: Sequence[str], key: str, value: str) -> list[str]:
    """What may stand behind `key=`: of a list, or of several values, what may come next."""
    known = _known_values(words, key)
    head = value[: 1 + max(value.rfind("["), value.rfind(","))]
    taken = head.strip("[,").replace("[", "").split(",")
    return [f"{key}={head}{item}" for item in known if item not in taken]


def _known_values(words: Sequence[str], key: str) -> list[str]:
    if key in (*groups(), PRESETS):
        return [*choices(key), *([ALL_PROBES] if key == PROBES else [])]
    if key == "model.cell":
        return list(entries(CELLS))
    section, dot, name = key.rpartition(".")
    cls = SECTIONS.get(section) if dot else Dials
    if cls is not None:
        types = constructor_parameters(cls)
        default = {setting: value for setting, value, _ in top_settings()}.get(key)
        kind = types.get(name)
        literal = [str(part) for part in get_args(kind) if isinstance(part, str)]
        devices = ["auto", "cpu", "cuda", "mps"] if key == "device" else []
        return [*devices, *literal, *_of_value(default)]
    group, _, choice = section.partition(".")
    if group in LISTS and choice:
        return _of_value(_of_choice(group, choice).get(name))
    return _of_value(_settings(words, section).get(name)) if section in groups() else []


def _of_value(default: object) -> list[str]:
    """A switch has two values; of anything else the default shows how it is written."""
    if isinstance(default, bool):
        return ["true", "false"]
    return [] if default is None or isinstance(default, Mapping) else [str(default)]


def _settings(words: Sequence[str], group: str) -> Mapping[str, object]:
    """Name and default of each setting of whatever is chosen in the group."""
    found: dict[str, object] = {}
    for name in _chosen(words, group):
        found |= _of_choice(group, name)
    return found


def _of_choice(group: str, name: str) -> dict[str, object]:
    choice = choices(group).get(name)
    return {} if choice is None else {setting: value for setting, value, _ in choice.settings}


def _chosen(words: Sequence[str], group: str) -> list[str]:
    """What the words choose in a group, else what the preset does, else what is the default."""
    typed: list[str] = []
    presets: list[str] = []
    for word in words:
        key, _, value = word.lstrip("+").partition("=")
        names = [name for name in value.replace("[", "").replace("]", "").split(",") if name]
        if key == group:
            typed = [*typed, *names] if word.startswith("+") else names
        elif key == PRESETS:
            presets = names
    if ALL_PROBES in typed and group == PROBES:
        return list(choices(group))
    extended = any(word.startswith(f"+{group}=") for word in words)
    if typed and not extended:
        return typed
    standard = next(
        (chosen for name in presets if (chosen := _of_preset(name, group))), defaults().get(group)
    )
    return [*(standard if isinstance(standard, list) else [str(standard)]), *typed]


def _of_preset(name: str, group: str) -> object:
    preset: Choice | None = choices(PRESETS).get(name)
    if preset is None:
        return None
    swept = preset.sweep().get(group)
    if swept is not None:
        return str(swept).split(",")
    for entry in preset.values.get("defaults") or []:
        if isinstance(entry, Mapping):
            for key, value in entry.items():
                if str(key).removeprefix("override ").lstrip("/") == group:
                    return value
    return None


# -- verbs -----------------------------------------------------------------------------------------


def _of_verb(verb: str, words: Sequence[str], word: str) -> Iterable[str]:
    """Options of the verb, or what stands at this place."""
    parser = parser_of(verb)
    options = [option for action in parser._actions for option in action.option_strings]
    if word.startswith("-"):
        return [f"{option} " for option in options if option.startswith("--")]
    of_option = {o: a for a in parser._actions for o in a.option_strings}
    if words and words[-1] in of_option and of_option[words[-1]].nargs != 0:
        return []  # a file, or a number
    places = [action for action in parser._actions if not action.option_strings]
    position = sum(not other.startswith("-") for other in words)
    if not places:
        return []
    return _at(verb, places[min(position, len(places) - 1)], word)


def _at(verb: str, place: argparse.Action, word: str) -> Iterable[str]:
    if place.choices:
        return [f"{choice} " for choice in place.choices]
    if verb == "list":
        return [f"{group} " for group in all_groups()]
    if verb == "info":
        return _components(all_groups(), word)
    if verb == "verify":
        return _components(_verified(), word)
    if verb in ("study", "compare"):
        return [f"{path.name} " for path in sorted(Path("outputs/studies").glob("*/"))]
    if place.type is directory and not word.startswith(("/", ".", "~")):
        return [f"{path} " for path in sorted(Path("outputs").glob("*/*/"))]
    return []


def _verified() -> list[str]:
    """The kinds that `rnnexp verify` has checks of: their files are there, unread."""
    folder = Path(__file__).resolve().parents[1] / "checks" / "conformance"
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def _components(of: Iterable[str], word: str) -> list[str]:
    """`group/`, and once it is there `group/choice`."""
    within = [group for group in of if word.startswith(f"{group}/")]
    if not within:
        return [f"{group}/" for group in of]
    return [f"{group}/{name} " for group in within for name in entries(group)]


def _files(word: str) -> list[str]:
    """Files and folders whose path begins as the value does: for a shell that adds none itself."""
    key, equals, value = word.rpartition("=")
    place = Path(value).parent if value and not value.endswith("/") else Path(value or ".")
    prefix = f"{key}{equals}{value[: value.rfind('/') + 1]}"
    with suppress(OSError):
        return [
            f"{prefix}{path.name}{'/' * path.is_dir()}"
            for path in place.iterdir()
            if path.name.startswith(value[value.rfind("/") + 1 :])
        ]
    return []
