"""Names beside lines: near where the lines end, apart from each other, legible."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch

from rnnexp.results.figures import direct_labels, looks, style
from rnnexp.results.figures.direct_labels import readable, spread
from tests.results.figures import vision
from tests.results.figures.test_layout import overlap


def test_boxes_that_have_room_stay_and_others_are_moved_as_little_as_can_be() -> None:
    assert spread([1.0, 5.0, 9.0], [1.0, 1.0, 1.0], 0, 10) == [1.0, 5.0, 9.0]
    # least squares: two that want the same place stand about it
    assert spread([5.0, 5.0], [2.0, 2.0], 0, 10) == [4.0, 6.0]
    assert spread([9.9, 9.9], [2.0, 2.0], 0, 10) == [7.0, 9.0]
    assert spread([5.0, 5.0, 5.0], [2.0, 2.0, 2.0], 4, 6) == [3.0, 5.0, 7.0]  # no room: centred
    assert spread([], [], 0, 1) == []


@pytest.mark.parametrize("seed", range(5))
def test_no_two_boxes_overlap(seed: int) -> None:
    draw = np.random.default_rng(seed)
    wanted, heights = draw.uniform(0, 100, 12), draw.uniform(2, 8, 12)
    places = np.array(spread(wanted.tolist(), heights.tolist(), 0, 100))
    low, high = places - heights / 2, places + heights / 2
    assert low.min() >= -1e-9
    assert high.max() <= 100 + 1e-9
    for i, j in itertools.combinations(range(12), 2):
        assert min(high[i], high[j]) - max(low[i], low[j]) <= 1e-9
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) > 0).all()


@pytest.mark.parametrize("color", ["#E8C060", "#56b4e9", "#000000", "#ffffff", "#cc79a7"])
def test_letters_are_dark_enough_for_white(color: str) -> None:
    lightness = vision.lab(readable(color), vision.VISION["normal"])[0]
    assert lightness < 51  # a contrast of 4.5 with white
    if color == "#000000":
        assert readable(color) == color


def names(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_names_stand_beside_the_ends_of_their_lines(workdir: Path) -> None:
    rows = [{"value": value} for value in (0.0, 0.1, 0.5, 0.51, 0.52, 1.0)]
    with style.figure(4, 4) as (canvas, (axes,)):
        for index, end in enumerate((0.5, 0.51, 0.52, 1.0)):
            axes.plot([0, 1], [0.0, end], **looks.other_look(index).points, label=f"to {end}")
        axes.plot([0, 0.5], [0.0, 0.1], color="#0072b2", label="ends before")
        axes.plot([0, 1], [np.nan, np.nan], label="has none")
        axes.plot([0.2], [0.5], "o", color="#888888", label="a point")
        wide = canvas.get_figwidth()
        style.name_lines(canvas, [axes])
        style.save(canvas, workdir, "named", rows)
    assert canvas.get_figwidth() > wide
    canvas.draw_without_rendering()
    shown = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert list(shown) == [
        "to 0.5", "to 0.51", "to 0.52", "to 1.0", "ends before", "has none (no value)",
    ]  # fmt: skip
    for one, other in itertools.combinations(shown.values(), 2):
        assert not overlap(one, other)
    box = axes.get_window_extent()
    assert all(text.x0 > box.x1 for text in shown.values())
    end = axes.transData.transform((1, 1.0))[1]
    assert (shown["to 1.0"].y0 + shown["to 1.0"].y1) / 2 == pytest.approx(end, abs=3)
    order = sorted(("to 0.5", "to 0.51", "to 0.52"), key=lambda name: shown[name].y0)
    assert order == ["to 0.5", "to 0.51", "to 0.52"]
    assert len([p for p in axes.patches if isinstance(p, PathPatch)]) >= 3  # leaders
    (legend,) = canvas.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a point"]


def test_panels_of_the_same_lines_are_named_once(workdir: Path) -> None:
    def drawn(each: bool, other: str = "a") -> list[list[str]]:
        with style.panels(3, most_columns=2) as (canvas, panels, _):
            for axes, name in zip(panels, ("a", "a", other), strict=True):
                axes.plot([0, 1], [0, 1], color="black", label=name)
            style.name_lines(canvas, panels, each=each)
        return [names(axes) for axes in panels]

    assert drawn(each=False) == [[], ["a"], []]
    assert drawn(each=False, other="b") == [[], ["a"], ["b"]]
    assert drawn(each=True) == [["a"], ["a"], ["a"]]


def test_many_long_names_make_the_figure_higher(workdir: Path) -> None:
    with style.figure(4, 2) as (canvas, (axes,)):
        for index in range(8):
            name = f"a name of three lines, too {index}" * 2
            axes.plot([0, 1], [0, 0.5], **looks.other_look(index).points, label=name)
        style.name_lines(canvas, [axes])
        style.save(canvas, workdir, "many", [{"y": 0.0}, {"y": 0.5}])
    canvas.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    for one, other in itertools.combinations(boxes, 2):
        assert not overlap(one, other)
    page = canvas.bbox
    assert all(box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1 for box in boxes)
    assert canvas not in direct_labels._names
