"""Scores of a whole split, against scikit-learn and by hand."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from rnnexp.scores.classes import BINS, ClassAnswers

CLOSE = {"abs": 1e-12, "rel": 0}


def answers(outputs: Any, targets: Any) -> ClassAnswers:
    made = ClassAnswers.of(np.array(outputs), np.array(targets))
    assert made is not None
    return made


def probabilities(outputs: np.ndarray) -> np.ndarray:
    if outputs.shape[1] == 1:
        outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
    powers = np.exp(outputs.astype(np.float64))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("decimals", [0, 6], ids=["ties", "few ties"])
@pytest.mark.parametrize(("width", "count"), [(1, 7), (1, 400), (2, 300), (3, 50), (20, 2000)])
def test_all_scores_are_scikit_learns(width: int, count: int, decimals: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    outputs = generator.normal(size=(count, width)).round(decimals).astype(np.float32)
    targets = generator.integers(max(width, 2), size=count)
    targets[: max(width, 2)] = np.arange(max(width, 2))
    ours, p = answers(outputs, targets), probabilities(outputs)
    labels, answered = np.arange(p.shape[1]), p.argmax(axis=1)
    if decimals or width == 1:  # of equal probabilities both take the first, but by rounding
        assert (ours.answer_N == answered).all()
    answered = ours.answer_N
    assert (ours.confusion_KK == metrics.confusion_matrix(targets, answered)).all()
    with warnings.catch_warnings(action="ignore"):
        table = metrics.precision_recall_fscore_support(
            targets, answered, labels=labels, zero_division=np.nan
        )
        expected = {
            "macro_f1": metrics.f1_score(targets, answered, labels=labels, average="macro"),
            "balanced_accuracy": metrics.balanced_accuracy_score(targets, answered),
            "auroc": metrics.roc_auc_score(
                targets, (p[:, 1] if p.shape[1] == 2 else p).round(12), multi_class="ovr"
            ),
        }
    for ours_K, theirs_K in zip(
        (ours.table.precision_K, ours.table.recall_K, ours.table.support_K),
        (table[0], table[1], table[3]),
        strict=True,
    ):
        np.testing.assert_allclose(ours_K, theirs_K, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.nan_to_num(ours.table.f1_K), np.nan_to_num(table[2]), atol=1e-12)
    for name, value in expected.items():
        assert ours.scores()[name] == pytest.approx(value, **CLOSE), name


def test_of_classes_that_are_never_present_the_others_are_averaged() -> None:
    """Four classes, of which the last has no example and is answered once."""
    ours = answers(np.eye(4)[[0, 1, 1, 3, 2]] * 3, [0, 0, 1, 2, 2])
    with warnings.catch_warnings(action="ignore"):
        assert ours.balanced_accuracy == pytest.approx(
            metrics.balanced_accuracy_score(ours.target_N, ours.answer_N), **CLOSE
        )
        assert ours.macro_f1 == pytest.approx(
            metrics.f1_score(ours.target_N, ours.answer_N, labels=[0, 1, 2], average="macro"),
            **CLOSE,
        )
    assert ours.auroc is None
    assert ours.present_K.tolist() == [True, True, True, False]
    assert math.isnan(ours.table.recall_K[3])
    assert ours.table.precision_K[3] == 0
    perfect = answers(np.eye(4)[[0, 1, 2]], [0, 1, 2])
    assert (perfect.macro_f1, perfect.balanced_accuracy) == (1.0, 1.0)


def test_by_hand() -> None:
    """Class 1 is never answered: F1 of class 0 is 2·3/(4 + 3), of class 1 it is 0."""
    ours = answers([[-1.0], [-2.0], [-1.0], [-1.0]], [0, 0, 0, 1])
    assert ours.confusion_KK.tolist() == [[3, 0], [1, 0]]
    assert ours.macro_f1 == pytest.approx(3 / 7, **CLOSE)
    assert ours.balanced_accuracy == 0.5
    assert ours.auroc == pytest.approx((1 + 2 * 0.5) / 3, **CLOSE)  # above one, level with two
    assert math.isnan(ours.table.precision_K[1])


def test_one_example_and_one_class() -> None:
    ours = answers([[2.0]], [1])
    assert (ours.macro_f1, ours.balanced_accuracy, ours.auroc) == (1.0, 1.0, None)
    assert ours.calibration_error == pytest.approx(1 - 1 / (1 + math.exp(-2)), **CLOSE)
    several = answers([[2.0], [-1.0]], [1, 1])
    assert several.auroc is None
    assert several.balanced_accuracy == 0.5


def test_without_an_example_and_of_what_is_not_finite_there_is_nothing() -> None:
    assert ClassAnswers.of(np.zeros((0, 3)), np.zeros(0, int)) is None
    for wrong in (math.nan, math.inf):
        assert ClassAnswers.of(np.array([[0.0, wrong], [1.0, 0.0]]), np.array([0, 1])) is None


def test_sure_answers_are_still_ranked() -> None:
    """In float32, and in probabilities, all four are 1 or 0."""
    outputs = np.array([[60.0], [50.0], [-60.0], [-50.0]], np.float32)
    assert answers(outputs, [1, 0, 0, 1]).auroc == 0.75
    three = np.array([[60.0, 0, 0], [50.0, 0, 0], [0, 60.0, 0], [0, 0, 60.0]], np.float32)
    # class 0: above 2 of 3; class 1: of 2 x 2 pairs two and a tie; class 2: above all
    assert answers(three, [1, 0, 1, 2]).auroc == pytest.approx((2 / 3 + 2.5 / 4 + 1) / 3, **CLOSE)


def test_bins_are_open_below_and_closed_above() -> None:
    """Two probabilities of exactly 2/3, the upper end of bin 10, and one of 3/4 in bin 12."""
    outputs = np.log(np.array([[2.0], [2.0], [3.0]]))
    ours = answers(outputs, [1, 0, 1])
    assert ours.confidence_N[:2] == pytest.approx(10 / BINS, **CLOSE)
    assert ours.reliability.count_M.sum() == 3
    assert ours.reliability.count_M[11] == 1
    assert ours.calibration_error == pytest.approx((2 * (2 / 3 - 0.5) + 0.25) / 3, **CLOSE)


def test_the_calibration_error_against_a_plain_loop() -> None:
    generator = np.random.default_rng(0)
    outputs, targets = generator.normal(size=(500, 4)), generator.integers(4, size=500)
    p = probabilities(outputs)
    top, right = p.max(axis=1), p.argmax(axis=1) == targets
    error = 0.0
    for m in range(1, BINS + 1):
        inside = (top > (m - 1) / BINS) & (top <= m / BINS)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    assert answers(outputs, targets).calibration_error == pytest.approx(error, **CLOSE)


@pytest.mark.parametrize("count", [200, 2000])
def test_what_a_calibrated_network_shows(count: int) -> None:
    """Its calibration error is its floor on average, and the interval covers 0 then."""
    generator = np.random.default_rng(0)
    errors, floors, covered = [], [], []
    for _ in range(200):
        outputs = 1.5 * generator.normal(size=(count, 3))
        p = probabilities(outputs)
        targets = (p.cumsum(axis=1) < generator.random((count, 1))).sum(axis=1)
        ours = answers(outputs, np.minimum(targets, 2))
        errors.append(ours.calibration_error)
        floors.append(ours.calibration_floor)
        covered.append(ours.calibration_ends[0] == 0)
    assert np.mean(errors) == pytest.approx(np.mean(floors), rel=0.05)
    assert np.mean(covered) >= 0.9


def test_a_network_that_is_too_sure_is_found_out() -> None:
    generator = np.random.default_rng(0)
    outputs = generator.normal(size=(2000, 1))
    targets = generator.random((2000, 1)) < 1 / (1 + np.exp(-outputs))
    low, high = answers(4 * outputs, targets[:, 0]).calibration_ends
    assert 0.05 < low < answers(4 * outputs, targets[:, 0]).calibration_error < high
