"""Intervals of scores of a split, simulated."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rnnexp.results.jackknife import split_intervals
from rnnexp.scores.classes import ClassAnswers

NAMES = ("macro_f1", "balanced_accuracy", "auroc")
SHARES = dict.fromkeys(NAMES, (0.0, 1.0))


def of_split(outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> Mapping[str, float | None]:
    answers = ClassAnswers.of(outputs, targets)
    assert answers is not None
    return {name: value for name, value in answers.scores().items() if name in NAMES}


def sample(
    generator: np.random.Generator, count: int, shares: list[float]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    targets = generator.choice(len(shares), count, p=shares)
    outputs = generator.normal(size=(count, len(shares)))
    outputs[np.arange(count), targets] += 1.5
    return 1.5 * outputs + np.log(shares), targets


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.8, 0.12, 0.08]], ids=["even", "uneven"])
def test_they_cover_the_score_of_all_examples(shares: list[float]) -> None:
    generator = np.random.default_rng(0)
    truth = of_split(*sample(generator, 200_000, shares))
    hits: dict[str, list[bool]] = {name: [] for name in NAMES}
    for _ in range(100):
        for name, (low, high) in split_intervals(
            of_split, *sample(generator, 300, shares), SHARES
        ).items():
            assert low is not None
            assert high is not None
            assert 0 < low < high < 1
            hits[name].append(low <= (truth[name] or 0) <= high)
    for name, covered in hits.items():
        assert np.mean(covered) >= 0.88, name


def test_they_are_about_those_of_a_share() -> None:
    generator = np.random.default_rng(0)
    right = (generator.random(1000) < 0.8).astype(float)
    ((low, high),) = split_intervals(
        lambda o, t: {"accuracy": float((o == t).mean())},
        right,
        np.ones(1000),
        {"accuracy": (0, 1)},
    ).values()
    assert low == pytest.approx(right.mean() - 0.025, abs=0.01)
    assert high == pytest.approx(right.mean() + 0.025, abs=0.01)


def test_the_same_examples_give_the_same_interval() -> None:
    made = sample(np.random.default_rng(1), 100, [0.5, 0.5])
    assert split_intervals(of_split, *made, SHARES) == split_intervals(of_split, *made, SHARES)


def test_none_where_they_would_say_nothing() -> None:
    outputs, targets = sample(np.random.default_rng(1), 60, [0.5, 0.5])
    perfect = 5.0 * np.eye(2)[targets]
    nothing: list[float | None] = [None, None]
    assert split_intervals(of_split, perfect, targets, SHARES)["macro_f1"] == nothing
    one = np.where(np.arange(60) == 7, 1, 0)
    assert split_intervals(of_split, outputs, one, SHARES)["auroc"] == nothing
    assert set(map(str, split_intervals(of_split, outputs[:1], targets[:1], SHARES).values())) == {
        str(nothing)
    }
    assert split_intervals(lambda o, t: {}, outputs, targets, SHARES) == {}
