"""What is asked of a score."""

from dataclasses import replace

import pytest

from rnnexp.scores import ACCURACY, CALIBRATION_ERROR, MSE, is_imbalanced


def test_solved_is_as_good_as_the_bound_or_better() -> None:
    for score, solved, missed in (
        (replace(ACCURACY, solved_at=0.99), 0.99, 0.989),
        (replace(MSE, solved_at=0.005), 0.005, 0.0051),
    ):
        assert score.is_solved(solved)
        assert not score.is_solved(missed)
    assert not ACCURACY.is_solved(1.0)


@pytest.mark.parametrize(
    ("interval", "beats"),
    [((0.56, 0.6), True), ((0.5499, 0.6), False), ((0.4, 0.9), False), ((None, 0.9), False)],
)
def test_beating_chance_takes_the_whole_interval(
    interval: tuple[float | None, float], beats: bool
) -> None:
    assert replace(ACCURACY, chance=0.5).beats_chance(interval) is beats


def test_low_scores_beat_chance_from_above() -> None:
    score = replace(MSE, chance=1 / 6)
    assert score.beats_chance((0.1, 0.14))
    assert not score.beats_chance((0.1, 0.16))


def test_without_a_chance_level_nothing_is_said() -> None:
    assert ACCURACY.skill(0.9) is None
    assert replace(ACCURACY, chance=1.0).skill(0.9) is None
    assert not ACCURACY.beats_chance((0.8, 0.9))


def test_where_chance_is_perfect_nothing_is_told_of_skill() -> None:
    score = replace(CALIBRATION_ERROR, chance=0.0)
    assert not score.tells_skill
    assert score.skill(0.1) is None
    assert replace(ACCURACY, chance=0.5).tells_skill


@pytest.mark.parametrize(
    ("commonest", "classes", "imbalanced"),
    [
        (0.66, 2, False), (2 / 3, 2, True), (0.55, 3, False), (0.56, 3, True), (0.49, 4, False),
        (0.5, 4, True), (0.09, 20, False), (0.1, 20, True), (1.0, 1, False),
    ],
)  # fmt: skip
def test_classes_are_uneven_from_twice_an_equal_share_on(
    commonest: float, classes: int, imbalanced: bool
) -> None:
    chance = {"accuracy": commonest, "balanced_accuracy": 1 / classes}
    assert is_imbalanced(chance) is imbalanced


def test_nothing_is_said_of_classes_where_chance_is_not_known() -> None:
    assert not is_imbalanced({"accuracy": 0.9})
    assert not is_imbalanced({"mse": 0.1, "r2": 0.0})
