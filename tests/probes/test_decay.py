"""A decay described: shares, slopes, and a half-life only where there is one."""

import math

import numpy as np
import pytest

from rnnexp.probes.decay import Decay, marked_distances
from rnnexp.probes.norms import ratio_interval
from rnnexp.ranges import BELOW_FLOOR


@pytest.mark.parametrize("steps", [10, 20, 21, 40, 100, 199, 200, 400])
def test_marks_lie_at_fixed_shares(steps: int) -> None:
    marks = marked_distances(steps)
    assert marks is not None
    early, middle, late = marks
    assert early + late == steps
    assert abs(late - 0.05 * steps) <= 0.5
    assert abs(middle - 0.5 * steps) <= 0.5


@pytest.mark.parametrize("steps", [0, 1, 2, 9])
def test_too_short_for_marks(steps: int) -> None:
    assert marked_distances(steps) is None


def test_a_curve_of_two_time_scales_has_no_half_life() -> None:
    k = np.arange(200.0)
    mixed = Decay.of(0.9 * 0.7**k + 0.1 * 0.99**k)
    assert mixed.straight is False
    assert math.isnan(mixed.half_life)
    assert mixed.far_slope == pytest.approx(math.log(0.99), rel=1e-6)
    assert mixed.near_slope < 3 * mixed.far_slope
    # of its beginning alone a half-life would have been reported that is an eighth of the truth
    assert Decay.of((0.9 * 0.7**k + 0.1 * 0.99**k)[:6]).slope < 8 * mixed.far_slope


def test_a_curve_that_does_not_fall_has_an_infinite_half_life() -> None:
    assert Decay.of(np.ones(50)).half_life == math.inf
    assert Decay.of(1.1 ** np.arange(50.0)).half_life == math.inf


def test_a_curve_that_underflows_is_measured_as_far_as_it_reaches() -> None:
    norm = np.where(np.arange(200) < 100, 1e-3 ** np.arange(200.0).clip(max=99), BELOW_FLOOR)
    decay = Decay.of(norm)
    assert decay.reach == 99
    assert decay.half_life == pytest.approx(math.log(2) / math.log(1e3))
    assert decay.end_share == BELOW_FLOOR
    assert decay.half_share == BELOW_FLOOR


@pytest.mark.parametrize("norm", [np.full(5, np.nan), np.array([1.0]), np.zeros(5)])
def test_nothing_to_measure_is_nan(norm: np.ndarray) -> None:
    decay = Decay.of(norm)
    assert math.isnan(decay.half_life)
    assert decay.straight is None


@pytest.mark.parametrize("spread", [0.6, 2.5])
def test_the_interval_of_a_ratio_covers_it(spread: float) -> None:
    """Near and beyond the edge of chaos ratios of examples spread by orders of magnitude."""
    rng = np.random.default_rng(0)
    covered, truth = 0, 1e-6
    for _ in range(400):
        common, far, near = rng.normal(size=(3, 16))
        ratio, low, high = ratio_interval(
            truth * np.exp(common + spread * far), np.exp(common + 0.6 * near)
        )
        assert low <= ratio <= high
        covered += low <= truth <= high
    assert 0.91 <= covered / 400 <= 0.98


def test_ratios_that_cannot_be_measured() -> None:
    one = np.ones(4)
    for far, near in (([], []), (one, 0 * one), (one, BELOW_FLOOR * one), (one, np.inf * one)):
        assert np.isnan(ratio_interval(np.array(far), np.array(near))).all()
    assert ratio_interval(0 * one, one)[0] == 0.0
    assert ratio_interval(BELOW_FLOOR * one, one)[0] == BELOW_FLOOR
    # below 1e-300 of what is 1e-299: a tenth or less, and no more is known
    assert np.isnan(ratio_interval(BELOW_FLOOR * one, 1e-299 * one)).all()
    assert ratio_interval(np.inf * one, one)[0] == math.inf
    # the ratio itself leaves the range of float64
    assert ratio_interval(1e-200 * one, 1e150 * one)[0] == BELOW_FLOOR
    mixed = ratio_interval(np.array([0.0, 1e-3, 1e-2, 1e-1, 1.0]), np.ones(5))
    assert mixed[0] == pytest.approx(1e-2)
    assert np.isnan(mixed[1:]).all()
