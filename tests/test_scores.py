"""What is asked of a score."""

from dataclasses import replace

import pytest

from rnnexp.scores import ACCURACY, MSE


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
