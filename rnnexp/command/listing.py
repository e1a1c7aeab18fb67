"""`rnnexp list [GROUP]`: what can be chosen, a line each, and who brought it."""

import argparse
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from rnnexp.command.console import say
from rnnexp.command.output import Output, output, tell

if TYPE_CHECKING:
    from rnnexp.command.catalogue import Entry

#: Of a page that nobody reads at a terminal lines are not broken, so that grep finds whole ones.
UNBROKEN = 10_000
#: A longer name has a line of its own.
WIDEST_NAME = 34


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", nargs="?", metavar="GROUP", help="one group, as model or probes")


def add_info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("choice", metavar="GROUP/CHOICE", help="as model/lstm or cells/gru")


def terminal_width(unbroken: int) -> int:
    """Columns of the terminal; `unbroken` where the output goes to a file or a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else unbroken


def run_list(arguments: argparse.Namespace) -> None:
    """Raises ConfigError for a group that is not there."""
    from rnnexp.command.catalogue import all_groups, entries

    asked = all_groups() if arguments.group is None else [arguments.group]
    found = {group: list(entries(group).values()) for group in asked}
    if output.get() is Output.JSON:
        tell({"choices": [as_json(entry) for group in found.values() for entry in group]})
        return
    width = terminal_width(UNBROKEN)
    say("\n\n".join(_page(group, listed, width) for group, listed in found.items()))
    if arguments.group is None:
        say("\nrnnexp info GROUP/CHOICE shows the settings of one, as in rnnexp info model/lstm")


def as_json(entry: "Entry") -> dict[str, object]:
    return {
        "group": entry.group,
        "name": entry.name,
        "type": entry.word,
        "summary": entry.summary,
        "default": entry.is_default,
        "source": entry.source,
        "file": str(entry.path),
    }


def _page(group: str, listed: "list[Entry]", width: int) -> str:
    from rnnexp.command.catalogue import purpose

    head = f"{group}: {purpose(group)}".rstrip(": ")
    names = [entry.word if group != "cells" else f"model.cell={entry.name}" for entry in listed]
    column = min(max(map(len, names), default=0), WIDEST_NAME) + 4
    lines = textwrap.wrap(head, width, subsequent_indent="  ")
    for name, entry in zip(names, listed, strict=True):
        first = f"  {name}"
        if len(first) > column - 2:
            lines, first = [*lines, first], ""
        notes = "(taken when nothing is said)" * entry.is_default
        brought = f"[{entry.source}]" * (entry.source != "rnnexp")
        text = " ".join(filter(None, [entry.summary, notes, brought])) or "-"
        lines += textwrap.wrap(
            text, max(width, column + 20), initial_indent=first.ljust(column),
            subsequent_indent=" " * column, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return "\n".join(lines)
