"""What runs and studies show, in numbers, tables, words and figures: one file per finding."""

import logging
from typing import TYPE_CHECKING

from rnnexp import plugins
from rnnexp.errors import UserError

if TYPE_CHECKING:
    from rnnexp.results.findings.base import Finding

log = logging.getLogger(__name__)


def finding_types() -> "list[type[Finding]]":
    """All findings there are, in the order in which they are shown.

    A module in this folder, or in the folder `findings` of a plugin, adds those that it defines.
    One that cannot be imported, or whose name is taken, costs a line and none of the others.
    """
    from rnnexp.results.findings.base import is_finding

    by_name: dict[str, type[Finding]] = {}
    for module_name in plugins.module_names("findings"):
        try:
            module = plugins.load(module_name)
        except UserError as error:
            log.warning("%s", error)
            continue
        for value in vars(module).values():
            if not is_finding(value) or value.__module__ != module.__name__:
                continue
            if value.name in by_name:
                log.warning(
                    "the finding %s of %s is left out: %s has one of that name",
                    value.name, module_name, by_name[value.name].__module__,
                )  # fmt: skip
                continue
            by_name[value.name] = value
    return sorted(by_name.values(), key=lambda kind: (kind.place, kind.name))
