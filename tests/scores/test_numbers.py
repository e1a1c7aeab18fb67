import numpy as np
import pytest
from sklearn import metrics

from rnnexp.scores.numbers import mean_absolute_error, number_scores, r_squared


@pytest.mark.parametrize("width", [1, 3])
def test_they_are_scikit_learns(width: int) -> None:
    generator = np.random.default_rng(0)
    targets = generator.normal(size=(100, width))
    outputs = (targets + generator.normal(size=(100, width))).astype(np.float32)
    assert r_squared(outputs, targets) == pytest.approx(
        metrics.r2_score(targets, outputs), abs=1e-12
    )
    assert mean_absolute_error(outputs, targets) == pytest.approx(
        metrics.mean_absolute_error(targets, outputs), abs=1e-12
    )


def test_by_hand_and_of_what_cannot_be_explained() -> None:
    targets = np.array([[1.0], [3.0]])
    assert number_scores(np.array([[2.0], [2.0]]), targets) == {"mae": 1.0, "r2": 0.0}
    assert number_scores(np.array([[2.0], [2.0]]), np.ones((2, 1))) == {"mae": 1.0, "r2": None}
    assert number_scores(np.array([[np.nan], [2.0]]), targets) == {"mae": None, "r2": None}
    assert number_scores(np.ones((1, 1)), np.zeros((1, 1))) == {"mae": 1.0, "r2": None}
    assert number_scores(np.zeros((0, 1)), np.zeros((0, 1))) == {"mae": None, "r2": None}
