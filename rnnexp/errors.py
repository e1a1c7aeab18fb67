"""What ends a command: an error that the user can put right (exit status 2), or SIGTERM.

And what goes into its message: the nearest of the names there are, the words to type.
"""

import difflib
import re
import shlex
from collections.abc import Iterable

#: Characters of a message, and of what it quotes: a line that somebody reads.
LONGEST, LONGEST_WORD = 1000, 300

#: Of a longer text nothing is looked for in the middle.
_FAR_TOO_LONG = 100_000


def short(text: str) -> str:
    """A message that a terminal can show, whatever it quotes: a file's content can be megabytes.

    >>> short("a.csv has no column " + 9000 * "x")[-21:]
    '... (9000 characters)'
    """
    if len(text) <= LONGEST:
        return text
    if len(text) > _FAR_TOO_LONG:
        text = _without_middle(text, _FAR_TOO_LONG)
    text = re.sub(rf"\S{{{LONGEST_WORD + 1},}}", _shortened, text)
    return _without_middle(text, LONGEST)


def _shortened(word: re.Match[str]) -> str:
    return f"{word[0][: LONGEST_WORD // 2]}... ({len(word[0])} characters)"


def _without_middle(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end]} ... {text[-end:]}"


class UserError(ValueError):
    """A setting, a file or a device that the user can put right; its message is short."""

    def __init__(self, message: object = "") -> None:
        super().__init__(short(str(message)))


class ConfigError(UserError):
    """A setting: the message names its key."""


class DataError(UserError):
    """A file: the message names it, and the line where there is one."""


class DamagedError(DataError):
    """A file whose content is not what was written: the message names it and what to do."""


class StorageError(Exception):
    """A file that cannot be written, as on a full disk: the message names it."""


class JobFailed(Exception):
    """A job of a study that has no result: the message says why, and is shown as it is."""


class Terminated(BaseException):
    """SIGTERM: end in order, as with Ctrl-C."""


def first_line(error: BaseException) -> str:
    """What an error says, in one short line; empty where it says nothing."""
    return short((str(error).splitlines() or [""])[0])


#: Likeness from which a name is offered for another: `seq_length` is offered `seq_len` (0.82) and
#: `hidden` is offered `hidden_size` (0.71), but `max_len` is not offered `max_norm` (0.67).
NEAR = 0.7


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The one of `valid` that is most like `name`, capitals or not; None where none is near."""
    likeness = {
        other: difflib.SequenceMatcher(None, name.casefold(), other.casefold()).ratio()
        for other in valid
        if len(name) + len(other) <= 2 * LONGEST_WORD  # it takes the product of their lengths
    }
    best = max(likeness, key=lambda other: likeness[other], default=None)
    return best if best is not None and likeness[best] >= NEAR else None


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """`; did you mean 'seq_len'?`, or the empty string where nothing valid is near `name`."""
    near = nearest(name, valid)
    return f"; did you mean '{near}'?" if near is not None else ""


def to_type(key: str, value: str) -> str:
    """The setting in a form that can be pasted into a shell: the value is read as it stands.

    >>> print(to_type("data.path", "a, b.csv"))
    'data.path="a, b.csv"'
    """
    return shlex.quote(f"{key}={literal(value)}")


def literal(value: str) -> str:
    """A text so written that the command line's grammar reads it as that text.

    Quotes go around what the grammar has a use for (commas, brackets, `=`), what it does not know
    (accents, `#`, `~`) and what would be read as a number or as null.
    """
    if re.fullmatch(r"[A-Za-z0-9_./:@%+-]+", value) and not _is_number_or_constant(value):
        return value
    # a backslash counts as one, except before a quote and at the end
    inner = re.sub(r'(\\*)("|$)', lambda m: m[1] * 2 + ('\\"' if m[2] else ""), value)
    return f'"{inner}"'


def _is_number_or_constant(value: str) -> bool:
    """Whether the grammar reads the text as another value than a text."""
    try:
        float(value)
    except ValueError:
        return value.casefold() in ("null", "true", "false")
    return True
