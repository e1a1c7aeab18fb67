"""How much the states move along whole test sequences."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from rnnexp.results.findings.base import MAX_LINES, NO_FIGURE, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.state_curves import ClassCurve, class_curves, span_width
from rnnexp.results.statistics import POSITIVE, Interval, t_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import Cell, Table, with_interval

#: The signs of the states that a network hands on; one without a sign is shown by its name.
SIGNS = {"state": "h", "cell": "c"}


@dataclass(frozen=True)
class StateLine:
    """One kind of state of a group.

    norm: mean over runs of its L2 norm. variance, deviation: of the norm over time, mean and
        standard deviation over sequences. relative: standard deviation of the norm over time by its
        mean, with its interval over sequences: states of another size can be set beside it.
    saturated: share of |h| above the bound `saturated_at`; None of another kind of state.
    sequences, wanted: how many there were.
    curves: the norm along the sequences of the first run, class by class, averaged over
        `averaged_over` steps. seed: of that run, where there are several.
    """

    label: str
    model: str
    variant: str
    sign: str
    norm: float
    variance: float
    deviation: float
    relative: Interval | None
    saturated: float | None
    saturated_at: float
    sequences: int
    wanted: int
    curves: Sequence[ClassCurve]
    averaged_over: int
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
        "compare; the column of |h| has the share of saturated units."
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
        head = ["states along whole sequences", "norm", "variance over time",
                "relative to the norm",
                f"|h| > {'/'.join(sorted(bounds))}", "sequences"]  # fmt: skip
        notes = [
            "± standard deviation over sequences; relative: standard deviation over time by the "
            "mean norm (95% interval over sequences)",
            *self.extremes(),
            *([NO_FIGURE] if self.groups > MAX_LINES else []),
        ]
        return [Table(head, [_row(line) for line in self.lines], notes)]

    def extremes(self) -> list[str]:
        """Which state moves least and which most for its size, where their intervals tell."""
        ends = {
            line.name: line.relative.ends
            for line in self.lines
            if line.relative is not None and line.relative.ends is not None
        }
        if len(ends) < 2 or self.groups < 2:  # h and c of one network are no two of a kind
            return []
        by_high = sorted(ends, key=lambda name: ends[name][1])
        by_low = sorted(ends, key=lambda name: ends[name][0])
        steadiest, restless, said = by_high[0], by_low[-1], []
        if all(ends[steadiest][1] < ends[name][0] for name in by_high[1:]):
            said.append(f"steadiest for its size: {steadiest}")
        if all(ends[restless][0] > ends[name][1] for name in by_low[:-1]):
            said.append(f"most restless: {restless}")
        return ["; ".join(said) or "steadiest, most restless: unclear, intervals overlap"]

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
        with_interval(line.relative),
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
    first = measured[0]
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
        relative=_relative(measured, kind),
        saturated=float(np.mean([np.nanmean(arrays["saturated"][-1]) for arrays in measured]))
        if bounded
        else None,
        saturated_at=float(first["saturated_at"][-1]) if "saturated_at" in first else 0.9,
        sequences=int(sum(arrays["sequences"][-1] for arrays in measured)),
        wanted=int(sum(arrays["wanted"][-1] for arrays in measured)),
        curves=class_curves(
            first[kind][-1], first["target"][-1], group.ended[0].directory.task.classes or []
        ),
        averaged_over=span_width(first[kind][-1].shape[1]),
        seed=group.measured("hidden_dynamics")[0][0].summary.seed if len(measured) > 1 else None,
    )


def _relative(measured: Sequence[Arrays], kind: str) -> Interval | None:
    """The coefficient of variation of the norm along each sequence, over sequences.

    Sequences are the same in every run, so that of each its mean over the runs counts once.
    """
    sizes = {arrays[kind][-1].shape[0] for arrays in measured}
    if len(sizes) != 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without a number
        per_run = np.array(
            [
                np.nanstd(arrays[kind][-1], axis=1) / np.nanmean(arrays[kind][-1], axis=1)
                for arrays in measured
            ]
        )
        per_sequence = np.nanmean(np.where(np.isfinite(per_run), per_run, np.nan), axis=0)
    known = per_sequence[~np.isnan(per_sequence)]
    return t_interval(known.tolist(), POSITIVE) if len(known) else None
