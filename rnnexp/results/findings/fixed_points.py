"""Fixed points of the trained map at constant inputs: what a network holds, and whether it latches.

Shapes: P points, S states, B examples, D numbers of the flat state.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.points import Array, PointsAt, kind
from rnnexp.results.statistics import wilson
from rnnexp.results.study_run import Arrays, StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, one_by_one

#: Points of one input that a table lists, and inputs that a figure shows.
MOST_POINTS, MOST_INPUTS = 8, 4


@dataclass(frozen=True)
class RunPoints:
    """One measurement of one run, at each of its constant inputs.

    visited_S2, class_S: states of the examples on two principal axes, the last of each example at
    the end (`last`), and their classes. shares: of the variance, along the axes.
    """

    at: Sequence[PointsAt]
    visited_S2: Array
    class_S: npt.NDArray[np.int64]
    last: int
    shares: tuple[float, float]
    class_names: Sequence[str]

    @classmethod
    def of(cls, run: StudyRun, arrays: Arrays, row: int) -> Self:
        def column(name: str) -> Array:
            return np.asarray(arrays[name][row], np.float64)

        task = run.directory.task
        input_P, class_B = column("input"), column("example_class")
        tokens = column("token")
        at = []
        for place, token in enumerate(tokens[~np.isnan(tokens)]):
            mine_P = input_P == place
            eigenvalues = (
                column("eigenvalues_real")[mine_P] + 1j * column("eigenvalues_imaginary")[mine_P]
            )
            at.append(
                PointsAt(
                    _input_name(int(token), task.vocabulary),
                    column("speed")[mine_P],
                    column("fixed")[mine_P] == 1,
                    column("stable")[mine_P] == 1,
                    column("unstable_directions")[mine_P].astype(np.int64),
                    column("time_constant")[mine_P],
                    column("starts_here")[mine_P].astype(np.int64),
                    eigenvalues,
                    column("place")[mine_P],
                    column("arrived")[place].astype(np.int64),
                    class_B.astype(np.int64),
                    bool(arrays["has_classes"][row]),
                    *(int(column(name)[place]) for name in ("starts", "unsettled", "fast")),
                )
            )
        there_S = ~np.isnan(column("visited_class"))
        first, second = column("principal_shares")
        return cls(
            at,
            column("visited")[there_S],
            column("visited_class")[there_S].astype(np.int64),
            len(class_B),
            (float(first), float(second)),
            task.classes or [],
        )


def _input_name(token: int, vocabulary: Sequence[str] | None) -> str:
    if token < 0:
        return "the mean input" if token == -1 else "no input"
    if vocabulary is None or token >= len(vocabulary):
        return f"token {token}"
    return f"'{vocabulary[token]}'"


@dataclass(frozen=True)
class PointsLine:
    """A group: the last measurement of each run, and its first where that was before training."""

    label: str
    model: str
    runs: Sequence[RunPoints]
    untrained: Sequence[RunPoints]

    @property
    def verdict(self) -> str:
        """At the first input, of one run; of several how many latch."""
        if len(self.runs) == 1:
            return self.runs[0].at[0].verdict
        if not any(run.at[0].has_classes for run in self.runs):
            held = sum(len(run.at[0].reached) > 1 for run in self.runs)
            return f"several stable points reached: {wilson(held, len(self.runs))}"
        latching = sum(run.at[0].latches for run in self.runs)
        return f"latches: {wilson(latching, len(self.runs))}"


@dataclass(frozen=True)
class FixedPoints(ProbeFinding):
    place, probe, answer_place = 152, "fixed_points", 240
    heading = "Where the network comes to rest at a constant input"
    equation = (
        "F(h*, x) = h*, found as a minimum of ½ ‖F(h, x) - h‖²; stable: all eigenvalues |λ| of "
        "∂F/∂h below 1; time constant -1 / ln |λ|"
    )
    reading = (
        "The network is given one input again and again, and the table counts the points at "
        "which it then stays ('stable': all small changes die out; 'unstable': some grow), "
        "where it hardly moves ('slow'), and the stable ones that the examples' last states "
        "come to ('reached'). Several reached points that tell the class are a latch, which "
        "holds for ever; a single one forgets, and its time constant says how soon; in the "
        "figure an eigenvalue inside the circle decays, one on it is held, one outside it "
        "grows."
    )
    misleads = (
        "The input of the network is not constant: between words that differ it need not come "
        "near any of these points. What was not found may be there. A cycle and chaos are no "
        "fixed points, and of a line of points every start finds another."
    )

    lines: Sequence[PointsLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = []
        for group in groups:
            measured = group.measured(cls.probe)
            if measured:
                untrained = [RunPoints.of(r, a, 0) for r, a in group.untrained(cls.probe)]
                trained = [RunPoints.of(run, arrays, -1) for run, arrays in measured]
                lines.append(PointsLine(group.label, group.model, trained, untrained))
        return cls(lines) if lines else None

    @property
    def alone(self) -> RunPoints | None:
        """The one run that there is."""
        runs = [run for line in self.lines for run in line.runs]
        return runs[0] if len(runs) == 1 else None

    def tables(self) -> list[Table]:
        where = self.lines[0].runs[0].at[0].input
        head = [f"fixed points at {where}", "untrained: stable", "stable", "unstable", "slow",
                "reached", "verdict"]  # fmt: skip
        notes = [
            "at a constant input, to which the network does not stay: stable: every small change "
            "dies out; slow: a minimum of the speed; reached: stable points that the examples' "
            "last states come to when the input goes on",
            self._counted(),
        ]
        tables = [Table(head, [_row(line) for line in self.lines], notes)]
        if self.alone is not None:
            tables.append(_points_table(self.alone))
        return tables

    def _counted(self) -> str:
        """What became of the starts that gave no point."""
        first = [run.at[0] for line in self.lines for run in line.runs]
        starts, unsettled, fast = (
            sum(getattr(at, name) for at in first) for name in ("starts", "unsettled", "fast")
        )
        return (
            f"of {starts} starts {unsettled} did not converge, and {fast} came to a minimum at "
            "which the network moves on: points may be missing"
        )

    def answer(self) -> str:
        """What the network does at the first constant input."""
        where = self.lines[0].runs[0].at[0].input
        parts = [sentences.labelled(line.label, line.verdict) for line in self.lines]
        return f"Left alone with {where}: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import fixed_points

        return [] if self.alone is None else fixed_points.draw(self, folder)

    def as_json(self) -> Any:
        return {
            line.label: {
                "input": line.runs[0].at[0].input,
                "stable": [int(run.at[0].stable_P.sum()) for run in line.runs],
                "reached": [len(run.at[0].reached) for run in line.runs],
                "class_told": [
                    None if (told := run.at[0].told) is None else [told.successes, told.n]
                    for run in line.runs
                ],
                "verdict": line.verdict,
            }
            for line in self.lines
        }


def _row(line: PointsLine) -> list[Cell]:
    first = [run.at[0] for run in line.runs]
    before = [run.at[0].stable_P.sum() for run in line.untrained]
    counts = (
        [at.stable_P.sum() for at in first],
        [(at.fixed_P & ~at.stable_P).sum() for at in first],
        [(~at.fixed_P).sum() for at in first],
        [len(at.reached) for at in first],
    )
    return [Cell(line.label), *map(_counts, (before, *counts)), Cell(line.verdict)]


def _counts(values: Sequence[float]) -> Cell:
    if not values:
        return Cell(NOTHING)
    return Cell(one_by_one(list(values), "{:.0f}".format), float(values[0]))


def _points_table(run: RunPoints) -> Table:
    head = ["point at", "kind", "speed", "largest |λ|", "time constant", "starts", "examples"]
    rows = [row for at in run.at for row in _point_rows(at, run.class_names)]
    left_out = sum(max(0, len(at.speed_P) - MOST_POINTS) for at in run.at)
    notes = ["time constant: -1/ln|λ| steps; examples: those that come to it, by class"]
    if left_out:
        notes.append(f"{left_out} more points are not listed")
    return Table(head, rows, notes)


def _point_rows(at: PointsAt, class_names: Sequence[str]) -> list[list[Cell]]:
    rows = []
    # stable ones first, then by how many directions grow
    order = np.lexsort((-at.starts_P, at.unstable_P, ~at.fixed_P))
    for point in order[:MOST_POINTS]:
        largest = float(np.abs(at.eigenvalues_PD[point, 0]))
        rows.append(
            [
                Cell(at.input),
                Cell(kind(at, int(point))),
                Cell(f"{at.speed_P[point]:.1g}", float(at.speed_P[point])),
                Cell(f"{largest:.4g}", largest),
                _decay(at, int(point)),
                Cell(str(at.starts_P[point]), int(at.starts_P[point])),
                Cell(_by_class(at, int(point), class_names)),
            ]
        )
    return rows


def _decay(at: PointsAt, point: int) -> Cell:
    """The time constant; none where something grows, or neither grows nor decays."""
    steps = float(at.time_constant_P[point])
    if at.unstable_P[point]:
        return Cell("grows")
    if at.neutral_P[point] or not np.isfinite(steps):
        return Cell("no decay")
    return Cell(f"{steps:.3g}", steps)


def _by_class(at: PointsAt, point: int, class_names: Sequence[str]) -> str:
    here_B = at.arrived_B == point
    if not at.has_classes:
        return str(int(here_B.sum()))
    counts = Counter(at.class_B[here_B].tolist())
    names = dict(enumerate(class_names))
    shown = [f"{n} of {names.get(c, f'class {c + 1}')}" for c, n in sorted(counts.items())]
    return ", ".join(shown) or NOTHING
