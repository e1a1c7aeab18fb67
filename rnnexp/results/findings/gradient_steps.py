"""dL/dh at every training step: how far back the loss reached while the network learned.

Measured in the training itself, in float32, where `probes.gradient_flow.every_step` asks for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
        pairs = zip(arrays["every_step"], arrays["steps"], strict=True)
        norm_SK = np.concatenate([rows[: int(count)] for rows, count in pairs if count > 0])
        distance_K = arrays["every_step_distance"][-1]
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
    def reaching(self) -> int:
        """The training steps with an example that is so long."""
        return int((~np.isnan(self.norm_SK[:, self.far])).sum())

    @property
    def below(self) -> int:
        """At how many steps the farthest norm was more than 0 and below what float32 holds."""
        far_S = self.norm_SK[:, self.far]
        return int(((far_S > 0) & (far_S < FLOAT32_FLOOR)).sum())

    @property
    def zero(self) -> int:
        """At how many steps it was exactly 0."""
        return int((self.norm_SK[:, self.far] == 0).sum())


@dataclass(frozen=True)
class ReachedLine:
    label: str
    model: str
    runs: Sequence[ReachedBack]


@dataclass(frozen=True)
class GradientSteps(ProbeFinding):
    place, probe = 85, "gradient_flow"

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
                "median", "smallest", "largest", "below 1e-36", "exactly 0"]  # fmt: skip
        notes = [
            "left at that distance of the norm at the readout; median, smallest and largest over "
            "all training steps at which float32 holds both, then geometric means over seeds",
            "steps: at which an example of the batch is so long; below 1e-36, exactly 0: the share "
            "of these at which nothing more is known, and at which nothing arrives",
        ]
        return [Table(head, [_row(line) for line in self.lines], notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gradient_steps

        return gradient_steps.draw(self, folder)


def _runs(group: Group) -> list[ReachedBack]:
    return [
        ReachedBack.of(arrays)
        for arrays in group.probe("gradient_flow")
        if "every_step" in arrays and (arrays["steps"] > 0).any()
    ]


def _row(line: ReachedLine) -> list[Cell]:
    held = [left_S[~np.isnan(left_S)] for left_S in (run.left_S for run in line.runs)]
    steps = sum(run.reaching for run in line.runs)
    distances = sorted({int(run.distance_K[run.far]) for run in line.runs})
    return [
        Cell(line.label),
        Cell(" or ".join(map(str, distances))),
        Magnitude.of([float(left_S[0]) if len(left_S) else math.nan for left_S in held]).cell(),
        Cell(str(steps), steps),
        *(_over_steps(held, of) for of in (np.median, np.min, np.max)),
        _share(sum(run.below for run in line.runs), steps),
        _share(sum(run.zero for run in line.runs), steps),
    ]


def _over_steps(held: Sequence[Array], of: object) -> Cell:
    assert callable(of)
    return Magnitude.of([float(of(left_S)) if len(left_S) else math.nan for left_S in held]).cell(
        bare=True
    )


def _share(count: int, of: int) -> Cell:
    return Cell(f"{count / of:.0%}" if of else NOTHING, count / of if of else None)
