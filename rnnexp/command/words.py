"""What is wrong with the words of a command, in one line with the words to type instead."""

import re
from collections.abc import Sequence

from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from rnnexp import config as settings
from rnnexp.command.verbs import VERBS
from rnnexp.errors import ConfigError, UserError, did_you_mean

#: A name or a list of names; several of them, with commas between, for a study.
_PROBE_LIST = re.compile(r"(\[[\w\s,]*\]|\w+)(,(\[[\w\s,]*\]|\w+))*")


def user_errors() -> tuple[type[Exception], ...]:
    """What a user can put right: exit status 2."""
    return (UserError, HydraException, OmegaConfBaseException)


def check_words(words: Sequence[str]) -> None:
    """Refuse what Hydra would answer with a traceback."""
    keys = set(settings.valid_keys())
    for word in words:
        key, equals, value = word.lstrip("+").partition("=")
        if not equals and not word.startswith("~"):
            if key in keys:
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
            or (key in (*settings.GROUPS, "experiment") and not value)
            or (key in settings.GROUPS and value == "null")
        ):
            raise ConfigError(f"'{word}' chooses nothing: write name=value")
        if key == settings.PROBES and not word.startswith("~") and not _names_probes(value):
            raise ConfigError(
                f"'{word}' names no probes: write probes=[gradient_flow,gates], or all, or none"
            )


def _names_probes(value: str) -> bool:
    names = re.findall(r"\w+", value)
    plain = all(name.isidentifier() and name != "null" for name in names)
    return plain and _PROBE_LIST.fullmatch(value) is not None


def one_line(error: Exception) -> str:
    """What is wrong and the way out, without Hydra's layers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines)
    if match := re.search(r"Could not override '([^']+)'", text):
        key = match[1].lstrip("+")
        return f"unknown setting '{key}'{settings.suggestion(key)}"
    if match := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return f"{match[1]} has several values: add -m to run each of them as a study"
    if match := re.search(r"Could not delete (?:from config\. )?'([^']+)'", text):
        return f"there is no '{match[1]}' to take away"
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read: put quotes around special characters"
    if match := re.search(r"Could not find '([^']+)/([^/']+)'(.*)", text):
        group, option = match[1], match[2]
        listed = match[3].partition(f"Available options in '{group}':")[2].split("Config search")[0]
        options = [name for name in listed.split() if not name.startswith("_")]
        return (
            f"{group}={option} is no option{did_you_mean(option, options)} "
            f"(there are {', '.join(options) or 'none'})"
        )
    noise = ("full_key:", "object_type", "reference_type", "provider=", "Config search path")
    return "; ".join(line for line in lines if not line.startswith(noise)) or type(error).__name__
