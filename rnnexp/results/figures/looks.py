"""Looks: colour, dashes and marker of the lines of a figure, of which no two are alike.

A model has one colour in all figures; its variants differ in shade, dashes and marker, so that a
figure holds in greyscale too. Lines that are no models (classes, gates, blocks of weights) have
colours that no model has. The models' colours are those of Okabe and Ito (2008), the others those
of Paul Tol's "muted" scheme, all told apart by the colour-blind.
"""

import colorsys
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from matplotlib.colors import to_hex, to_rgb

from rnnexp.results.models import shown_model, spare_place

#: Of models that declare none, in turn; then hues that lie as far apart as can be.
_SPARE = ("#E69F00", "#8B5A2B", "#5D3A9B", "#000000")
#: Of what is no model.
_OTHERS = ("#332288", "#999933", "#882255", "#44AA99", "#CC6677", "#117733", "#AA4499")
#: Markers that models have which declare their place; others have those behind.
DECLARED = 20
_GOLDEN_RATIO = 0.618034


@dataclass(frozen=True)
class Look:
    """dash: a line style of matplotlib. marker: one of its own, or (corners, kind, angle).

    first: where a line of many points has its first marker, as a share of the panel's diagonal.
    """

    color: str
    dash: Any
    marker: Any
    first: float = 0.0

    @property
    def line(self) -> dict[str, Any]:
        """The arguments of a line of many points: a marker here and there, by which it is told from
        others without colours.
        """
        return {
            "color": self.color, "linestyle": self.dash, "marker": self.marker,
            "markevery": (self.first, 0.25), "markersize": 4.5,
        }  # fmt: skip

    @property
    def points(self) -> dict[str, Any]:
        """The arguments of a line with markers."""
        return {"color": self.color, "linestyle": self.dash, "marker": self.marker}


def look(model: str, variant: int = 0) -> Look:
    """The look of a model's `variant`-th line, from 0: the model's colour, its own dashes."""
    place = shown_model(model).place
    first = int(place) - 1 if place < float("inf") else DECLARED + spare_place(model)
    return Look(
        _shade(_color(model), variant), _dash(variant), marker(first + 6 * variant),
        _first(first + 6 * variant),
    )  # fmt: skip


def looks_of(models: Sequence[str]) -> list[Look]:
    """The looks of a figure's lines, by their models: the second of a model is its variant."""
    return [look(model, list(models[:place]).count(model)) for place, model in enumerate(models)]


def other_look(index: int) -> Look:
    """The look of the `index`-th line, from 0, of lines that are no models."""
    colors = len(_OTHERS)
    # the first 28 pairs of seven colours and four dashes are all different
    dash = index % 4 + 4 * (index // (4 * colors))
    return Look(_OTHERS[index % colors], _dash(dash), marker(index), _first(index))


def _first(index: int) -> float:
    """Markers of lines that lie on each other stand beside each other."""
    return 0.03 + 0.055 * (index % 4)


def _color(model: str) -> str:
    declared = shown_model(model).color
    if declared:
        return declared
    place = spare_place(model)
    if place < len(_SPARE):
        return _SPARE[place]
    return to_hex(colorsys.hls_to_rgb(place * _GOLDEN_RATIO % 1, 0.38, 0.55))


def _shade(color: str, variant: int) -> str:
    """The colour itself, a darker one, a lighter one, and again."""
    towards, share = ((0.0, 0.0), (0.0, 0.5), (1.0, 0.4))[variant % 3]
    red, green, blue = (part + share * (towards - part) for part in to_rgb(color))
    return to_hex((red, green, blue))


@cache
def _dash(index: int) -> Any:
    """Solid, dashed, dotted, then patterns of strokes and dots, each unlike all others."""
    if index == 0:
        return "-"
    pattern = next(itertools.islice(_patterns(), index - 1, None))
    return 0, tuple(length for stroke in pattern for length in (4.0 if stroke else 1.0, 1.6))


def _patterns() -> Iterator[tuple[int, ...]]:
    """Sequences of strokes (1) and dots (0) of which none is another one begun elsewhere or
    repeated (Lyndon words), the shortest first.
    """
    yield (1,)
    yield (0,)
    for length in itertools.count(2):
        for word in itertools.product((0, 1), repeat=length):
            if all(word < word[start:] + word[:start] for start in range(1, length)):
                yield word


def marker(index: int) -> Any:
    """The `index`-th marker, from 0, of which no two are alike."""
    known = ("o", "s", "^", "D", "v", "X", "P", "*", "h", "d", "<", ">")
    if index < len(known):
        return known[index]
    # stars and polygons of ever more corners
    corners, kind = divmod(index - len(known), 2)
    return (corners + 7, 1 - kind, 0)
