"""L50: the length at which half the seeds learn, and how often its interval covers it."""

import numpy as np
from scipy.special import expit

from rnnexp.checks.suite import Values, check
from rnnexp.results.l50 import L50, Outcomes, Posterior

LENGTHS = (5, 10, 20, 40, 80, 160)


def l50_of(shares: Values, seeds: int) -> L50:
    """Of as many seeds in each hundred as `shares` say, the luckiest the same at all lengths."""
    learned = np.round(np.asarray(shares) * seeds)
    by_seed = {seed: [bool(seed < count) for count in learned] for seed in range(seeds)}
    return Posterior(Outcomes(LENGTHS, by_seed)).l50


@check("trainability: L50 midway where shares fall alike on both sides", 0.01)
def symmetric() -> tuple[Values, Values]:
    l50 = l50_of(np.array([1.0, 0.9, 0.7, 0.3, 0.1, 0.0]), 10)
    low, high = l50.low or np.nan, l50.high or np.nan
    middle = np.sqrt(20 * 40)
    return np.array([middle, middle]), np.array([l50.value or np.nan, np.sqrt(low * high)])


@check("trainability: all learn at 20, none at 40: nothing between ruled out", 0.05)
def separated() -> tuple[Values, Values]:
    l50 = l50_of(np.array([1.0, 1, 1, 0, 0, 0]), 6)
    return np.array([20.0, 40.0]), np.array([l50.low or np.nan, l50.high or np.nan])


@check("trainability: its 95% interval covers 93% of planted L50 or more", 0.041, relative=False)
def coverage() -> tuple[Values, Values]:
    """60 studies of 6 seeds at 6 lengths, slopes 2 to 16, L50 anywhere from 8 to 100."""
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(60):
        planted, slope = np.exp(generator.uniform(np.log([8, 2]), np.log([100, 16])))
        learns = generator.random((6, 6)) < expit(slope * np.log(planted / np.array(LENGTHS)))
        l50 = Posterior(Outcomes(LENGTHS, dict(enumerate(learns.tolist())))).l50
        covered.append((l50.low or 0.0) <= planted <= (l50.high or np.inf))
    return 0.97, float(np.mean(covered))
