"""What the fault tests share: how many faults are tried, and the table of what came of them.

`make test` tries a few of each kind; `make torture` (RNNEXP_TORTURE=1) as many as
docs/how-to/resume.md names, and prints the counts.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

TORTURE = os.environ.get("RNNEXP_TORTURE") == "1"

#: Where each test adds its counts, a line of JSON each; `make torture` names it.
COUNTS = os.environ.get("RNNEXP_COUNTS")


def amount(short: int, long: int) -> int:
    """How many faults to try: `short` in `make test`, `long` in `make torture`."""
    return long if TORTURE else short


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Counts for the table: `tally("SIGKILLs of a run", tried=200, differing=0)`."""

    def add(what: str, **counts: int) -> None:
        if COUNTS is not None:
            with Path(COUNTS).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"what": what, **counts}) + "\n")

    return add
