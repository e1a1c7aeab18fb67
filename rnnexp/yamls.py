"""YAML files: bounded before anything is made of them, with errors that name the file.

Each alias of YAML stands for all that it names, so that a few lines can stand for any number of
values: `a: &a [x, x]`, `b: &b [*a, *a]`, and so on. They are counted as the parser goes through the
file, which makes nothing of them yet.
"""

from pathlib import Path
from typing import Any

import yaml

from rnnexp import bounds
from rnnexp.errors import DataError, first_line, short
from rnnexp.files import content_of

#: The one in C, where PyYAML was built with it: some ten times as fast.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a file holds. Raises DataError, which names it, for no YAML and for too much of it."""
    return yaml_value(content_of(path), path)


def yaml_value(content: bytes, path: Path) -> Any:
    """What the content of a file means; errors as `read_yaml`."""
    try:
        check_bounded(content)
        return yaml.load(content, LOADER)
    except yaml.YAMLError as error:
        raise DataError(f"{path} cannot be read ({short(' '.join(str(error).split()))})") from None
    except (ValueError, OverflowError, RecursionError) as error:
        # of a value that looks like a date or a number and is none, or of one that is too large
        raise DataError(f"{path} cannot be read ({first_line(error)})") from None


def check_file(path: Path) -> None:
    """Raise DataError for what is no file, and for one that stands for too much."""
    content = content_of(path)
    with path.open("rb") as file:
        if not content and file.read(1):  # Hydra, which reads it next, would not stop
            raise DataError(f"{path} is a file of the system, of no size and without an end")
    try:
        check_bounded(content)
    except yaml.YAMLError:  # told once it is read
        return
    except ValueError as error:
        raise DataError(f"{path} cannot be read ({error})") from None


def check_bounded(content: bytes) -> None:
    """Raise ValueError for more values, aliases followed, or deeper ones than a file may hold."""
    made = 0
    sizes: dict[str | None, int] = {}
    open_nodes: list[tuple[str | None, int]] = []  # the anchor of each, and how many were before it
    for event in yaml.parse(content, LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = made - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_nodes):
                raise ValueError(f"the value of &{event.anchor} holds itself")
            made += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.NodeEvent):
            made += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_nodes.append((event.anchor, made - 1))
            elif event.anchor is not None:
                sizes[event.anchor] = 1
        if made > bounds.MOST_VALUES:
            raise ValueError(f"it stands for more than {bounds.MOST_VALUES} values")
        if len(open_nodes) > bounds.MOST_LEVELS:
            raise ValueError(f"its values lie more than {bounds.MOST_LEVELS} levels deep")
