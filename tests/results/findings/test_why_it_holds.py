"""Fixed points, effective memory and sensitivity: what is said follows from the numbers."""

from dataclasses import replace

import numpy as np
import pytest

from rnnexp.results.findings.effective_memory import EffectiveMemory, MemoryLine, TruncatedPast
from rnnexp.results.findings.parameter_sensitivity import Sensitivity, SensitivityLine
from rnnexp.results.points import PointsAt, kind


def points(arrived: list[int], classes: list[int], has_classes: bool = True) -> PointsAt:
    """Two stable points, one that is unstable in two directions, and a slow one."""
    moduli = np.array([[0.5, 0.1], [0.9, 0.2], [1.5, 1.2], [0.99, 0.1]])
    return PointsAt(
        input="the mean input",
        speed_P=np.array([0, 0, 0, 0.1]),
        fixed_P=np.array([True, True, True, False]),
        stable_P=np.array([True, True, False, False]),
        unstable_P=np.array([0, 0, 2, 0]),
        time_constant_P=np.array([1.44, 9.5, np.inf, 99.5]),
        starts_P=np.array([3, 3, 1, 1]),
        eigenvalues_PD=moduli.astype(np.complex128),
        place_P2=np.zeros((4, 2)),
        arrived_B=np.array(arrived),
        class_B=np.array(classes),
        has_classes=has_classes,
        starts=8,
        unsettled=0,
        fast=0,
    )


def test_points_in_words() -> None:
    at = points([0], [0])
    assert [kind(at, point) for point in range(4)] == [
        "stable", "stable", "unstable in 2 directions", "slow",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arrived", "classes", "verdict"),
    [
        ([0] * 10 + [1] * 10, [0] * 10 + [1] * 10,
         "latches: the stable point tells the class of 20 of 20 (84-100%)"),
        ([0] * 20, [0] * 10 + [1] * 10,
         "all come to one stable point: forgets with a time constant of 1.44 steps; 1 more that no "
         "example comes to"),
        ([0] * 19 + [-1], [0] * 10 + [1] * 10,
         "unclear: 1 of 20 examples arrive at no stable point in 2,000 steps"),
        ([0, 1] * 10, [0] * 10 + [1] * 10, "2 stable points, which do not tell the class"),
        ([-1] * 20, [0] * 10 + [1] * 10, "no example arrives at a stable point in 2,000 steps"),
        # a point of one's own tells nothing
        ([0, 1], [0, 1], "2 stable points, which do not tell the class"),
    ],
)  # fmt: skip
def test_a_latch_is_one_where_the_point_tells_the_class(
    arrived: list[int], classes: list[int], verdict: str
) -> None:
    assert points(arrived, classes).verdict == verdict


def test_of_an_integrator_nothing_decays() -> None:
    neutral = replace(
        points([-1] * 4, [0, 0, 1, 1]), stable_P=np.zeros(4, bool), unstable_P=np.zeros(4, int)
    )
    assert neutral.verdict == "3 points with |λ| = 1: what is held stays, nothing decays"
    assert kind(neutral, 0) == "neutral, |λ| = 1"


def test_without_classes_none_are_told() -> None:
    at = points([0] * 10 + [1] * 10, [0] * 20, has_classes=False)
    assert at.told is None
    assert at.verdict == "2 stable points: which of them, is held"


def past(steps: float, length: int = 40, examples: tuple[float, ...] = (5, 9, 40)) -> TruncatedPast:
    kept = np.array([1.0, 10.0, 40.0])
    return TruncatedPast(
        kept, kept * 0, kept * 0, kept * 0, kept * 0, steps, steps, min(steps + 5, length),
        np.array(examples), np.full(len(examples), length), length, 0.01, False, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "cell", "verdict"),
    [
        ([past(12)], "12 (12 to 17)", "the mean answer depends on no more than the last 17 steps"),
        ([past(40)], "40 or more", "depends on all of the past it was given"),
        ([past(1)], "1 (1 to 6)", "the mean answer depends on no more than the last 6 steps"),
        ([past(12), past(40)], "12 (12 to 40 or more)",
         "depends on all of the past in some seeds"),
        ([past(12), past(12)], "12 (all 2 alike)",
         "the mean answer depends on no more than the last 17 steps"),
        ([past(np.nan)], "-", "not measured"),
    ],
)  # fmt: skip
def test_a_memory_as_long_as_the_text_is_a_lower_bound(
    runs: list[TruncatedPast], cell: str, verdict: str
) -> None:
    line = MemoryLine("rnn", "rnn", runs, [])
    assert line.steps.text == cell
    assert line.verdict == verdict
    assert EffectiveMemory([line]).as_json()["rnn"]["verdict"] == verdict
    assert cell in EffectiveMemory([line]).text()


def test_the_median_says_where_it_is_a_lower_bound() -> None:
    assert past(12).median == "9 (5 to 40 or more)"
    assert past(12, examples=(40, 40, 40)).median == "40 or more"
    # a text that ends sooner is censored sooner
    short = replace(past(12), example_steps=np.array([5.0, 9.0, 12.0]),
                    example_length=np.array([5, 40, 40]))  # fmt: skip
    assert short.median == "9 or more (5 to 12 or more)"


@pytest.mark.parametrize(
    ("growth", "verdict"),
    [
        ((0.1, -0.1, 0.3), "no longer grows"),
        ((2.5, 2.0, 3.0), "grows with the steps"),
        ((9.0, 8.0, 10.0), "explodes"),
        ((3.9, 3.8, 4.0), "grows with the steps"),  # adds up inputs with a mean
        ((5.0, 4.0, 6.0), "grows, or explodes"),
        ((0.6, 0.3, 0.9), "unclear"),
        ((0.6, np.nan, np.nan), "no interval"),
        ((np.nan, np.nan, np.nan), "not measured"),
    ],
)
def test_a_verdict_needs_the_whole_interval(
    growth: tuple[float, float, float], verdict: str
) -> None:
    ones = np.ones(2)
    run = Sensitivity(
        ones, {"all": ones}, {"all": ones}, {"all": ones}, {"all": growth}, ones, {}, {}, 8
    )
    assert SensitivityLine("rnn", "rnn", [run], []).verdict("all") == verdict
