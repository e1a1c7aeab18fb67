"""What runs and studies show, in numbers, tables, words and figures: one file per finding."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnexp.results.findings.base import Finding


def finding_types() -> "list[type[Finding]]":
    """All findings there are, in the order in which they are shown: a file here is one."""
    from rnnexp.results.findings.base import is_finding

    types = {
        value
        for module in _modules()
        for value in vars(module).values()
        if is_finding(value) and value.__module__ == module.__name__
    }
    return sorted(types, key=lambda kind: (kind.place, kind.name))


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(__path__, f"{__name__}."):
        yield importlib.import_module(info.name)
