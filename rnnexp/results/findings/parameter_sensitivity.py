"""How much small changes of the weights change the states, by the number of steps seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import MAX_LINES, NO_FIGURE, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import t_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table, count, with_ends, with_interval

Array = npt.NDArray[np.float64]

#: What all weights together are called.
ALL = "all"
#: Growth below which small changes die out, and above which nothing that adds up can be.
DYING_OUT, ADDING = 0.5, 5.0


@dataclass(frozen=True)
class Sensitivity:
    """One measurement of one run, of each weight by its name.

    steps_K: steps seen. squared: mean ‖dh_n/dθ‖² over the examples, low and high the ends of its
        95% interval. growth: its power of n over the last half of the steps, with its interval.
    state_K: mean ‖h_n‖². by_step, so_far: ‖c_k‖ and ‖c_0 + ... + c_k‖, what the steps up to k
        before the readout give to the gradient; empty where that was not measured.
    """

    steps_K: Array
    squared: Mapping[str, Array]
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    growth: Mapping[str, tuple[float, float, float]]
    state_K: Array
    by_step: Mapping[str, Array]
    so_far: Mapping[str, Array]
    examples: int

    @classmethod
    def of(cls, arrays: Arrays, row: int) -> Self:
        def named(key: str) -> dict[str, Array]:
            prefix = f"{key}."
            return {
                name.removeprefix(prefix): arrays[name][row]
                for name in arrays
                if name.startswith(prefix)
            }

        ends = [named(key) for key in ("growth", "growth_low", "growth_high")]
        growth = {
            name: (float(ends[0][name]), float(ends[1][name]), float(ends[2][name]))
            for name in ends[0]
        }
        return cls(
            arrays["steps"][row], named("squared"), named("squared_low"), named("squared_high"),
            growth, arrays["state"][row], named("step"), named("so_far"),
            int(arrays["examples"][row]),
        )  # fmt: skip

    @property
    def weights(self) -> list[str]:
        """The weights that are measured apart, without their blocks."""
        return [name for name in self.squared if name != ALL and "." not in name]


@dataclass(frozen=True)
class SensitivityLine:
    """A group: the last measurement of each run, and its first where that was before training."""

    label: str
    model: str
    runs: Sequence[Sensitivity]
    untrained: Sequence[Sensitivity]

    def growth(self, name: str, runs: Sequence[Sensitivity]) -> tuple[float, float, float]:
        """Of one run with its interval over examples, of several over seeds; NaN where missing."""
        if len(runs) == 1:
            return runs[0].growth[name]
        known = [run.growth[name][0] for run in runs if not math.isnan(run.growth[name][0])]
        if not known:
            return math.nan, math.nan, math.nan
        interval = t_interval(known)
        low, high = interval.ends or (math.nan, math.nan)
        return interval.mean, low, high

    def verdict(self, name: str) -> str:
        """What the whole interval says."""
        mean, low, high = self.growth(name, self.runs)
        if math.isnan(mean):
            return "not measured"
        if math.isnan(low):
            return "no interval"
        if high < DYING_OUT:
            return "no longer grows"
        if low > ADDING:
            return "explodes"
        if low > DYING_OUT:
            return "grows with the steps" if high <= ADDING else "grows, or explodes"
        return "unclear"


@dataclass(frozen=True)
class ParameterSensitivity(ProbeFinding):
    place, probe, answer_place = 155, "parameter_sensitivity", 260
    heading = "How much small changes of the weights change the states"
    equation = (
        "dh_n/dθ = ∂F/∂θ + (∂F/∂h) dh_(n-1)/dθ; E‖dh_n/dθ‖²: mean over examples\n"
        "power of n: ln‖dh_n/dθ‖² by ln n, from half of the steps to all of them"
    )
    reading = (
        "The figure shows how strongly the state depends on the weights, after n steps. 'Power "
        "of n' is how that grows: 0 where small changes die out, 3 to 4 where the state adds "
        "up what it reads, more where it is chaotic. 'E‖h_n‖²' is the size of the state "
        "itself; the second panel has the part of the loss' gradient that comes from each step "
        "back."
    )
    misleads = (
        "Small changes die out in a network that forgets, and also in one that latches, which "
        "holds for ever: this is of memory that integrates. It is of the weights as they are "
        "parametrised and of h as it is scaled, both of which another form of the same network "
        "changes."
    )

    lines: Sequence[SensitivityLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = []
        for group in groups:
            measured = group.probe(cls.probe)
            if measured:
                untrained = [Sensitivity.of(a, 0) for _, a in group.untrained(cls.probe)]
                trained = [Sensitivity.of(arrays, -1) for arrays in measured]
                lines.append(SensitivityLine(group.label, group.model, trained, untrained))
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        head = ["sensitivity of the states", "weights", "untrained: power of n", "power of n",
                "E‖dh_n/dθ‖²", "E‖h_n‖²", "steps n", "verdict"]  # fmt: skip
        alone = len(self.lines) == 1 and len(self.lines[0].runs) == 1
        rows = []
        for line in self.lines:
            names = list(line.runs[0].squared) if alone else [ALL]
            rows += [_row(line, name) for name in names]
        of_seeds = "over examples" if max(len(line.runs) for line in self.lines) == 1 else (
            "over seeds"
        )  # fmt: skip
        notes = [
            "power of n: how E‖dh_n/dθ‖² grows from half of the steps to all of them: 0 where "
            "small changes die out, as the state forgets or latches, 3 to 4 where it adds up; "
            f"95% intervals {of_seeds}",
        ]
        if not all(run.by_step for line in self.lines for run in line.runs):
            notes.append(
                "the gradient of the loss by steps is not measured where the answer is read from "
                "many states"
            )
        if len(self.lines) > MAX_LINES:
            notes.append(NO_FIGURE)
        return [Table(head, rows, notes)]

    def answer(self) -> str:
        """How the effect of small changes of the weights grows with the steps."""
        known = [line for line in self.lines if line.verdict(ALL) != "not measured"]
        parts = [sentences.labelled(line.label, line.verdict(ALL)) for line in known]
        if not parts:
            return ""
        return f"What a small change of the weights does to the state: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import parameter_sensitivity

        if len(self.lines) > MAX_LINES:
            return []
        return parameter_sensitivity.draw(self, folder)

    def as_json(self) -> Any:
        return {
            line.label: {
                "power": [_or_none(run.growth[ALL][0]) for run in line.runs],
                "squared": [_or_none(float(run.squared[ALL][-1])) for run in line.runs],
                "steps": int(line.runs[0].steps_K[-1]),
                "verdict": line.verdict(ALL),
            }
            for line in self.lines
        }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _row(line: SensitivityLine, name: str) -> list[Cell]:
    def at_end(values: Sequence[float]) -> Cell:
        return with_interval(t_interval(values)) if values else Cell(NOTHING)

    before = line.growth(name, line.untrained) if line.untrained else (math.nan,) * 3
    last = [_last(run.squared[name]) for run in line.runs]
    return [
        Cell(line.label),
        Cell(name),
        with_ends(*before),
        with_ends(*line.growth(name, line.runs)),
        at_end(last) if len(last) > 1 else Cell(f"{last[0]:.3g}", last[0]),
        at_end([_last(run.state_K) for run in line.runs]),
        count(int(np.nanmax(line.runs[0].steps_K))),
        Cell(line.verdict(name)),
    ]


def _last(values_K: Array) -> float:
    known = values_K[~np.isnan(values_K)]
    return float(known[-1]) if len(known) else math.nan
