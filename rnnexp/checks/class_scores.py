"""Scores of a classifier over a whole split, of classifiers whose scores are known.

Shapes: N examples, K classes.
"""

import math

import numpy as np

from rnnexp.checks.suite import Values, check
from rnnexp.scores.classes import ClassAnswers


def _answers(outputs: np.ndarray, targets: np.ndarray) -> ClassAnswers:
    answers = ClassAnswers.of(outputs, targets)
    assert answers is not None
    return answers


@check("class_scores: AUROC of normals d apart is Φ(d/√2)", 0.01)
def two_normals() -> tuple[Values, Values]:
    generator, expected, measured = np.random.default_rng(0), [], []
    for distance in (0.0, 0.5, 2.0):
        target_N = generator.integers(2, size=20_000)
        output_N1 = (generator.normal(size=20_000) + distance * target_N)[:, None]
        expected.append(0.5 * (1 + math.erf(distance / 2)))
        measured.append(_answers(output_N1, target_N).auroc or math.nan)
    return np.array(expected), np.array(measured)


@check("class_scores: answers drawn by the classes' shares: macro F1 and balanced 1/K", 0.03)
def drawn_by_shares() -> tuple[Values, Values]:
    shares = [0.7, 0.2, 0.1]
    generator, count = np.random.default_rng(0), 100_000
    target_N, answer_N = (generator.choice(3, count, p=shares) for _ in range(2))
    answers = _answers(5.0 * np.eye(3)[answer_N], target_N)
    return np.full(2, 1 / 3), np.array([answers.macro_f1, answers.balanced_accuracy])


@check("class_scores: always the commonest class: F1 2p/(1 + p)/K, balanced 1/K", 1e-12)
def always_the_commonest() -> tuple[Values, Values]:
    target_N = np.repeat([0, 1, 2], [70, 20, 10])
    answers = _answers(np.tile([1.0, 0.0, 0.0], (100, 1)), target_N)
    return np.array([1.4 / 1.7 / 3, 1 / 3]), np.array([answers.macro_f1, answers.balanced_accuracy])


@check("class_scores: calibration error of N examples where every probability is right", 0.05)
def calibrated() -> tuple[Values, Values]:
    generator, floors, errors = np.random.default_rng(0), [], []
    for count in (200, 2000):
        floor, error = [], []
        for _ in range(100):
            output_N1 = 2 * generator.normal(size=(count, 1))
            right_N1 = generator.random((count, 1)) < 1 / (1 + np.exp(-output_N1))
            answers = _answers(output_N1, right_N1[:, 0])
            floor.append(answers.calibration_floor)
            error.append(answers.calibration_error)
        floors.append(np.mean(floor))
        errors.append(np.mean(error))
    return np.array(floors), np.array(errors)
