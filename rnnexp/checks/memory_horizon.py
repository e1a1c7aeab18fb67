"""The median over seeds of the trainable length, and its interval."""

import numpy as np

from rnnexp.checks.suite import Values, check
from rnnexp.results.statistics import median_interval


@check("memory_horizon: trainable lengths 5, 10, 10, 10, 20 of seeds: median, ends, level", 1e-12)
def median_of_five_seeds() -> tuple[Values, Values]:
    interval = median_interval([10, 5, 10, 20, 10])
    measured = [interval.median, interval.low or 0.0, interval.high or 0.0, interval.level or 0.0]
    return np.array([10.0, 5.0, 20.0, 1 - 2 / 2**5]), np.array(measured)
