"""How much the states move along whole test sequences."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import MAX_LINES, NO_FIGURE, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.state_curves import ClassCurve, class_curves
from rnnexp.results.statistics import POSITIVE, Interval, t_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import Cell, Table, with_interval

FloatArray = npt.NDArray[np.float64]

#: The signs of the states that a network hands on; one without a sign is shown by its name.
SIGNS = {"state": "h", "cell": "c"}


@dataclass(frozen=True)
class StateLine:
    """One kind of state of a group.

    norm: mean over runs of its L2 norm. variance, deviation: of the norm over time, mean and
        standard deviation over sequences, n-1 in the denominator; NaN of one. relative: standard
        deviation of the norm over time by its mean, with its interval over sequences: states of
        another size can be set beside it. of_seeds: the same with its interval over seeds.
    saturated: share of |h| above the bound `saturated_at`; None of another kind of state.
    sequences, wanted: how many each run had, of several the fewest.
    curves: the norm along the sequences of the first run, class by class. seed: of that run, where
        there are several.
    """

    label: str
    model: str
    variant: str
    sign: str
    norm: float
    variance: float
    deviation: float
    relative: Interval | None
    of_seeds: Interval | None
    saturated: float | None
    saturated_at: float
    sequences: int
    wanted: int
    curves: Sequence[ClassCurve]
    seed: int | None

    @property
    def name(self) -> str:
        return f"{self.label} {self.sign}"


@dataclass(frozen=True)
class HiddenDynamics(ProbeFinding):
    place, probe = 90, "hidden_dynamics"
    heading = "How the states move along whole sequences"
    equation = (
        "‖h_t‖, of an LSTM ‖c_t‖ too; variance over time: Var_t ‖h_t‖; relative to the norm: "
        "√(Var_t ‖h_t‖) / mean_t ‖h_t‖"
    )
    reading = (
        "Each sequence of the test split is read whole, uncut and without pads: where its norm "
        "levels off the state has come to rest, where it moves the network goes on reacting. "
        "'Variance over time' is the mean over sequences (± their standard deviation); "
        "'relative to the norm' sets the movement beside the size, so that different states "
        "compare; which is the steadiest is said where intervals over seeds part; the column of "
        "|h| has the share of saturated units."
    )
    misleads = (
        "A norm has no direction: a state can turn, and carry news, while its norm stays. The "
        "variance grows with the size of a state, and c of an LSTM has no bound: compare the "
        "relative column. It is of a few sequences, the first of each class in the file that "
        "are long enough."
    )

    lines: Sequence[StateLine]
    groups: int

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [line for group in groups for line in _lines(group)]
        return cls(lines, len({line.label for line in lines})) if lines else None

    def tables(self) -> list[Table]:
        bounds = {f"{line.saturated_at:g}" for line in self.lines}
        several = any(line.of_seeds and line.of_seeds.n > 1 for line in self.lines)
        head = ["states along whole sequences", "norm", "variance over time",
                "relative to the norm", *(["the same over seeds"] if several else []),
                f"|h| > {'/'.join(sorted(bounds))}", "sequences"]  # fmt: skip
        over = "; over seeds: 95% interval over seeds" if several else ""
        notes = [
            "± standard deviation over sequences; relative: standard deviation over time by the "
            f"mean norm (95% interval over sequences){over}",
            *self._ranked(),
            *([NO_FIGURE] if self.groups > MAX_LINES else []),
        ]
        return [Table(head, [_row(line, several) for line in self.lines], notes)]

    def _ranked(self) -> list[str]:
        """What is said of the order of the states, in the table."""
        if self.groups < 2:
            return []
        if any(line.of_seeds is not None and line.of_seeds.n < 2 for line in self.lines):
            return ["one seed: which is steadier is not said"]
        return self.extremes() or [
            "steadiest, most restless: unclear, intervals over seeds overlap"
        ]

    def extremes(self) -> list[str]:
        """Which state moves least and which most for its size, where intervals over seeds tell.

        Settings differ as their seeds do: sequences of one network say nothing of another one.
        """
        of_seeds = {line.name: line.of_seeds for line in self.lines if line.of_seeds is not None}
        ends = {name: of.ends for name, of in of_seeds.items() if of.ends is not None}
        # h and c of one network are no two of a kind; one without an interval may be anywhere
        if len(ends) < max(2, len(of_seeds)) or self.groups < 2:
            return []
        by_high = sorted(ends, key=lambda name: ends[name][1])
        by_low = sorted(ends, key=lambda name: ends[name][0])
        steadiest, restless, said = by_high[0], by_low[-1], []
        if all(ends[steadiest][1] < ends[name][0] for name in by_high[1:]):
            said.append(f"steadiest for its size: {steadiest}")
        if all(ends[restless][0] > ends[name][1] for name in by_low[:-1]):
            said.append(f"most restless: {restless}")
        return ["; ".join(said)] if said else []

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import hidden_dynamics

        return hidden_dynamics.draw(self, folder) if self.groups <= MAX_LINES else []


def _row(line: StateLine, several: bool) -> list[Cell]:
    of_wanted = f"{line.sequences} of {line.wanted}: too few are long enough"
    shown = str(line.sequences) if line.sequences == line.wanted else of_wanted
    spread = "" if math.isnan(line.deviation) else f" ± {line.deviation:.2g}"
    return [
        Cell(line.name),
        Cell(f"{line.norm:.3g}", line.norm),
        Cell(f"{line.variance:.3g}{spread}", line.variance),
        with_interval(line.relative),
        *([with_interval(line.of_seeds)] if several else []),
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
    variances = [arrays[f"{kind}_variance"][-1] for arrays in measured]
    of_sequences = _per_sequence(variances)
    first = measured[0]
    bounded = kind == "state"
    relative = [_relative(arrays[kind][-1]) for arrays in measured]
    return StateLine(
        label=group.label,
        model=group.model,
        # variants of a study stand below each other, a row each: rnn h, lstm h, lstm c
        variant=group.label.partition(", ")[2],
        sign=SIGNS.get(kind, kind),
        norm=float(np.mean([np.nanmean(arrays[kind][-1]) for arrays in measured])),
        variance=float(np.nanmean(np.concatenate(variances))),
        deviation=float(np.std(of_sequences, ddof=1)) if len(of_sequences) > 1 else math.nan,
        relative=t_interval(per.tolist(), POSITIVE)
        if len(per := _per_sequence(relative))
        else None,
        of_seeds=over_seeds(relative),
        saturated=float(np.mean([np.nanmean(arrays["saturated"][-1]) for arrays in measured]))
        if bounded
        else None,
        saturated_at=float(first["saturated_at"][-1]) if "saturated_at" in first else 0.9,
        sequences=int(min(arrays["sequences"][-1] for arrays in measured)),
        wanted=int(max(arrays["wanted"][-1] for arrays in measured)),
        curves=class_curves(
            first[kind][-1], first["target"][-1], group.ended[0].directory.task.classes or []
        ),
        seed=group.measured("hidden_dynamics")[0][0].summary.seed if len(measured) > 1 else None,
    )


def _relative(norm_NT: FloatArray) -> FloatArray:
    """The coefficient of variation of the norm along each sequence; NaN where it has none."""
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without a number
        values_N = np.nanstd(norm_NT, axis=1) / np.nanmean(norm_NT, axis=1)
    return np.where(np.isfinite(values_N), values_N, np.nan)


def _per_sequence(of_runs: Sequence[FloatArray]) -> FloatArray:
    """The mean over runs of each sequence that has one; none where runs have other sequences.

    Sequences are the same in every run, so that each counts once.
    """
    if len({len(values) for values in of_runs}) != 1:
        return np.empty(0)
    values_RN = np.array(of_runs)
    values_RN = values_RN[:, ~np.isnan(values_RN).all(axis=0)]
    return np.asarray(np.nanmean(values_RN, axis=0), np.float64)


def over_seeds(of_runs: Sequence[FloatArray]) -> Interval | None:
    """The interval over runs of their means over sequences; None where none has one."""
    means = [float(np.nanmean(values)) for values in of_runs if not np.isnan(values).all()]
    return t_interval(means, POSITIVE) if means else None
