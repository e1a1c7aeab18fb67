"""For the reference pages: the examples of a docstring as a block of code, as Markdown has it."""

import re
from typing import Any

import griffe

#: Lines of an example, and what they print, up to an empty line.
EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?! *\n).+)*", re.M)


def fenced(docstring: str) -> str:
    """The docstring with ```` ```pycon ```` around each example."""
    return EXAMPLE.sub(lambda found: f"\n```pycon\n{found[0]}\n```\n", docstring)


class DoctestBlocks(griffe.Extension):
    """Changes each docstring as it is read."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
