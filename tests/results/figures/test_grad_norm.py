"""What is averaged over training steps is of steps that have a number."""

import numpy as np

from rnnexp.results.figures.grad_norm import SMOOTHED, smoothed


def test_the_mean_of_the_last_steps_is_of_fewer_at_the_beginning() -> None:
    values = np.arange(2.0 * SMOOTHED)
    assert smoothed(values)[[0, 1, -1]].tolist() == [0.0, 0.5, values[-SMOOTHED:].mean()]


def test_behind_a_loss_that_is_not_finite_there_is_no_mean() -> None:
    assert np.isnan(smoothed(np.array([1.0, np.inf, 1.0]))).tolist() == [False, True, True]
