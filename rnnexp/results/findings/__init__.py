"""What runs and studies show, in numbers, tables, words and figures: one file per finding."""

from typing import TYPE_CHECKING

from rnnexp import plugins
from rnnexp.errors import UserError

if TYPE_CHECKING:
    from rnnexp.results.findings.base import Finding


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
            plugins.say_once(str(error))
            continue
        for value in vars(module).values():
            if not is_finding(value) or value.__module__ != module.__name__:
                continue
            if value.name in by_name:
                plugins.say_once(
                    f"the finding {value.name} of {module_name} is left out: "
                    f"{by_name[value.name].__module__} has one of that name"
                )
                continue
            by_name[value.name] = value
    return sorted(by_name.values(), key=lambda kind: (kind.place, kind.name))
