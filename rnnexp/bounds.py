"""What fits this machine. Sizes that cannot are refused by arithmetic, before anything is made.

Refused is what provably cannot be held, not what is merely large: more bytes than all the memory
there is. What a run is, and what comes out of it, never depends on the machine's size.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

#: Bytes of a weight and its gradient, both float32: what training needs by any rule.
TRAINED = 4 + 4

#: Bytes of a whole number: of a token's id, or of an index.
WHOLE = 8

#: Layers of a recurrence. Each is made by itself, and a step passes through all of them.
MOST_LAYERS = 10_000

#: Names of classes and of tokens, which are made one by one.
MOST_NAMES = 1_000_000

#: Rows of metrics.csv.
MOST_ROWS = 1_000_000

#: Columns of a table: as many as a sheet of Excel can have.
MOST_COLUMNS = 16_384

#: Characters of a table's header: of names as long as people give them, those of so many columns.
MOST_HEADER = 64 * MOST_COLUMNS

#: Values in a YAML file, where each alias stands for all the values that it repeats.
MOST_VALUES = 100_000

#: Lists and mappings of a YAML file, one inside the other.
MOST_LEVELS = 50

#: Bytes that a row with two short cells takes while it is read, as measured: its line and its
#: fields as objects of Python. A file in which they repeat can be packed to a thousandth.
ROW = 400

#: How often a file may be packed: .csv.gz in a .zip is twice.
MOST_PACKED = 4

#: How often the bytes of a table lie in memory while it is read: themselves, as text, as lines, as
#: fields.
COPIES = 4

#: How many times its size a file may have once it is unpacked. Texts and numbers are packed to a
#: third or a tenth; what repeats itself can be packed to a thousandth.
MOST_RATIO = 200

#: Bytes up to which that does not matter: of a table, and of word vectors, read line by line.
LARGE, SMALL = 2**30, 10 * 2**20

#: Lines of it without anything.
MOST_BLANK = 10_000

#: Bytes of a line with a word and its vector.
MOST_LINE = 2**20

#: More threads than cores take turns; a few times as many are asked for where another machine's
#: numbers are to be had again.
THREADS_PER_CORE = 4


@cache
def memory() -> int:
    """Bytes of memory that this process may come to have."""
    return min([int(psutil.virtual_memory().total), *_control_group_limits()])


@cache
def cores() -> int:
    """How many threads the machine runs at a time."""
    return os.cpu_count() or 1


@cache
def own_cores() -> int:
    """As `cores`, of those that this process may use: a cluster hands out some of a machine's, and
    a container may have less of their time than all of it.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores()
    return max(1, min([there, *map(math.floor, _control_group_cores())]))


#: Where Linux says which control groups there are, and in which of them this process is.
GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def _control_group_limits(root: Path = GROUPS, own: Path = OWN_GROUPS) -> list[int]:
    """The memory limits of the Linux control groups that this process is in, as in a container."""
    files = _control_group_files("memory", ("memory.max", "memory.limit_in_bytes"), root, own)
    limits = []
    for file in files:
        try:
            limits.append(int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return [limit for limit in limits if limit > 0]


def _control_group_cores(root: Path = GROUPS, own: Path = OWN_GROUPS) -> list[float]:
    """How many cores' time the control groups leave to this process, each that limits it."""
    quotas = []
    for file in _control_group_files("cpu", ("cpu.max", "cpu.cfs_quota_us"), root, own):
        try:
            text = file.read_text(encoding="ascii")
            if file.name == "cpu.cfs_quota_us":
                text += file.with_name("cpu.cfs_period_us").read_text(encoding="ascii")
            quota, period = map(int, text.split())
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
        if quota > 0 and period > 0:
            quotas.append(quota / period)
    return quotas


def _control_group_files(
    controller: str, names: tuple[str, str], root: Path, own: Path
) -> list[Path]:
    """Where limits may stand. names: of the file, and of the file of the older kind of groups."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    new, old = names
    files = [root / new, root / controller / old]
    for line in lines:  # "0::/a/b", or "7:memory:/a/b" of the older kind
        _, controllers, group = line.split(":", 2)
        kinds = controllers.split(",")
        folder, name = (root, new) if not controllers else (root / controller, old)
        if not controllers or controller in kinds:
            inside = folder / group.lstrip("/")
            files += [place / name for place in (inside, *inside.parents) if root in place.parents]
    return files


def in_words(count: int) -> str:
    """A number of bytes, rounded.

    >>> in_words(25_270_000_000), in_words(1234), in_words(10**30)
    ('25 GB', '1.2 kB', '1000000000000 EB')
    """
    units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    power = min((len(str(count)) - 1) // 3, len(units) - 1)
    whole = count / 1000**power
    return f"{whole:.1f} {units[power]}" if power and whole < 10 else f"{whole:.0f} {units[power]}"


def fits(name: str, value: int, needed: int, what: str, there: int | None = None) -> None:
    """Raise ValueError, which begins with the setting's name, for more bytes than there are.

    what: what takes them, as in `test_count=9 examples take ...`. there: the bytes of another
    memory than the machine's own.
    """
    there = memory() if there is None else there
    if needed > there:
        raise ValueError(
            f"{name}={value}: {what} would take {in_words(needed)} of memory, and there is "
            f"{in_words(there)}"
        )


def at_most(name: str, value: int, most: int, why: str) -> None:
    """Raise ValueError, which begins with the setting's name, for more than a stated number."""
    if value > most:
        raise ValueError(f"{name} must be at most {most}: {why} (got {value})")


def threads(count: int) -> None:
    """Raise ValueError for far more threads than cores, with which starting them ends a process."""
    if count > (most := THREADS_PER_CORE * cores()):
        raise ValueError(
            f"threads must be at most {most} (got {count}): this machine has {cores()} cores, and "
            f"{THREADS_PER_CORE} threads for each are the most that are started"
        )


# -- weights ---------------------------------------------------------------------------------------


@dataclass
class _Weighed:
    """bytes_each: of a weight, with all that training keeps of it. bytes_made: of all so far."""

    bytes_each: int = TRAINED
    bytes_made: int = 0


_weighed: ContextVar[_Weighed | None] = ContextVar("_weighed", default=None)


@contextmanager
def weighing(bytes_each: int) -> Iterator[None]:
    """Inside the block `weights` counts all that are made, and each with its optimizer's moments.

    bytes_each: of a weight, its gradient and its moments.
    """
    token = _weighed.set(_Weighed(bytes_each))
    try:
        yield
    finally:
        _weighed.reset(token)


def weights(name: str, value: int, count: int) -> None:
    """Raise ValueError, which begins with the setting's name, for weights that cannot be held.

    A component calls it with the number of its weights before it makes them.
    """
    weighed = _weighed.get() or _Weighed()
    weighed.bytes_made += count * weighed.bytes_each
    kept = "weights and gradients" if weighed.bytes_each == TRAINED else "weights, gradients and "
    kept += "" if weighed.bytes_each == TRAINED else "the optimizer's moments"
    fits(name, value, weighed.bytes_made, kept)
