"""The recurrent cells, a file each.

A module that defines a `Cell` adds one by being here, or in the folder `cells` of a plugin.
"""

import inspect
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from rnnexp import plugins
from rnnexp.config import checked_arguments
from rnnexp.errors import ConfigError, did_you_mean
from rnnexp.model.cells.base import Cell


def cells() -> Mapping[str, type[Cell]]:
    """Every cell by its name, in alphabetical order.

    Raises ValueError for a cell without a name, for two of one name, and for one whose carry gate,
    input gate or candidate is none of its blocks; such a one of an installed plugin costs a line.

    >>> "lstm" in cells()
    True
    """
    by_name: dict[str, type[Cell]] = {}
    for module in plugins.modules("cells"):
        for cell in _defined_in(module):
            try:
                name = _checked_name(cell, by_name)
            except ValueError as error:
                plugins.forgive(module.__name__, error)
                continue
            by_name[name] = cell
    return dict(sorted(by_name.items()))


def _checked_name(cell: type[Cell], by_name: Mapping[str, type[Cell]]) -> str:
    name = getattr(cell, "name", None)
    where = f"{cell.__module__}.{cell.__name__}"
    if not isinstance(name, str):
        raise ValueError(f"cell {where} has no name: give the class one, as name = 'mine'")
    if name in by_name:
        raise ValueError(
            f"cell '{name}' is defined twice: in {by_name[name].__module__} and in "
            f"{cell.__module__}"
        )
    blocks = getattr(cell, "blocks", ())
    for role in ("candidate", "carry", "input_gate"):
        block = getattr(cell, role, None)
        if block not in blocks and (block is not None or role == "candidate"):
            raise ValueError(
                f"cell '{name}' ({where}): its {role} must be one of its blocks "
                f"{', '.join(blocks)} (got {block})"
            )
    return name


def make_cell(name: str, **options: Any) -> Cell:
    """The cell of that name, with those of the options that its constructor takes.

    Raises ValueError for a name that no cell has, for an option that the cell does not take, unless
    the value is the default of the cells that do take it, and for a value of another type or range.

    >>> make_cell("rnn", nonlinearity="relu").activation
    'relu'
    """
    known = cells()
    if name not in known:
        near = did_you_mean(name, known)
        raise ValueError(f"cell must be one of {', '.join(known)} (got {name}){near}")
    taken = inspect.signature(known[name]).parameters
    for option, value in options.items():
        if option in taken:
            continue
        defaults = {
            other: parameters[option].default
            for other, cell in known.items()
            if option in (parameters := inspect.signature(cell).parameters)
        }
        if not defaults:
            near = did_you_mean(option, taken)
            raise ValueError(f"cell_options.{option} is no setting of model.cell={name}{near}")
        if value not in defaults.values():
            owners = " or ".join(f"model.cell={other}" for other in defaults)
            raise ValueError(f"{option}={value} needs {owners} (got {name})")
    given = {option: value for option, value in options.items() if option in taken}
    try:
        return known[name](**checked_arguments(known[name], given, ""))
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _defined_in(module: ModuleType) -> Iterator[type[Cell]]:
    """The cells that the module itself defines: not what it imports, nor what is abstract."""
    classes = [value for value in vars(module).values() if inspect.isclass(value)]
    for cls in classes:
        own = cls.__module__ == module.__name__
        if own and issubclass(cls, Cell) and not inspect.isabstract(cls):
            yield cls
