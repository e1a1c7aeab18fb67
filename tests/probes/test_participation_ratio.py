"""The dimension of states from few samples: unbiased, with an interval that covers it."""

import numpy as np

from rnnexp.probes.participation_ratio import (
    participation_interval,
    participation_ratio,
    unbiased_participation_ratio,
)


def sequences(rng: np.random.Generator, scales_H: np.ndarray, count: int = 32) -> np.ndarray:
    """`count` sequences of 20 states each, correlated from step to step, [count * 20, H]."""
    states = rng.normal(size=(count, 20, len(scales_H)))
    for t in range(1, 20):
        states[:, t] = 0.8 * states[:, t - 1] + 0.6 * states[:, t]
    return (states * scales_H).reshape(-1, len(scales_H))


def test_the_interval_covers_the_dimension_of_the_distribution() -> None:
    rng = np.random.default_rng(0)
    variances_H = 0.9 ** np.arange(64)
    truth = variances_H.sum() ** 2 / (variances_H**2).sum()
    of_sequence = np.repeat(np.arange(32), 20)
    covered, plain = 0, []
    for _ in range(100):
        states = sequences(rng, np.sqrt(variances_H))
        low, high = participation_interval(states, of_sequence)
        covered += low <= truth <= high
        plain.append(participation_ratio(states))
    assert covered >= 88
    assert np.mean(plain) < 0.93 * truth  # what the correction is for


def test_one_sequence_says_nothing_of_the_distribution() -> None:
    states = np.random.default_rng(0).normal(size=(40, 8))
    assert np.isnan(unbiased_participation_ratio(states, np.zeros(40, np.int64)))
    assert np.isnan(unbiased_participation_ratio(states[:30], np.repeat([0, 1, 2], 10)))
    assert np.isnan(participation_interval(states, np.repeat([0, 1, 2, 3], 10))).all()


def test_states_of_one_text_that_depend_on_each_other_do_not_matter() -> None:
    """Each text has an offset of its own, three times as large as what changes in it."""
    rng = np.random.default_rng(1)
    variances_H = 0.9 ** np.arange(64)
    truth = variances_H.sum() ** 2 / (variances_H**2).sum()
    of_text, ratios, covered = np.repeat(np.arange(8), 20), [], 0
    for _ in range(60):
        offsets, changes = 3 * rng.normal(size=(8, 1, 64)), rng.normal(size=(8, 20, 64))
        states = ((offsets + changes) * np.sqrt(variances_H)).reshape(-1, 64)
        ratios.append(unbiased_participation_ratio(states, of_text))
        low, high = participation_interval(states, of_text)
        covered += low <= truth <= high
    assert abs(np.median(ratios) / truth - 1) < 0.1
    assert covered >= 52
