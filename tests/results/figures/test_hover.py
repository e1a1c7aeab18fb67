"""The values that a browser shows below the pointer: of what was drawn, where it was drawn."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from rnnexp.results.figures import hover, style
from rnnexp.results.figures.scales import beside, exponents_axis, name_unseen, percent_axis

SVG = "{http://www.w3.org/2000/svg}"


def values_in(path: Path) -> list[tuple[float, float, str]]:
    """(x, y, words) of each point, in the order of the file."""
    root = ElementTree.parse(path).getroot()
    (group,) = root.findall(f"{SVG}g[@class='values']") or [ElementTree.Element("g")]
    return [
        (float(c.attrib["cx"]), float(c.attrib["cy"]), str(c.findtext(f"{SVG}title")))
        for c in group
    ]


def saved(folder: Path, *draw: object) -> list[tuple[float, float, str]]:
    with style.figure(columns=1) as (canvas, (axes,)):
        for one in draw:
            one(axes)  # type: ignore[operator]
        style.save(canvas, folder, "figure", [{"n": 1}])
    return values_in(folder / "figure.svg")


def test_a_line_tells_its_points_in_the_words_of_its_axes(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([20, 100], [0.5, 0.625], label="LSTM <b> & $x$")
        axes.plot([20, 100], [0.25, float("nan")], label="_seed")
        axes.axhline(0.4)  # a level is no point
        axes.set(xlabel="steps", ylabel="test accuracy\nof one seed")
        percent_axis(axes.yaxis)

    points = saved(tmp_path, draw)
    assert [words for _, _, words in points] == [
        "LSTM <b> & $x$: steps 20, test accuracy of one seed 50%",
        "LSTM <b> & $x$: steps 100, test accuracy of one seed 62.5%",
        "steps 20, test accuracy of one seed 25%",
    ]


def test_they_are_where_the_line_is_drawn(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], marker="o", transform=beside(axes, 0, 2), label="moved")
        axes.set(xlim=(-1, 2), ylim=(-1, 2))

    points = saved(tmp_path, draw)
    text = (tmp_path / "figure.svg").read_text()
    drawn = re.findall(r'<use xlink:href="#[^"]*" x="([\d.]+)" y="([\d.]+)" style="fill', text)
    places = [(float(x), float(y)) for x, y in drawn]
    assert len(points) == 2
    for x, y, _ in points:
        assert any(abs(x - a) < 0.2 and abs(y - b) < 0.2 for a, b in places)


def test_bars_scattered_points_and_ticks_with_words(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.bar([0, 1], [2.0, 3.0], label="counts")
        axes.scatter([0], [1.0], label="dots")
        axes.set_xticks([0, 1], ["a", "b"])
        axes.set_ylabel("n")

    words = [words for _, _, words in saved(tmp_path, draw)]
    assert words == ["dots: a, n 1", "counts: a, n 2", "counts: b, n 3"]


def test_of_many_points_some_tell_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hover, "MOST", 10)
    points = saved(tmp_path, lambda axes: axes.plot(range(95)))
    assert [int(words) for *_, words in (p[2].split(", ")[0:1] for p in points)] == list(
        range(0, 95, 10)
    )


def test_what_lies_outside_the_axes_tells_nothing(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([0, 1, 50], [0, 1, 50])
        axes.set(xlim=(0, 2), ylim=(0, 2))

    assert len(saved(tmp_path, draw)) == 2
    assert saved(tmp_path, lambda axes: axes.text(0, 0, "nothing")) == []


def test_where_exponents_are_drawn_the_values_are_told(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [-2.0, -400.0], label="LSTM")
        axes.set(xlabel="distance", ylabel="singular value")
        exponents_axis(axes.yaxis)

    assert [words for _, _, words in saved(tmp_path, draw)] == [
        "LSTM: distance 1, singular value 0.01",
        "LSTM: distance 2, singular value 10^-400",
    ]


def test_values_have_the_name_of_their_row_where_no_label_is_drawn(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1], [2.0], "o")
        axes.set_title("logarithmic axis")
        name_unseen(axes.yaxis, "gradient norm")

    ((*_, words),) = saved(tmp_path, draw)
    assert words == "1, gradient norm 2"
    assert "gradient norm<" not in (tmp_path / "figure.svg").read_text()
