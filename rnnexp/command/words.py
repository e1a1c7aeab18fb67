"""What is wrong with the words of a command, in one line with the words to type instead."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from rnnexp import config as settings
from rnnexp.command import keys
from rnnexp.command.verbs import VERBS
from rnnexp.earlier import CHOICES, instead
from rnnexp.errors import ConfigError, UserError, did_you_mean, literal, to_type
from rnnexp.plugins import PRESETS

#: A name or a list of names; several of them, with commas between, for a study.
_LIST_OF_NAMES = re.compile(r"(\[[\w\s,]*\]|\w+)(,(\[[\w\s,]*\]|\w+))*")


def user_errors() -> tuple[type[Exception], ...]:
    """What a user can put right: exit status 2."""
    return (UserError, HydraException, OmegaConfBaseException)


# -- before Hydra reads them ----------------------------------------------------------------------


def readable(words: Sequence[str]) -> list[str]:
    """The words as Hydra can read them. Raises ConfigError for what it would misunderstand.

    A value that means nothing in Hydra's grammar, as `~/x.csv`, `a=b.csv`, `été` or
    `reviews (1).csv`, stands for itself: there is no other way to read it. One with a comma or a
    quote can be read in two, and is refused with the words for either.
    """
    valid = set(keys.valid_keys())
    return [_readable(word, valid) for word in words]


def _readable(word: str, valid: set[str]) -> str:
    key, equals, value = word.partition("=")
    if not word.startswith("~"):
        _check_word(word, key.lstrip("+"), equals, value, valid)
    _check_characters(word)
    if not equals:
        return word
    override = _parsed(word)
    if override is not None:
        _check_no_file_is_cut(override, key, value)
        return word
    if _parsed(f"{key}=0") is None:
        raise ConfigError(f"unknown setting '{key}'{keys.suggestion(key)}")
    if re.search(r"[,\"']", value):
        several = _several_texts(key, value)
        raise ConfigError(
            f"'{word}' cannot be read, since commas, quotes and brackets have a use of their own: "
            f"where they belong to the value, type {to_type(key, value)}"
            + (f"; for several values, {shlex.quote(several)}" if several else "")
        )
    return f"{key}={literal(value)}"


def _several_texts(key: str, value: str) -> str | None:
    """The word whose values are the texts between the commas; None where there are none."""
    pieces = value.split(",")
    if len(pieces) < 2 or not all(pieces) or '"' in value or "'" in value:
        return None
    readable = [p if _parsed(f"{key}={p}") else literal(p) for p in pieces]
    word = f"{key}={','.join(readable)}"
    return word if _parsed(word) is not None else None


def _parsed(word: str) -> Override | None:
    """What Hydra makes of a word, None where it means nothing to it."""
    try:
        return OverridesParser.create().parse_override(word)
    except (HydraException, ValueError, RecursionError):
        # ValueError: Python reads no number of more than some thousands of digits
        return None


def _check_word(word: str, key: str, equals: str, value: str, valid: set[str]) -> None:
    """Refuse what Hydra would answer with a traceback, and what has another name now."""
    if now := instead(key, value):
        raise ConfigError(f"{key} has another name now: type {now}")
    if not equals:
        if key in valid:
            raise ConfigError(f"'{key}' needs a value: {key}=...")
        if word in VERBS:
            raise ConfigError(f"a verb stands first: rnnexp {word} ...")
        verbs = ", ".join(VERBS)
        raise ConfigError(
            f"'{word}' is neither a setting (key=value) nor a verb ({verbs})"
            + did_you_mean(word, VERBS)
        )
    if (
        not key
        or (key in (*settings.GROUPS, PRESETS) and not value)
        or (key in settings.GROUPS and value == "null")
    ):
        raise ConfigError(f"'{word}' chooses nothing: write name=value")
    if key in settings.LISTS:
        _check_names(word, key, value)
    if word.startswith(f"+{settings.LOGGER}="):
        raise ConfigError(
            f"'{word}' adds to no list: write {word[1:]}, or several as in {_SEVERAL_LOGGERS}"
        )


def _check_characters(word: str) -> None:
    """Refuse what a line of a file cannot hold: a run's config.yaml begins with its words."""
    if word.splitlines() not in ([word], []):
        key, _, value = word.partition("=")
        whole, joined = Path(value).expanduser(), "".join(value.splitlines())
        way_out = f"type {_typed_again(key, joined)}"
        if value and _is_there(value):
            new = "".join(str(whole).splitlines())
            way_out = f"rename the file, mv {_in_ansi_quotes(str(whole))} {shlex.quote(new)}, and "
            way_out += f"type {to_type(key, new)}"
        kind = "a carriage return" if "\r" in word else "the end of a line"
        script = " (as in a script with Windows' ends of lines)" if word.endswith("\r") else ""
        raise ConfigError(f"{word!r} holds {kind}{script}: {way_out}")
    try:
        word.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(word).decode("utf-8", "backslashreplace")
        raise ConfigError(
            f"'{shown}' is no UTF-8: rename the file in letters of your terminal's encoding"
        ) from None


def _typed_again(key: str, value: str) -> str:
    """The setting for a shell: as it was typed where that can be read, else in quotes."""
    word = f"{key}={value}" if value else key
    return shlex.quote(word) if _parsed(word) is not None else to_type(key, value)


def _in_ansi_quotes(text: str) -> str:
    r"""For a shell, with `\r` and the like written out."""
    return "$'" + text.encode("unicode_escape").decode().replace("'", r"\'") + "'"


def _check_no_file_is_cut(override: Override, key: str, value: str) -> None:
    """Raise ConfigError where a comma makes several values of the name of a file that is there."""
    sweep = override.value()
    if not (isinstance(sweep, ChoiceSweep) and sweep.simple_form):
        return
    pieces = [str(piece) for piece in sweep.list]
    if _is_there(value) and not all(map(_is_there, pieces)):
        raise ConfigError(
            f"'{key}={value}' has several values, and there is a file of that name: for the file, "
            f"type {to_type(key, value)}"
        )


def _is_there(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError):  # no name of a file, or of nobody's folder
        return False


_SEVERAL_LOGGERS = "'logger=[tensorboard,mlflow]'"

#: What to write for several choices of a group of which a run has any number, and for all of them.
_EXAMPLES = {
    settings.PROBES: "'probes=[gradient_flow,gates]', or probes=all",
    settings.LOGGER: f"logger=tensorboard, or {_SEVERAL_LOGGERS}",
}


def _check_names(word: str, group: str, value: str) -> None:
    """Refuse what is no list of names, and one that holds both `none` and others."""
    names = re.findall(r"\w+", value)
    plain = all(name.isidentifier() and name != "null" for name in names)
    if not plain or not _LIST_OF_NAMES.fullmatch(value):
        what = "loggers" if group == settings.LOGGER else "probes"
        raise ConfigError(
            f"'{word}' names no {what}: write {_EXAMPLES[group]}, or {group}={settings.NONE}"
        )
    for listed in re.findall(r"\[(.*?)\]", value):
        chosen = re.findall(r"\w+", listed)
        if settings.NONE in chosen and set(chosen) != {settings.NONE}:
            others = ",".join(name for name in chosen if name != settings.NONE)
            raise ConfigError(
                f"'{word}' names {settings.NONE} beside others: write '{group}=[{others}]' or "
                f"{group}={settings.NONE}"
            )


# -- what Hydra says of them ----------------------------------------------------------------------


def has_several_values(error: Exception) -> bool:
    """Whether Hydra complains that a single run was given what only a study may have."""
    return "Ambiguous value for argument" in str(error)


def one_line(error: Exception) -> str:
    """What is wrong and the way out, without Hydra's layers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines)
    if "does not support sweep type" in text:
        return (
            "interval(...) and tag(...) are of a search: add hydra/sweeper=optuna, or give the "
            "values with commas between"
        )
    if match := re.search(r"Could not override '([^']+)'", text):
        key = match[1].lstrip("+")
        if key.startswith("hydra.sweeper."):
            return f"unknown setting '{key}': it may be one of hydra/sweeper=optuna, or =adaptive"
        return f"unknown setting '{key}'{keys.suggestion(key)}"
    if match := re.search(r"Ambiguous value for argument '(.+?)'\s+1\.", text):
        return _several_values(match[1])
    if match := re.search(r"Could not delete (?:from config\. )?'([^']+)'", text):
        return f"there is no '{match[1]}' to take away"
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read"
    if match := re.search(r"In '([^']+)/([^/']+)': .*Key '([^']+)' (?:is )?not in .*", text):
        return _preset_sets_too_much(f"{match[1]}={match[2]}", match[3], text)
    if match := re.search(r"Could not (?:find|load) 'hydra/launcher/(\w+)'", text):
        for name, way in _PACKAGES.items():
            if match[1].startswith(name):
                return f"hydra/launcher={match[1]} needs {way}"
    if match := re.search(r"Could not find '([^']+)/([^/']+)'(.*)", text):
        group, option = match[1], match[2]
        if now := CHOICES.get(f"{group}={option}"):
            return f"{group}={option} is called {now} now: type {now}"
        listed = match[3].partition(f"Available options in '{group}':")[2].split("Config search")[0]
        options = [name for name in listed.split() if not name.startswith("_")]
        return (
            f"{group}={option} is no option{did_you_mean(option, options)} "
            f"(there are {', '.join(options) or 'none'})"
        )
    noise = ("full_key:", "object_type", "reference_type", "provider=", "Config search path")
    return "; ".join(line for line in lines if not line.startswith(noise)) or type(error).__name__


#: What launchers of Hydra's need that may not be installed, by the beginnings of their names.
_PACKAGES = {
    "submitit_": "submitit: pip install 'rnnexp[slurm]'",
    "joblib": "hydra-joblib-launcher: pip install hydra-joblib-launcher",
    "ray": (
        "Ray, in an environment of its own (docs/launchers.md): pip install "
        "hydra-ray-launcher==1.2.2 'ray>=2.60'"
    ),
}


def _several_values(word: str) -> str:
    key, _, value = word.partition("=")
    line = f"{word} has several values: "
    if key == settings.LOGGER:
        return f"{line}for all of them type '{key}=[{value}]'"
    line += "add -m to run each of them as a study"
    if key == settings.PROBES:
        line += f", or to measure all of them in one run type '{key}=[{value}]'"
    if keys.takes_text(key.lstrip("+")):
        line += f", or for one value with a comma in it type {to_type(key, value)}"
    return line


def _preset_sets_too_much(preset: str, key: str, text: str) -> str:
    """A preset's setting of what another word of the command has put something else in place of."""
    if match := re.search(r"full_key: (\S+)", text):
        key = match[1]
    group = key.rpartition(".")[0].replace(".", "/")
    return (
        f"{preset} sets {key}, which the choice made of {group} has not: leave {group}=... out, or "
        "take the line out of the preset"
    )
