"""How models are shown: printed name, colour and place, as their files in conf/model/ declare them.

A line `#: print NAME | color #RRGGBB | place N` at the top of conf/model/MODEL.yaml declares them;
each part, and the line, may be missing. A model without one is printed as it is typed, follows the
others, and has the next colour that nobody else has.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rnnexp import plugins


@dataclass(frozen=True)
class ShownModel:
    """printed: in a figure. color: declared, else None. place: in tables and legends."""

    printed: str
    color: str | None = None
    place: float = float("inf")


def shown_model(name: str) -> ShownModel:
    """Of a model that has no file here, as one of somebody else's run, the name alone is known."""
    path = plugins.option_files("model").get(name)
    return _declared(path) if path else ShownModel(name)


def spare_place(name: str) -> int:
    """A number for a model that declares no colour, another one for each such model.

    Counted among the files of conf/model/ and of plugins; a model that has no file gets a number
    behind them, made of its name, so that it is the same in every figure.
    """
    undeclared = [
        model for model, path in plugins.option_files("model").items() if not _declared(path).color
    ]
    if name in undeclared:
        return undeclared.index(name)
    return len(undeclared) + hashlib.sha256(name.encode()).digest()[0]


@cache
def _declared(path: Path) -> ShownModel:
    shown = ShownModel(path.stem)
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#:"):
            continue
        parts = dict(part.split(None, 1) for part in line.removeprefix("#:").split("|"))
        shown = ShownModel(
            parts.get("print", path.stem).strip(),
            parts["color"].strip() if "color" in parts else None,
            float(parts.get("place", "inf")),
        )
    return shown
