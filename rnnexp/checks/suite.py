"""The conformance suite: every measurement against a case whose answer is known.

`rnnexp verify` runs it. Each check makes its own small network, measures it with the functions that
the probes use, and compares. A check is a function decorated with `check` in any file of this
folder: one file per measurement, found by being there.
"""

import importlib
import logging
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rnnexp import checks

log = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
Values = float | Array
#: A check's function: returns the expected and the measured values, a number each or equal shapes.
Compare = Callable[[], tuple[Values, Values]]


@dataclass(frozen=True)
class Result:
    """One comparison: where expected is an array, the element that is furthest off."""

    name: str
    expected: float
    measured: float
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # False for NaN


@dataclass(frozen=True)
class Check:
    """name: `measurement: case`. run: returns what is expected and what is measured.

    tolerance: the largest error allowed, |measured - expected|, where `relative` over |expected|.

    A check that raises has failed.
    """

    name: str
    tolerance: float
    relative: bool
    run: Compare

    def __str__(self) -> str:
        return self.name

    @property
    def measurement(self) -> str:
        return self.name.partition(":")[0]

    def result(self) -> Result:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                values = self.run()
            except Exception as error:
                log.warning("%s: %s: %s", self.name, type(error).__name__, error)
                values = (math.nan, math.nan)
        expected, measured = (np.asarray(value, dtype=np.float64).ravel() for value in values)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.abs(measured - expected)
            if self.relative:
                errors = errors / np.abs(expected)
        errors = np.where(np.isnan(errors), np.inf, errors)
        worst = int(errors.argmax())
        return Result(
            self.name,
            float(expected[worst]),
            float(measured[worst]),
            float(errors[worst]),
            self.tolerance,
        )


def check(name: str, tolerance: float, relative: bool = True) -> Callable[[Compare], Check]:
    """Make a check of a function that returns what is expected and what is measured."""
    return lambda run: Check(name, tolerance, relative, run)


def find_checks() -> list[Check]:
    """The checks of all files in this folder, by file in alphabetical order, then as they stand."""
    return [
        value
        for file in pkgutil.iter_modules(checks.__path__)
        for value in vars(importlib.import_module(f"{checks.__name__}.{file.name}")).values()
        if isinstance(value, Check)
    ]


def verify() -> Iterator[Result]:
    """The result of every check, one after the other."""
    for each in find_checks():
        yield each.result()


def table(results: list[Result]) -> str:
    """A line per check, and a last line that sums up."""
    width = max(66, *(len(result.name) for result in results))
    head = f"{'check':<{width}} {'expected':>13} {'measured':>13} {'error':>8} {'allowed':>8}"
    lines = [head, "-" * (len(head) + 6)]
    lines += [
        f"{r.name:<{width}} {r.expected:>13.7g} {r.measured:>13.7g} {r.error:>8.1e} "
        f"{r.tolerance:>8.0e}  {'pass' if r.passed else 'FAIL'}"
        for r in results
    ]
    failed = sum(not r.passed for r in results)
    lines.append(f"{len(results)} checks, " + (f"{failed} FAILED" if failed else "all passed"))
    return "\n".join(lines)
