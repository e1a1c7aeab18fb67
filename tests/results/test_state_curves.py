"""Curves of classes are of the sequences that go on, and say where there are too few."""

import numpy as np
import pytest

from rnnexp.results.state_curves import MOST_CLASSES, SPANS, class_curves, span_width
from rnnexp.results.statistics import POSITIVE, t_interval

NONE = float("nan")


def test_a_curve_is_the_mean_of_its_class_with_its_interval() -> None:
    norms = np.array([[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]])
    negative, positive = class_curves(norms, np.array([0.0, 0.0, 1.0]), ["negative", "positive"])
    assert (negative.name, positive.name, positive.place) == ("negative", "positive", 1)
    assert negative.steps_K.tolist() == [1.0, 2.0]
    assert negative.intervals == [
        t_interval([1.0, 3.0], POSITIVE), t_interval([2.0, 4.0], POSITIVE)
    ]  # fmt: skip
    assert positive.intervals[0] is not None
    assert positive.intervals[0].ends is None  # one sequence has no interval


def test_long_sequences_are_averaged_over_spans() -> None:
    steps = 3 * SPANS - 1
    assert span_width(SPANS) == 1
    assert span_width(steps) == 3
    (curve,) = class_curves(np.arange(1.0, steps + 1)[None], np.zeros(1), [])
    assert curve.name == "test sequences"
    assert curve.steps_K[[0, 1, -1]].tolist() == [2.0, 5.0, steps - 0.5]
    # of a norm that is the step each span's mean is its middle, the last of two steps too
    assert curve.each_NK[0].tolist() == curve.steps_K.tolist()


def test_a_mean_ends_where_more_than_half_of_its_sequences_have() -> None:
    norms = np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, NONE, NONE], [3.0, NONE, NONE, NONE]])
    (curve,) = class_curves(norms, np.zeros(3), ["only"])
    # of three sequences two go on at the second step; behind it nothing is shown
    assert curve.each_NK.shape == (3, 2)
    assert [i.n for i in curve.intervals if i is not None] == [3, 2]


def test_many_classes_are_one_curve_that_says_so() -> None:
    count = MOST_CLASSES + 1
    (curve,) = class_curves(np.ones((count, 2)), np.arange(float(count)), [])
    assert curve.name == f"sequences of {count} classes"
    assert curve.place is None


@pytest.mark.parametrize("broken", ["no class", "states that are not finite"])
def test_sequences_without_numbers_have_no_curve(broken: str) -> None:
    norms = np.full((2, 3), NONE if broken.startswith("states") else 1.0)
    targets = np.full(2, NONE if broken == "no class" else 0.0)
    assert class_curves(norms, targets, []) == []
