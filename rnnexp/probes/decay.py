"""How a gradient's norm changes with the distance from the readout. Without torch.

A single number, such as a half-life, describes a straight line of ln norm against distance. Where
time scales mix, as in a network whose gates differ, it depends on the length it was measured over;
so the share that is left at half and at the whole distance and the slopes at both ends are given,
and a half-life only where the line is straight.

Shapes: K distances 0, 1, ..., K-1.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.probes.base import Array
from rnnexp.ranges import BELOW_FLOOR, FLOOR

#: A norm that is 0 right after one above this was cut off, by a dead unit say, and has not decayed.
CUT_ABOVE = 1e-150

#: A line is straight where the slopes of its first and last quarter differ from the whole slope by
#: less than this share of it, or by less than makes the norm change by 10% over the whole distance.
STRAIGHT, FLAT = 0.2, 0.1

#: Shorter sequences have no early and late step: 5% of their length is less than half a step.
SHORTEST = 10


def marked_distances(steps: int) -> tuple[int, int, int] | None:
    """Distances from the readout of an early, a middle and a late step, at fixed shares of `steps`.

    95%, 50% and 5% of the length. None below `SHORTEST` steps.

    >>> [200 - k for k in marked_distances(200)], marked_distances(20), marked_distances(21)
    ([10, 100, 190], (19, 10, 1), (20, 10, 1))
    """
    if steps < SHORTEST:
        return None
    late = max(1, round(0.05 * steps))
    return steps - late, round(0.5 * steps), late


def marks_underflow(norms_TB: Array) -> Array:
    """The same norms, with `BELOW_FLOOR` in place of what underflowed: steps are rows, in order.

    Going back from the readout, a norm that falls below the floor little by little has underflowed,
    at its exact value or flushed to 0; one that is 0 all at once is 0.

    >>> marks_underflow(np.array([[0.0, 0.0], [0.0, 1e-307], [1.0, 1e-299]])).tolist()
    [[0.0, 1e-301], [0.0, 1e-301], [1.0, 1e-299]]
    """
    marked = norms_TB.copy()
    smallest_B = np.full(norms_TB.shape[1], np.inf)  # of the norms nearer to the readout, but 0
    for row_B in marked[::-1]:
        underflowed_B = (row_B < FLOOR) & ((row_B > 0) | (smallest_B < CUT_ABOVE))
        row_B[underflowed_B] = BELOW_FLOOR
        smallest_B = np.where(row_B > 0, np.fmin(smallest_B, row_B), smallest_B)
    return marked


def _usable(norm_K: Array) -> npt.NDArray[np.bool_]:
    return np.isfinite(norm_K) & (norm_K >= FLOOR)


def _slope(distance_N: npt.NDArray[np.int64], log_N: Array) -> float:
    """By least squares; NaN with fewer than two points."""
    if len(distance_N) < 2:
        return math.nan
    return float(np.polyfit(distance_N, log_N, 1)[0])


@dataclass(frozen=True)
class Decay:
    """A curve of norms by distance, 0 at the readout, D the farthest distance.

    half_share, end_share: what is left of the norm at distance 0, at D/2 and at D; `BELOW_FLOOR`
        and 0 as in `marks_underflow`; NaN where not measured.
    slope: of ln norm per step by least squares, over all distances at which the norm is above the
        floor and finite: the decay is censored there.
    near_slope, far_slope: over the first and the last quarter of these. NaN for fewer than 2
        distances in a quarter.
    reach: the last of those distances: below D where the norm underflows.
    """

    half_share: float
    end_share: float
    slope: float
    near_slope: float
    far_slope: float
    reach: float

    @classmethod
    def of(cls, norm_K: Array) -> Self:
        """
        >>> decay = Decay.of(0.95 ** np.arange(100.0))
        >>> round(decay.half_life, 6), round(decay.end_share, 6)
        (13.513407, 0.006232)
        """
        there = np.flatnonzero(~np.isnan(norm_K))
        end = int(there[-1]) if len(there) else 0
        usable = np.flatnonzero(_usable(norm_K))
        logs = np.log(norm_K[usable])
        quarter = -(-len(usable) // 4)
        return cls(
            _share(norm_K, round(end / 2)),
            _share(norm_K, end),
            _slope(usable, logs),
            _slope(usable[:quarter], logs[:quarter]),
            _slope(usable[len(usable) - quarter :], logs[len(usable) - quarter :]),
            float(usable[-1]) if len(usable) else math.nan,
        )

    @property
    def straight(self) -> bool | None:
        """Whether ln norm falls or grows along a straight line; None where not measured."""
        slopes = (self.slope, self.near_slope, self.far_slope)
        if any(math.isnan(slope) for slope in slopes):
            return None
        allowed = max(STRAIGHT * abs(self.slope), FLAT / self.reach)
        return all(abs(slope - self.slope) <= allowed for slope in slopes)

    @property
    def half_life(self) -> float:
        """ln 2 / -slope, in steps, where the line is straight; infinite where the norm falls by
        less than 10% over the whole distance.

        NaN where it is not straight, or not measured: the steps in which the norm halves then
        differ from place to place.
        """
        if not self.straight:
            return math.nan
        return math.log(2) / -self.slope if -self.slope * self.reach > FLAT else math.inf


def _share(norm_K: Array, distance: int) -> float:
    """The norm at a distance over that at 0."""
    near, far = float(norm_K[0]), float(norm_K[distance])
    if not (FLOOR <= near < math.inf) or math.isnan(far) or distance == 0:
        return math.nan
    if far < FLOOR:
        return far
    return max(far / near, BELOW_FLOOR)
