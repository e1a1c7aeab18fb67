"""dL/dh at every training step: how far back the loss reached while the network learned.

Measured in the training itself, in float32, where `probes.gradient_flow.every_step` asks for it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.ranges import FLOAT32_FLOOR
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ReachedBack:
    """One run: norms of S training steps at K distances from the readout, the first of them 0.

    far: the farthest distance of which a step has a norm.
    """

    distance_K: Array
    norm_SK: Array
    far: int

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Epochs one after the other, without what fills up shorter ones."""
        pairs = zip(arrays["norm"], arrays["steps"], strict=True)
        norm_SK = np.concatenate([rows[: int(count)] for rows, count in pairs])
        distance_K = arrays["distance"][-1]
        there = np.flatnonzero(~np.isnan(norm_SK).all(axis=0))
        return cls(distance_K, norm_SK, int(there[-1]) if len(there) else 0)

    @property
    def left_S(self) -> Array:
        """Of the norm at the readout, what is left at the farthest distance, at each step.

        NaN where float32 holds one of the two not.
        """
        near_S, far_S = self.norm_SK[:, 0], self.norm_SK[:, self.far]
        held_S = (near_S >= FLOAT32_FLOOR) & (far_S >= FLOAT32_FLOOR) & np.isfinite(near_S + far_S)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(held_S, far_S / near_S, np.nan)

    @property
    def farthest(self) -> Array:
        """The norms at the farthest distance, of the training steps with an example that is so
        long.
        """
        far_S = self.norm_SK[:, self.far]
        return far_S[~np.isnan(far_S)]


@dataclass(frozen=True)
class ReachedLine:
    label: str
    model: str
    runs: Sequence[ReachedBack]


@dataclass(frozen=True)
class GradientSteps(ProbeFinding):
    place, probe = 85, "gradient_steps"
    heading = "How far back the loss reached at every training step"
    equation = (
        "‖dL/dh_(n-k)‖ / ‖dL/dh_n‖ of the top layer, k steps before the readout n, mean over "
        "the batch's examples, in float32"
    )
    reading = (
        "Each training step is a measurement: 'left there' is what arrives at the farthest "
        "distance of the gradient that enters at the readout. 'At first' is the first training "
        "step, then come the median, the smallest and the largest over the training; the last "
        "three columns are the shares of steps at which nothing more is known, nothing "
        "arrives, or the number is too large."
    )
    misleads = (
        "It is measured in the float32 of the training, and nothing is told below 1e-36: "
        "gradient_flow measures in float64. The examples are those of each batch, so that "
        "neighbouring steps differ by chance."
    )

    lines: Sequence[ReachedLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [
            ReachedLine(group.label, group.model, runs)
            for group in groups
            if (runs := _runs(group))
        ]
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        head = ["‖dL/dh‖ at every training step", "distance", "left there: at first", "steps",
                "median", "smallest", "largest", "below 1e-36", "exactly 0",
                "overflow"]  # fmt: skip
        notes = [
            "left at that distance of the norm at the readout; median, smallest and largest over "
            "all training steps at which float32 holds both, then geometric means over seeds",
            "steps: at which an example of the batch is so long; below 1e-36, exactly 0, overflow: "
            "the share of these at which nothing more is known, at which nothing arrives, and at "
            "which it is beyond float32",
        ]
        return [Table(head, [_row(line) for line in self.lines], notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gradient_steps

        return gradient_steps.draw(self, folder)


def _runs(group: Group) -> list[ReachedBack]:
    return [ReachedBack.of(arrays) for arrays in group.probe(GradientSteps.probe)]


def _row(line: ReachedLine) -> list[Cell]:
    held = [left_S[~np.isnan(left_S)] for left_S in (run.left_S for run in line.runs)]
    far_S = np.concatenate([run.farthest for run in line.runs])
    distances = sorted({int(run.distance_K[run.far]) for run in line.runs})
    return [
        Cell(line.label),
        Cell(" or ".join(map(str, distances))),
        _at_first(line.runs),
        Cell(str(len(far_S)), len(far_S)),
        *(_over_steps(held, of) for of in (np.median, np.min, np.max)),
        _share((far_S > 0) & (far_S < FLOAT32_FLOOR)),
        _share(far_S == 0),
        _share(np.isinf(far_S)),
    ]


def _at_first(runs: Sequence[ReachedBack]) -> Cell:
    """What is left at the first step with an example that is so long; not what comes later."""
    left, below = [], 0
    for run in runs:
        there = np.flatnonzero(~np.isnan(run.norm_SK[:, run.far]))
        first = int(there[0]) if len(there) else 0
        is_below = bool(0 < run.norm_SK[first, run.far] < FLOAT32_FLOOR)
        below += is_below
        if not is_below:
            left.append(0.0 if run.norm_SK[first, run.far] == 0 else float(run.left_S[first]))
    return Magnitude.of(left).cell(more={"below 1e-36": below})


def _over_steps(held: Sequence[Array], of: Callable[[Array], Any]) -> Cell:
    return Magnitude.of([float(of(left_S)) if len(left_S) else math.nan for left_S in held]).cell(
        bare=True
    )


def _share(which_S: npt.NDArray[np.bool_]) -> Cell:
    if not len(which_S):
        return Cell(NOTHING)
    return Cell(f"{which_S.mean():.0%}", float(which_S.mean()))
