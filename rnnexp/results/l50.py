"""L50: the length at which half the seeds learn, from which runs learned. Never imports torch.

A seed s learns at length L with the probability

    P(learns | L, s) = 1 / (1 + exp(k (ln L - ln L50 - b_s))),    b_s ~ N(0, τ²)

a logistic regression in ln L. Every run of a line of a study counts, at whatever length. The runs
of one seed at several lengths may share their luck, since they share their initial weights: b_s is
the seed's own part, and L50 the length at which the seeds' curves reach one half in the median.

What is known of L50 is its posterior on a grid. Prior: flat in ln L50 from an eighth of the
shortest to eight times the longest length tried; ln k ~ N(ln 4, 1.2²), so that the step from 88% to
12% takes anything from a factor of 1.04 to one of 200; τ half-normal with scale 1. The interval
holds the middle 95% of the posterior, and reaches as far as the profile likelihood does (within
1.92 of its peak): where all learn at one length and none at the next, nothing between the two is
ruled out. An end outside the lengths tried is open.

Simulated for 5 and 6 seeds at 6 lengths, each twice the one before, it covers a planted L50 in 97
to 99% of studies, k from 1.5 to 40. Where a seed's luck is the same at all lengths, in 93 to 99%,
but for k = 1.5, where it is 90 to 94%; without b_s it would be 76% there, and 88% at k = 3.
Source: Gelman et al. 2013, Bayesian Data Analysis, section 3.7 (a bioassay on a grid).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, ndtri

from rnnexp.results.statistics import LEVEL

Array = npt.NDArray[np.float64]

#: How far beyond the lengths tried L50 may lie, as a factor.
ROOM = 8.0
#: Of the grid in ln L.
STEP = 0.04
SLOPES: Array = np.geomspace(0.5, 64, 22)
#: Median and spread of ln k before anything is known.
SLOPE_PRIOR = math.log(4), 1.2
SEED_SPREADS: Array = np.array([0.0, 0.15, 0.3, 0.6, 1.0, 1.6])
SEED_SPREAD_PRIOR = 1.0
#: Half of the 95% quantile of χ² with one degree of freedom.
PROFILE = float(ndtri((1 + LEVEL) / 2)) ** 2 / 2


@dataclass(frozen=True)
class Outcomes:
    """Which runs learned: by seed, at each of the lengths; None where there is no such run.

    lengths: greater than 0, ascending.
    """

    lengths: Sequence[int]
    by_seed: Mapping[int, Sequence[bool | None]]

    @property
    def counts(self) -> list[tuple[int, int]]:
        """How many seeds learned at each length, and of how many."""
        columns = zip(*self.by_seed.values(), strict=True)
        known = [[learned for learned in column if learned is not None] for column in columns]
        return [(sum(column), len(column)) for column in known]


@dataclass(frozen=True)
class L50:
    """The length at which half the seeds learn, with its 95% interval.

    shortest, longest: that were tried. value: the median of what is known; None where it lies
    outside of them, or neither end within. low, high: None for an end below the shortest or above
    the longest. Where L50 itself is out there, the other end lies at the nearest length tried, or
    within them.
    """

    value: float | None
    low: float | None
    high: float | None
    shortest: int
    longest: int

    def __str__(self) -> str:
        """In words.

        >>> print(L50(23.1, 18.2, 30.8, 5, 160), "|", L50(None, 120.2, None, 5, 160))
        23 (18 to 31) | above 120
        >>> print(L50(90, 61, None, 5, 160), "|", L50(None, None, None, 5, 160))
        90 (61 or more) | not known
        """
        low, high = (None if end is None else _rounded(end) for end in (self.low, self.high))
        if low is None and high is None:
            return "not known"
        if self.value is None:
            return f"above {low}" if high is None else f"below {high}"
        within = (
            f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less"
        )
        return f"{_rounded(self.value)} ({within})"

    @property
    def factor(self) -> float:
        """How many times as large the upper end is as the lower; infinite for an open one."""
        if self.low is None or self.high is None:
            return math.inf
        return self.high / self.low


def _rounded(length: float) -> str:
    return f"{length:.2g}" if length < 10 else f"{length:.0f}"


class Posterior:
    """What outcomes say of ln L50 (x), k and τ.

    x_X: the grid of ln L50. weights_X: the posterior of x. profile_X: the log likelihood with the
    best k and τ for each x.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        """Raises ValueError where no run is known, or a length is not greater than 0."""
        self.lengths = np.asarray(outcomes.lengths, dtype=np.float64)
        learned_SL = np.array(
            [[np.nan if y is None else float(y) for y in row] for row in outcomes.by_seed.values()]
        )
        if not learned_SL.size or np.isnan(learned_SL).all():
            raise ValueError("outcomes of no run say nothing of L50")
        if self.lengths.min() <= 0:
            raise ValueError(f"lengths must be greater than 0 (got {outcomes.lengths})")
        room = math.log(ROOM)
        low, high = math.log(self.lengths.min()) - room, math.log(self.lengths.max()) + room
        self.x_X = np.arange(low, high + STEP, STEP)
        likelihood_TKX = _log_likelihood(self.x_X, np.log(self.lengths), learned_SL)
        log_prior_TK1 = _log_prior()[:, :, None]
        joint_TKX = np.exp(likelihood_TKX + log_prior_TK1 - (likelihood_TKX + log_prior_TK1).max())
        self.joint_TKX = joint_TKX / joint_TKX.sum()
        self.weights_X = self.joint_TKX.sum((0, 1))
        self.profile_X = likelihood_TKX.max((0, 1))

    def quantile(self, share: float) -> float:
        """The length below which L50 lies with this probability."""
        middles = np.cumsum(self.weights_X) - self.weights_X / 2
        return float(np.exp(np.interp(share, middles, self.x_X)))

    @cached_property
    def l50(self) -> L50:
        shortest, longest = self.lengths.min(), self.lengths.max()
        likely = np.flatnonzero(self.profile_X >= self.profile_X.max() - PROFILE)
        half = STEP / 2  # a value of the grid stands for those about it
        low = min(self.quantile((1 - LEVEL) / 2), math.exp(self.x_X[likely[0]] - half))
        high = max(self.quantile((1 + LEVEL) / 2), math.exp(self.x_X[likely[-1]] + half))
        value = self.quantile(0.5)
        known = shortest <= value <= longest and (low >= shortest or high <= longest)
        return L50(
            value if known else None,
            min(low, float(longest)) if low >= shortest else None,
            max(high, float(shortest)) if high <= longest else None,
            int(shortest),
            int(longest),
        )

    def share_learning(self, lengths_N: Array) -> tuple[Array, Array, Array]:
        """The share of all seeds that learn at each length: mean, and the middle 95%."""
        nodes_B, weights_B = np.polynomial.hermite_e.hermegauss(9)
        weights_B = weights_B / weights_B.sum()
        kept = (
            self.joint_TKX > 1e-4 * self.joint_TKX.max()
        )  # of tens of thousands of points a few hundred have weight
        spread, slope, place = np.nonzero(kept)
        weights_P = self.joint_TKX[kept] / self.joint_TKX[kept].sum()
        tau_P, k_P, x_P = SEED_SPREADS[spread], SLOPES[slope], self.x_X[place]
        z_NPB = (x_P - np.log(lengths_N)[:, None])[..., None] + tau_P[:, None] * nodes_B
        shares_NP = (expit(k_P[:, None] * z_NPB) * weights_B).sum(2)
        order_NP = shares_NP.argsort(1)
        sorted_NP = np.take_along_axis(shares_NP, order_NP, 1)
        below_NP = weights_P[order_NP].cumsum(1)
        ends = [
            sorted_NP[np.arange(len(lengths_N)), (below_NP < share).sum(1).clip(max=len(x_P) - 1)]
            for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
        ]
        return shares_NP @ weights_P, ends[0], ends[1]


def _log_likelihood(x_X: Array, lengths_L: Array, learned_SL: Array) -> Array:
    """[τ, k, x], with each seed's b_s integrated out: a sum over the grid about x."""
    pad = np.arange(1, int(3 * SEED_SPREADS.max() / STEP) + 1) * STEP
    center_C = np.concatenate([x_X[0] - pad[::-1], x_X, x_X[-1] + pad])
    z_KCL = SLOPES[:, None, None] * (center_C[:, None] - lengths_L)
    yes_SL, no_SL = np.nan_to_num(learned_SL), np.nan_to_num(1 - learned_SL)
    log_KCS = log_expit(z_KCL) @ yes_SL.T + log_expit(-z_KCL) @ no_SL.T
    of_seed_CM = np.exp(log_KCS).transpose(1, 0, 2).reshape(len(center_C), -1)
    made = []
    for weights_XC in _seeds_about(len(x_X), len(pad)):
        logs_XM = np.log(np.maximum(weights_XC @ of_seed_CM, 1e-300))
        made.append(logs_XM.reshape(len(x_X), len(SLOPES), -1).sum(2).T)
    return np.array(made)


@lru_cache(maxsize=8)
def _seeds_about(places: int, pad: int) -> list[Array]:
    """Of each τ, how the seeds of an x lie on the grid: `pad` places further on both sides."""
    apart_XC = STEP * (np.arange(places)[:, None] - (np.arange(places + 2 * pad) - pad))
    made = [apart_XC == 0 if tau == 0 else np.exp(-((apart_XC / tau) ** 2) / 2)
            for tau in SEED_SPREADS]  # fmt: skip
    return [np.asarray(w / w.sum(1, keepdims=True), dtype=np.float64) for w in made]


def _log_prior() -> Array:
    """[τ, k]: each value of a grid stands for those about it."""
    middle, spread = SLOPE_PRIOR
    log_K = -(((np.log(SLOPES) - middle) / spread) ** 2) / 2
    log_T = -((SEED_SPREADS / SEED_SPREAD_PRIOR) ** 2) / 2 + np.log(np.gradient(SEED_SPREADS))
    return np.asarray(log_T[:, None] + log_K)
