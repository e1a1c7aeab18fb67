"""The fixed and slow points of one trained map at one constant input, and what they say.

Shapes: P points, B examples, D numbers of the flat state.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnexp.results.statistics import Rate, wilson

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PointsAt:
    """What was found at one constant input, in words `input`.

    place_P2: on the first two principal axes of the states. arrived_B: which of the points each
    example comes to when the input goes on, -1 for none; class_B: of the examples. has_classes:
    whether the task has any. starts, unsettled, fast: see the probe.
    """

    input: str
    speed_P: Array
    fixed_P: npt.NDArray[np.bool_]
    stable_P: npt.NDArray[np.bool_]
    unstable_P: npt.NDArray[np.int64]
    time_constant_P: Array
    starts_P: npt.NDArray[np.int64]
    eigenvalues_PD: npt.NDArray[np.complex128]
    place_P2: Array
    arrived_B: npt.NDArray[np.int64]
    class_B: npt.NDArray[np.int64]
    has_classes: bool
    starts: int
    unsettled: int
    fast: int

    @property
    def neutral_P(self) -> npt.NDArray[np.bool_]:
        """Fixed points at which something neither decays nor grows: one of many, as on a line."""
        return np.asarray(self.fixed_P & ~self.stable_P & (self.unstable_P == 0), np.bool_)

    @property
    def reached(self) -> list[int]:
        """The stable points that examples come to."""
        return sorted(set(self.arrived_B.tolist()) - {-1})

    @property
    def told(self) -> Rate | None:
        """Of how many examples the point tells the class: that of most others which come to it.

        Each by the others, so that a point of its own tells nothing. None without classes.
        """
        if not self.has_classes or not len(self.class_B):
            return None
        right = 0
        for example, (point, own) in enumerate(zip(self.arrived_B, self.class_B, strict=True)):
            others_B = (self.arrived_B == point) & (np.arange(len(self.class_B)) != example)
            counts = Counter(self.class_B[others_B].tolist()).most_common(2)
            tied = len(counts) > 1 and counts[0][1] == counts[1][1]
            right += bool(point >= 0 and counts and not tied and counts[0][0] == own)
        return wilson(right, len(self.class_B))

    @property
    def latches(self) -> bool:
        """Whether the points tell more than the commonest class does, by all of the interval."""
        told = self.told
        if told is None or len(self.reached) < 2:
            return False
        commonest = Counter(self.class_B.tolist()).most_common(1)[0][1] / len(self.class_B)
        return told.low > commonest

    @property
    def verdict(self) -> str:
        if self.latches:
            return f"latches: the stable point tells the class of {self.told}"
        if not self.reached and self.neutral_P.any():
            return f"{self.neutral_P.sum()} points with |λ| = 1: what is held stays, nothing decays"
        if not self.reached:
            return "no example arrives at a stable point in 2,000 steps"
        if astray := int((self.arrived_B < 0).sum()):
            return (
                f"unclear: {astray} of {len(self.arrived_B)} examples arrive at no stable point in "
                "2,000 steps"
            )
        if len(self.reached) == 1:
            steps = self.time_constant_P[self.reached[0]]
            others = int(self.stable_P.sum()) - 1
            more = f"; {others} more that no example comes to" if others else ""
            return (
                f"all come to one stable point: forgets with a time constant of {steps:.3g} steps"
                f"{more}"
            )
        if self.has_classes:
            return f"{len(self.reached)} stable points, which do not tell the class"
        return f"{len(self.reached)} stable points: which of them, is held"


def kind(at: PointsAt, point: int) -> str:
    """What a point is, in words: `stable`, `unstable in 1 direction`, `slow`."""
    growing = int(at.unstable_P[point])
    directions = f"{growing} direction{'s' if growing != 1 else ''}"
    if not at.fixed_P[point]:
        return f"slow, unstable in {directions}" if growing else "slow"
    if at.stable_P[point]:
        return "stable"
    return f"unstable in {directions}" if growing else "neutral, |λ| = 1"
