"""Ticks name the values at which they are, and points are where they belong."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from rnnexp.results.figures import looks, scales, style
from rnnexp.results.over_seeds import over_seeds
from rnnexp.results.statistics import t_interval
from rnnexp.scores import ACCURACY


def ticks(axis) -> dict[float, str]:  # type: ignore[no-untyped-def]
    low, high = axis.get_view_interval()
    places = {tick.get_loc(): tick.label1.get_text() for tick in axis.get_major_ticks()}
    return {place: text for place, text in places.items() if low <= place <= high}


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.48, 0.49), (0.475, 0.575), (0.3333, 0.3334), (0.5, 0.5)]
)
def test_a_tick_in_percent_is_the_value_that_it_tells(low: float, high: float) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot([0, 1], [low, high])
        scales.score_axis(axes.yaxis, ACCURACY)
        canvas.draw_without_rendering()
        shown = ticks(axes.yaxis)
    assert len(shown) > 1
    for value, text in shown.items():
        assert float(text.removesuffix("%")) == pytest.approx(100 * value, abs=1e-9)


@pytest.mark.parametrize("epochs", [[1], [1, 2], [0, 1, 2, 3], list(range(1, 41)), [3]])
def test_epochs_are_whole_numbers(epochs: list[int]) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot(epochs, epochs, marker="o")
        scales.progress_axis(axes, epochs, "epoch")
        canvas.draw_without_rendering()
        shown = ticks(axes.xaxis)
    assert axes.get_xlabel() == "epoch"
    assert all(text == f"{value:.0f}" and value == round(value) for value, text in shown.items())
    assert set(shown) <= set(range(min(epochs), max(epochs) + 1))
    if len(epochs) == 1:
        assert list(shown) == epochs


def test_a_logarithmic_axis_has_no_formulas(workdir: Path) -> None:
    for name, values, wanted in (
        ("far", [1e-30, 1.0], "10⁻"), ("near", [0.01, 1.0], "0.1"),
        ("close", [1.2e-8, 3.4e-8], "2×10⁻⁸"),
    ):  # fmt: skip
        with style.figure() as (canvas, (axes,)):
            axes.plot([0, 1], values)
            scales.log_scale(axes)
            style.save(canvas, workdir, name, [])
        svg = (workdir / f"{name}.svg").read_text()
        assert wanted in svg
        assert "mathdefault" not in svg


def points_at(axes: Axes) -> set[float]:
    """Where the markers of all lines are on the x axis, by their data."""
    return {float(x) for line in axes.get_lines() for x in np.atleast_1d(line.get_xdata())}


def test_lines_beside_each_other_stay_at_their_lengths(workdir: Path) -> None:
    with style.figure() as (canvas, (axes,)):
        for index in range(4):
            values = [0.5, 0.6, 0.9]
            points = [(length, t_interval(values), values) for length in (20, 40)]
            look = {"color": "black", "marker": "o"}
            scales.score_line(axes, points, (index, 4), look, str(index))
        scales.length_scale(axes, [20, 40])
        style.save(canvas, workdir, "beside", [])
    assert points_at(axes) == {20, 40}
    places = {
        round(float(line.get_transform().transform((20, 0.5))[0]), 3)
        for line in axes.get_lines()
        if line.get_linestyle() == "-" and np.size(line.get_xdata()) == 2
    }  # fmt: skip
    assert len(places) == 4  # on paper they do not hide each other
    low, high = axes.get_ylim()
    interval = t_interval([0.5, 0.6, 0.9])
    assert interval.low is not None
    assert interval.high is not None
    assert low < interval.low
    assert high > interval.high


def test_a_single_point_is_seen_and_an_empty_plot_says_so(workdir: Path) -> None:
    with style.figure(columns=3) as (canvas, (one, gaps, empty)):
        one.plot([1], [0.5])
        gaps.plot([1, 2, 3, 4, 5], [0.5, np.nan, 0.3, 0.2, np.nan])
        empty.plot([1, 2], [np.nan, np.nan])
        empty.axhline(0.5)
        style.save(canvas, workdir, "few", [])
    assert one.get_lines()[0].get_marker() == "o"
    assert gaps.get_lines()[0].get_markevery() == [0]
    assert [text.get_text() for text in empty.texts] == ["nothing was measured"]
    assert not one.texts
    assert not gaps.texts


def test_what_is_off_the_scale_is_at_the_edge_and_at_no_value(workdir: Path) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot([1, 2], [1e-3, 1.0])
        scales.log_scale(axes)
        scales.off_scale(axes, [1, 2], "black", "underflow")
        style.save(canvas, workdir, "off", [])
    marks = axes.get_lines()[-1]
    bottom = axes.transAxes.transform((0, 0))[1]
    assert marks.get_transform().transform((1, 0))[1] == pytest.approx(bottom)


def test_panels_beyond_what_can_be_told_apart() -> None:
    models = ["rnn", "lstm"] * 4
    assert style.parts(range(8), models, 8) == [list(range(8))]
    assert style.parts(range(8), models, 4) == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert style.parts(range(3), ["rnn"] * 3, 2) == [[0, 1], [2]]


def test_of_many_lengths_those_that_have_room_are_named() -> None:
    lengths = [5, 6, 7, 8, 10, 12, 14, 17, 20, 40, 80]
    with style.figure() as (canvas, (axes,)):
        axes.plot(lengths, lengths)
        scales.length_scale(axes, lengths)
        canvas.draw_without_rendering()
        shown = ticks(axes.xaxis)
    assert shown == {5: "5", 8: "8", 14: "14", 40: "40", 80: "80"}


def test_a_line_without_any_value_is_saved(workdir: Path) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot([0, 1], [0, 1], **looks.look("rnn").line)
        axes.plot([0, 1], [np.nan, np.nan], **looks.look("lstm").line)
        axes.plot([0, 1, 2], [np.nan, 0.5, np.nan], **looks.look("gru").line)
        style.save(canvas, workdir, "diverged", [{"y": 0.0}, {"y": 1.0}, {"y": 0.5}])
    assert (workdir / "diverged.png").is_file()
    *_, lone = axes.get_lines()  # a marker, since no line shows it
    assert (np.asarray(lone.get_ydata()).tolist(), lone.get_marker()) == (
        [0.5],
        looks.look("gru").marker,
    )


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.992, 1.0], [0.0, 0.004], [0.5, 0.52]])
def test_markers_at_the_ends_of_a_score_are_whole(values: list[float], workdir: Path) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot([0, 1], values, "o")
        scales.score_scale([axes], ACCURACY)
        scales.chance_line(axes, 0.5)
        canvas.draw_without_rendering()
        shown = ticks(axes.yaxis)
    low, high = axes.transData.inverted().transform([(0, 0), (0, 4)])[:, 1]
    room = high - low  # of four pixels at 100 to the inch
    bottom, top = axes.get_ylim()
    assert bottom + room <= min(values)
    assert max(values) <= top - room
    assert min(shown) >= 0
    assert max(shown) <= 1


@pytest.mark.parametrize(
    ("lengths", "named"),
    [([5, 20, 67, 80], [5, 20, 80]), ([4, 5, 6], [4, 5, 6]), ([8], [8]), ([0, 5, 80], [0, 5, 80])],
)
def test_lengths_that_would_touch_are_not_both_named(lengths: list[int], named: list[int]) -> None:
    with style.figure() as (canvas, (axes,)):
        axes.plot(lengths, lengths)
        scales.length_scale(axes, lengths)
        canvas.draw_without_rendering()
        assert sorted(ticks(axes.xaxis)) == named


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 2), (5, 2), (9, 3), (10, 4)])
def test_panels_are_spread_over_their_rows(count: int, rows: int) -> None:
    with style.panels(count) as (_, panels, leftmost):
        assert (len(panels), len(leftmost)) == (count, rows)
        place = panels[0].get_subplotspec()
        assert place is not None
        grid = place.get_gridspec()
        assert grid.nrows * grid.ncols - count < max(2, grid.ncols)


def test_no_mean_is_drawn_where_seeds_lie_apart(workdir: Path) -> None:
    apart, close = [1.0, 0.04, 0.96], [0.5, 0.52, 0.54]
    points = [(n, over_seeds(close, ACCURACY), close) for n in (5, 10)]
    points += [(n, over_seeds(apart, ACCURACY, solvable=True), apart) for n in (20, 40)]
    for name, shown in (("some", points), ("all", points[2:]), ("alone", points[3:])):
        with style.figure() as (canvas, (axes,)):
            scales.score_line(axes, shown, (0, 1), {"color": "black", "marker": "s"}, "RNN")
            axes.set(xlabel="length", ylabel="accuracy")
            style.name_lines(canvas, [axes])
            style.save(canvas, workdir, name, [])
        svg = (workdir / f"{name}.svg").read_text()
        told = re.findall("<title>(.*?)</title>", svg)
        assert "accuracy 0.6667" not in "".join(told)
        assert any("length 40, accuracy 0.04" in words for words in told)
        assert any("RNN: length 5, accuracy 0.52" in words for words in told) == (name == "some")
        assert ">RNN<" in svg
        joined = [line for line in axes.get_lines() if line.get_linewidth() > 1]
        solid = [line for line in joined if line.get_linestyle() == "-"]
        drawn = {float(y) for line in solid for y in np.atleast_1d(line.get_ydata())}
        assert not any(abs(y - 2 / 3) < 1e-9 for y in drawn)
        squares = [line for line in axes.get_lines() if line.get_marker() == "s"]
        assert sum(map(sum, (line.get_markevery() for line in squares))) == 2 * (name == "some")
