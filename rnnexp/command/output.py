"""How much a command says: all of it, `--quiet`, or `--json`.

With --quiet and with --json nothing is said on the way, and only warnings and errors go to standard
error. Standard output then has what a script asks for: the path of what was made, or one JSON
object. What a component prints there goes to standard error.
"""

import contextlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

from rnnexp.errors import ConfigError
from rnnexp.printable import printable


class Output(Enum):
    FULL = "full"
    QUIET = "quiet"
    JSON = "json"


#: What the options are called.
QUIET, JSON = ("--quiet", "-q"), ("--json",)

#: What --help says of each.
QUIET_HELP = "no progress and no tables: only warnings, errors, and the path of what was made"
JSON_HELP = "for programs: one JSON object on standard output, all else on standard error"

#: How much this command says. A job in a worker is told by its command.
output: ContextVar[Output] = ContextVar("output", default=Output.FULL)

#: What the object of --json holds so far, and what --quiet prints.
_values: dict[str, Any] = {}
_paths: list[str] = []


def is_full() -> bool:
    """Whether what happens is told on the way."""
    return output.get() is Output.FULL


def asked(words: Sequence[str]) -> tuple[Output, list[str]]:
    """What the words ask for, and the others; what stands behind `--` is no option.

    Raises ConfigError where both are asked for.

    >>> asked(["-q", "model=rnn"])
    (<Output.QUIET: 'quiet'>, ['model=rnn'])
    """
    end = list(words).index("--") if "--" in words else len(words)
    options: list[str] = []
    others: list[str] = []
    for place, word in enumerate(words):
        is_option = place < end and word in (*QUIET, *JSON)
        (options if is_option else others).append(word)
    for word in words[:end]:
        name, equals, _ = word.partition("=")
        if equals and name in (*QUIET, *JSON):
            raise ConfigError(f"{name} takes no value: write {name}")
    quiet, as_json = (any(word in names for word in options) for names in (QUIET, JSON))
    if quiet and as_json:
        raise ConfigError("--quiet and --json contradict each other: leave one of them out")
    return Output.QUIET if quiet else Output.JSON if as_json else Output.FULL, others


@contextmanager
def saying(how: Output) -> Iterator[None]:
    """Inside the block a command says so much; standard output is its own alone."""
    from rnnexp.bars import bars_shown  # at every TAB a command is begun, and draws none

    said, bars = output.set(how), bars_shown.set(bars_shown.get() and how is Output.FULL)
    try:
        if how is Output.FULL:
            yield
        else:
            with contextlib.redirect_stdout(sys.stderr):
                yield
    finally:
        bars_shown.reset(bars)
        output.reset(said)


# -- what a script gets ---------------------------------------------------------------------------


def tell(values: Mapping[str, Any]) -> None:
    """Add to the object that --json prints."""
    _values.update(values)


def made(*paths: object) -> None:
    """Add to what --quiet prints: a line for each path."""
    _paths.extend(map(str, paths))


def forget() -> None:
    """What an earlier command of this process has told."""
    _values.clear()
    _paths.clear()


def for_script(how: Output) -> str:
    """All of it. As strict JSON in ASCII: any encoding and any reader takes it."""
    if how is Output.JSON:
        return json.dumps(strict(_values), indent=1, allow_nan=False)
    return printable("\n".join(_paths))


def strict(value: Any) -> Any:
    """As JSON has it: null for what is no finite number, text for what JSON does not know.

    >>> from pathlib import Path
    >>> strict({"loss": float("nan"), "path": Path("a"), "ends": (0.5, float("inf"))})
    {'loss': None, 'path': 'a', 'ends': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [strict(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str):  # a number of numpy's
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
