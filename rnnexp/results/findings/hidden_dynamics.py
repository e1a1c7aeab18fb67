"""How much the states move along whole test sequences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import MAX_LINES, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import Cell, Table

#: The signs of the states that a network hands on; one without a sign is shown by its name.
SIGNS = {"state": "h", "cell": "c"}


@dataclass(frozen=True)
class StateLine:
    """One kind of state of a group.

    norm: mean over runs of its L2 norm. variance, deviation: of the norm over time, mean and
        standard deviation over sequences. saturated: share of units above the probe's bound; None
        of a state that is not bounded. sequences, wanted: how many there were.
    norm_NT, target_N: the norm along each sequence of the first run, and its class.
    """

    label: str
    model: str
    variant: str
    sign: str
    norm: float
    variance: float
    deviation: float
    saturated: float | None
    sequences: int
    wanted: int
    norm_NT: npt.NDArray[np.float64]
    target_N: npt.NDArray[np.float64]
    first_variance: float
    first_deviation: float
    class_names: Sequence[str]

    @property
    def name(self) -> str:
        return f"{self.label} {self.sign}"


@dataclass(frozen=True)
class HiddenDynamics(ProbeFinding):
    place, probe = 90, "hidden_dynamics"

    lines: Sequence[StateLine]
    groups: int

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [line for group in groups for line in _lines(group)]
        return cls(lines, len({line.label for line in lines})) if lines else None

    def tables(self) -> list[Table]:
        head = ["states along whole texts", "norm", "variance over time", "|h| > 0.9", "sequences"]
        note = f"± standard deviation over sequences{self._extremes()}"
        return [Table(head, [_row(line) for line in self.lines], [note])]

    def _extremes(self) -> str:
        """Which state moves least and which most, where there are several."""
        known = [line for line in self.lines if not math.isnan(line.variance)]
        if len(known) < 2:
            return ""
        by_variance = sorted(known, key=lambda line: line.variance)
        return f"; steadiest: {by_variance[0].name}, most restless: {by_variance[-1].name}"

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import hidden_dynamics

        return hidden_dynamics.draw(self, folder) if self.groups <= MAX_LINES else []


def _row(line: StateLine) -> list[Cell]:
    of_wanted = f"{line.sequences} of {line.wanted}: too few are long enough"
    shown = str(line.sequences) if line.sequences == line.wanted else of_wanted
    return [
        Cell(line.name),
        Cell(f"{line.norm:.3g}", line.norm),
        Cell(f"{line.variance:.3g} ± {line.deviation:.2g}", line.variance),
        Cell("" if line.saturated is None else f"{line.saturated:.1%}", line.saturated),
        Cell(shown, line.sequences),
    ]


def _lines(group: Group) -> list[StateLine]:
    measured = group.probe("hidden_dynamics")
    kinds = dict.fromkeys(
        key.removesuffix("_variance")
        for arrays in measured
        for key in arrays
        if key.endswith("_variance") and key.removesuffix("_variance") in arrays
    )
    return [_line(group, kind, [a for a in measured if kind in a]) for kind in kinds]


def _line(group: Group, kind: str, measured: Sequence[Arrays]) -> StateLine:
    variances = np.concatenate([arrays[f"{kind}_variance"][-1] for arrays in measured])
    first, first_variance = measured[0], measured[0][f"{kind}_variance"][-1]
    bounded = kind == "state"
    return StateLine(
        label=group.label,
        model=group.model,
        # variants of a study stand below each other, a row each: rnn h, lstm h, lstm c
        variant=group.label.partition(", ")[2],
        sign=SIGNS.get(kind, kind),
        norm=float(np.mean([np.nanmean(arrays[kind][-1]) for arrays in measured])),
        variance=float(np.nanmean(variances)),
        deviation=float(np.nanstd(variances)),
        saturated=float(np.mean([np.nanmean(arrays["saturated"][-1]) for arrays in measured]))
        if bounded
        else None,
        sequences=int(sum(arrays["sequences"][-1] for arrays in measured)),
        wanted=int(sum(arrays["wanted"][-1] for arrays in measured)),
        norm_NT=first[kind][-1],
        target_N=first["target"][-1],
        first_variance=float(np.nanmean(first_variance)),
        first_deviation=float(np.nanstd(first_variance)),
        class_names=group.ended[0].directory.task.classes or [],
    )
