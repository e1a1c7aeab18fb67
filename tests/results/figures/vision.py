"""How figures look without colours and to the colour-blind, and how far two colours then are apart.

Simulation: Machado, Oliveira & Fernandes 2009, A Physiologically-based Model for Simulation of
Color Vision Deficiency, at severity 1.0, in linear RGB. Distance: Euclidean in CIELAB (1976), under
D65; one that is just noticed, side by side, is 2.3.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

Array = npt.NDArray[np.float64]

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritanopia": np.array([
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip
#: Of sRGB.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = _TO_XYZ.sum(axis=1)

#: How far two lines of the same dashes and markers must be apart: as colours, and in lightness.
APART, LIGHTNESS = 18.0, 12.0


def lab(color: str, vision: Array) -> Array:
    """L*, a*, b* of a colour as it is seen."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _TO_XYZ @ np.clip(vision @ linear, 0, 1) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distances(one: str, other: str) -> dict[str, float]:
    """By vision; in greyscale that of the lightness."""
    apart = {
        name: float(np.linalg.norm(lab(one, vision) - lab(other, vision)))
        for name, vision in VISION.items()
    }
    eye = VISION["normal"]
    return apart | {"greyscale": abs(float(lab(one, eye)[0] - lab(other, eye)[0]))}


def confusable(one: str, other: str) -> list[str]:
    """To whom two colours look alike."""
    bound = {"greyscale": LIGHTNESS}
    return [v for v, d in distances(one, other).items() if d < bound.get(v, APART)]


def alike(canvas: Figure) -> Iterator[str]:
    """Pairs of named lines of a panel that somebody cannot tell apart."""
    for axes in canvas.axes:
        for one, other in itertools.combinations(_named(axes), 2):
            if _form(one) == _form(other) and one.get_label() != other.get_label():
                to = confusable(str(one.get_color()), str(other.get_color()))
                if to:
                    pair = f"{one.get_label()!r}, {other.get_label()!r}"
                    yield f"alike, but for a colour ({', '.join(to)}): {pair}"


def _named(axes: Axes) -> list[Line2D]:
    lines = [line for line in axes.get_lines() if np.size(line.get_ydata())]
    return [line for line in lines if (label := str(line.get_label())) and label[0] != "_"]


def _form(line: Line2D) -> tuple[str, str, str]:
    """What is left of a look without its colour."""
    marker = str(line.get_marker())
    face = "" if marker == "None" else str(line.get_markerfacecolor() == "white")
    dashes = str(line._unscaled_dash_pattern)  # type: ignore[attr-defined]
    return f"{line.get_linestyle()} {dashes}", marker, face
