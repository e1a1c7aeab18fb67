"""Bars on a terminal for what takes longer than people like to wait without a word."""

import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from tqdm import tqdm

#: Whether a terminal shows bars: not of the jobs of a study, which has one line for all.
bars_shown: ContextVar[bool] = ContextVar("bars_shown", default=True)

#: Seconds before a bar is drawn: what is done sooner draws none.
PATIENCE = 2.0


def no_bar() -> bool | None:
    """What tqdm calls `disable`: None draws a bar on a terminal alone."""
    return None if bars_shown.get() and sys.stderr is not None else True


def slow_bar(
    what: str, unit: str, items: Iterable[Any] | None = None, total: int | None = None
) -> "tqdm[Any]":
    """A bar on standard error, on a terminal alone, once `PATIENCE` seconds have passed.

    what: what is going on, said before it. unit: what is counted; in bytes where it is `B`.
    items: to go through; without any, `update` says how many are done. total: how many there are.
    """
    options: dict[str, Any] = {"unit_scale": True, "unit_divisor": 1024} if unit == "B" else {}
    bar: tqdm[Any] = tqdm(
        items,
        desc=what,
        unit=unit,
        total=total,
        delay=PATIENCE,
        leave=False,
        disable=no_bar(),
        **options,
    )
    return bar
