"""A file that is to be written where the user says: a new one, in a folder that is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rnnexp.durable import new_file
from rnnexp.errors import UserError


def check_is_new(*paths: Path) -> None:
    """Raise UserError, in the words of the option --to, for a file that cannot be written anew."""
    for path in paths:
        if path.exists() or path.is_symlink():
            raise UserError(
                f"{path} is there already and is not overwritten: give --to another name"
            )
        if not path.parent.is_dir():
            raise UserError(f"{path.parent}: there is no such folder to write {path.name} into")


@contextmanager
def new_table(to: Path) -> Iterator[TextIO]:
    """A text file to fill, which is there as a whole after the block, or not at all.

    Raises UserError where there is one, also where it has come there meanwhile.
    """
    check_is_new(to)
    try:
        with new_file(to) as file:
            yield file
    except FileExistsError:
        check_is_new(to)
        raise
