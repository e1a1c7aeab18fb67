"""What ends a command: an error that the user can put right (exit status 2), or SIGTERM."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A setting, a file or a device that the user can put right."""


class ConfigError(UserError):
    """A setting: the message names its key."""


class DataError(UserError):
    """A file: the message names it, and the line where there is one."""


class Terminated(BaseException):
    """SIGTERM: end in order, as with Ctrl-C."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """`; did you mean 'seq_len'?`, or the empty string where nothing valid is near `name`."""
    near = difflib.get_close_matches(name, list(valid), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
