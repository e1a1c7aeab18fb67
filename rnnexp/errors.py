"""The errors a user can cause, shown as one line with exit status 2."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A setting, a file or a device that the user can put right."""


class ConfigError(UserError):
    """A setting: the message names its key."""


class DataError(UserError):
    """A file: the message names it, and the line where there is one."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """`; did you mean 'seq_len'?`, or the empty string where nothing valid is near `name`."""
    near = difflib.get_close_matches(name, list(valid), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


#: Weights are float32: a larger number is infinite to them.
LARGEST = 3.4e38


def finite(name: str, value: float) -> None:
    """Raise ValueError for what a float32 cannot hold."""
    if not -LARGEST < value < LARGEST:
        raise ValueError(f"{name} must be finite, within ±{LARGEST:g} (got {value})")


def at_least(name: str, value: float, minimum: float) -> None:
    """Raise ValueError unless value >= minimum (a NaN never is) and value is finite."""
    if not value >= minimum:
        raise ValueError(f"{name} must be at least {minimum} (got {value})")
    finite(name, value)


def more_than(name: str, value: float, bound: float) -> None:
    """Raise ValueError unless value > bound (a NaN never is) and value is finite."""
    if not value > bound:
        raise ValueError(f"{name} must be greater than {bound} (got {value})")
    finite(name, value)


def a_fraction(name: str, value: float) -> None:
    """Raise ValueError unless 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1 (got {value})")
