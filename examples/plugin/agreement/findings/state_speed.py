"""The table and the figure of the probe state_speed.

A file in findings/ is found by being there; its name is that of the figure. It reads what was
measured once, into the fields of a dataclass, and makes table and figure from them. Figures are
never a reason to import torch: `rnnexp report` draws them where no network is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import SHARE, Interval, t_interval
from rnnexp.results.tables import Cell, Table, with_interval

#: A state that has nothing to do with the one before, of the same size: at a right angle to it.
UNRELATED = 0.5**0.5


@dataclass(frozen=True)
class Line:
    """A group, runs that differ in their seed alone.

    start, end: the mean speed before and after the training, over seeds; start is None where it was
        not measured then. by_step: after it, an interval for each step.
    """

    label: str
    model: str
    start: Interval | None
    end: Interval
    by_step: Sequence[Interval]


@dataclass(frozen=True)
class StateSpeed(ProbeFinding):
    """Of a run on its own there is one line, without intervals; of a study one for each group."""

    probe = "state_speed"
    heading = "How far the state moves from step to step"
    equation = "‖h_t - h_(t-1)‖ / (‖h_t‖ + ‖h_(t-1)‖), mean over examples and steps"
    reading = (
        "0 is a state that stays where it is, 1 one that turns into its opposite, and 0.71 one "
        "of the same size that has nothing to do with the one before. The table has the mean "
        "before and after training, the figure each step."
    )
    misleads = (
        "A state that moves little may hold what it has read, or may never have read anything. "
        "It is of the top layer's h alone: of an LSTM the c behind it can stand still while h "
        "moves."
    )

    lines: Sequence[Line]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [line for group in groups if (line := _line(group)) is not None]
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        rows = [
            [
                Cell(line.label),
                with_interval(line.start) if line.start else Cell("-"),
                with_interval(line.end),
            ]
            for line in self.lines
        ]
        head = ["speed of the state, of its size", "before training", "after"]
        return [Table(head, rows, ["0 stays where it is, 0.71 unrelated to the step before"])]

    def draw(self, folder: Path) -> list[Path]:
        # matplotlib takes a second to import: here, and not at the top
        from rnnexp.results import words
        from rnnexp.results.figures import looks, scales, style

        seeds = sorted({line.end.n for line in self.lines})
        with style.figure(6.4, 3.8) as (canvas, (axes,)):
            shown = looks.looks_of([line.model for line in self.lines])
            for line, look in zip(self.lines, shown, strict=True):
                t = np.arange(2, len(line.by_step) + 2)  # the first step has none before it
                label = words.label(line.label)  # models as they are printed, settings in words
                axes.plot(t, [i.mean for i in line.by_step], **look.line, label=label)
                low, high = (_ends(line.by_step, end) for end in ("low", "high"))
                axes.fill_between(t, low, high, color=look.color, alpha=0.15, linewidth=0)
            axes.axhline(
                UNRELATED, color=scales.CHANCE, linewidth=0.8, zorder=1,  # no data: a level
                label="unrelated to the step before",
            )  # fmt: skip
            axes.set_ylim(0, 1)
            axes.set_xlabel("time step t")
            axes.set_ylabel("‖hₜ − hₜ₋₁‖ / (‖hₜ‖ + ‖hₜ₋₁‖)")
            scales.whole_numbers(axes.xaxis)
            note = style.seeds_note(seeds)  # what the band is, and over how many
            style.title(canvas, f"How far the trained state moves from step to step\n{note}")
            style.name_lines(canvas, [axes])  # beside their ends
            rows = [  # the numbers of the figure, as state_speed.csv beside it
                {"line": words.label(line.label), "time_step": t, "speed": i.mean, "low": i.low,
                 "high": i.high}
                for line in self.lines for t, i in enumerate(line.by_step, start=2)
            ]  # fmt: skip
            return [style.save(canvas, folder, self.name, rows)]


def _line(group: Group) -> Line | None:
    means = group.scalars("state_speed", "mean")
    if not means:
        return None
    starts = [float(arrays["mean"][0]) for _, arrays in group.untrained("state_speed")]
    # the last measurement of each run; texts may have other lengths with another seed
    curves = [arrays["by_step"][-1] for arrays in group.probe("state_speed")]
    steps = min(map(len, curves))
    return Line(
        group.label,
        group.model,
        t_interval(starts, SHARE) if starts else None,
        t_interval(means, SHARE),
        [t_interval([float(curve[t]) for curve in curves], SHARE) for t in range(steps)],
    )


def _ends(intervals: Sequence[Interval], end: str) -> npt.NDArray[np.float64]:
    """NaN, which is not drawn, where there is no interval: of a single seed."""
    return np.array([getattr(interval, end) for interval in intervals], dtype=np.float64)
