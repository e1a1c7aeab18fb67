"""How much of the past the answers depend on: what changes when all but the last steps are cut."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import MAX_LINES, NO_FIGURE, ProbeFinding
from rnnexp.results.groups import Group
from rnnexp.results.statistics import median_interval
from rnnexp.results.study_run import Arrays
from rnnexp.results.tables import NOTHING, Cell, Table, count

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TruncatedPast:
    """One measurement of one run.

    kept_K: numbers of steps kept. distance_K: mean distance of the answers from those to the whole
        past, low_K and high_K the ends of its 95% interval over examples. changed_K: share of
        answers of another class, NaN of numbers.
    steps: from which on the mean distance stays within the tolerance, and where the ends of its
        interval do. example_steps: the same of each example, example_length its real steps.
    """

    kept_K: Array
    distance_K: Array
    low_K: Array
    high_K: Array
    changed_K: Array
    steps: float
    steps_low: float
    steps_high: float
    example_steps: Array
    example_length: Array
    length: int
    tolerance: float
    numbers: bool
    left_out: int

    @classmethod
    def of(cls, arrays: Arrays, row: int) -> Self:
        there_K = ~np.isnan(arrays["kept"][row])  # another measurement may have more
        known_B = ~np.isnan(arrays["example_steps"][row])
        return cls(
            kept_K=arrays["kept"][row][there_K],
            distance_K=arrays["distance"][row][there_K],
            low_K=arrays["distance_low"][row][there_K],
            high_K=arrays["distance_high"][row][there_K],
            changed_K=arrays["changed"][row][there_K],
            steps=float(arrays["steps"][row]),
            steps_low=float(arrays["steps_low"][row]),
            steps_high=float(arrays["steps_high"][row]),
            example_steps=arrays["example_steps"][row][known_B],
            example_length=arrays["example_length"][row][known_B],
            length=int(arrays["length"][row]),
            tolerance=float(arrays["tolerance"][row]),
            numbers=bool(arrays["numbers"][row]),
            left_out=int(arrays["left_out"][row]),
        )

    @property
    def censored(self) -> bool:
        """Whether the mean answer depends on all of the past there is: more might matter too."""
        return self.steps >= self.length

    @property
    def censored_B(self) -> npt.NDArray[np.bool_]:
        """Of each example the same."""
        return self.example_steps >= self.example_length

    @property
    def median(self) -> str:
        """Of the examples, with an interval of order statistics: `12 (9 to 14)`, `40 or more`."""
        if not len(self.example_steps):
            return NOTHING
        found = median_interval(self.example_steps.tolist())

        def shown(steps: float) -> str:
            beyond = self.censored_B & (self.example_steps <= steps)
            return f"{steps:.0f}" + (" or more" if beyond.any() else "")

        if found.low is None or found.high is None or found.low == found.high:
            return shown(found.median)
        return f"{shown(found.median)} ({found.low:.0f} to {shown(found.high)})"


@dataclass(frozen=True)
class MemoryLine:
    """A group: the last measurement of each run, and its first where that was before training."""

    label: str
    model: str
    runs: Sequence[TruncatedPast]
    untrained: Sequence[TruncatedPast]

    @property
    def steps(self) -> Cell:
        """Of the mean over examples: with its interval of one run, the median of several."""
        return _steps(self.runs)

    @property
    def verdict(self) -> str:
        """What all of the runs agree on."""
        if all(run.censored for run in self.runs):
            return "depends on all of the past it was given"
        if any(math.isnan(run.steps) for run in self.runs):
            return "not measured" if len(self.runs) == 1 else "not measured in all seeds"
        if any(run.censored for run in self.runs):
            return "depends on all of the past in some seeds"
        most = max(max(run.steps, run.steps_high) for run in self.runs)  # NaN: one example
        if most >= min(run.length for run in self.runs):
            return "unclear: the interval reaches all of the past"
        if most <= 1:
            return "the mean answer depends on no step but the last"
        return f"the mean answer depends on no more than the last {most:.0f} steps"


def _steps(runs: Sequence[TruncatedPast]) -> Cell:
    known = [run for run in runs if not math.isnan(run.steps)]
    if not known:
        return Cell(NOTHING)

    def shown(steps: float) -> str:
        beyond = any(run.censored and run.steps <= steps for run in known)
        return f"{steps:.0f}" + (" or more" if beyond else "")

    if len(known) == 1:
        (run,) = known
        text = shown(run.steps)
        if not math.isnan(run.steps_low) and run.steps_low != run.steps_high:
            text += f" ({min(run.steps_low, run.steps):.0f} to {shown(run.steps_high)})"
        return Cell(text, run.steps)
    found = median_interval([run.steps for run in known])
    assert found.low is not None
    assert found.high is not None
    alike = found.low == found.high
    ends = f"all {found.n} alike" if alike else f"{found.low:.0f} to {shown(found.high)}"
    return Cell(f"{shown(found.median)} ({ends})", found.median)


@dataclass(frozen=True)
class EffectiveMemory(ProbeFinding):
    place, probe = 130, "effective_memory"
    answer_place = 220
    heading = "How many of the last steps decide the answer"
    equation = (
        "d_k = ½ Σ_c |p_c(all steps) - p_c(last k steps)|, of numbers mean |y - y'|\n"
        "effective memory: the least k with d_j <= tolerance for every j >= k"
    )
    reading = (
        "The figure shows how far the answer moves when all but the last k steps are cut off: "
        "where it stays below the tolerance, earlier steps do not matter. The table has that k "
        "for the mean over examples ('of the mean answer'), its median over examples ('of half "
        "the examples'), and how many examples depend on all that they read, and perhaps on "
        "more ('as long as the sequence')."
    )
    misleads = (
        "It is what the answer depends on, right or wrong. An example whose answer without a "
        "past happens to be the same has a short memory, as about every second one of two "
        "classes: look at the mean too. Cut sequences are short ones, and a network trained on "
        "long ones alone meets states that it does not know."
    )

    lines: Sequence[MemoryLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = []
        for group in groups:
            measured = group.probe(cls.probe)
            if measured:
                untrained = [TruncatedPast.of(a, 0) for _, a in group.untrained(cls.probe)]
                trained = [TruncatedPast.of(arrays, -1) for arrays in measured]
                lines.append(MemoryLine(group.label, group.model, trained, untrained))
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        head = ["effective memory (steps)", "untrained", "of the mean answer", "of half the "
                "examples", "as long as the sequence", "longest", "verdict"]  # fmt: skip
        bounds = sorted({f"{run.tolerance:.3g}" for line in self.lines for run in line.runs})
        numbers = any(run.numbers for line in self.lines for run in line.runs)
        distance = "mean |y - y'|, in units of the output" if numbers else "total variation"
        seeds = max(len(line.runs) for line in self.lines)
        of_seeds = "over examples" if seeds == 1 else "over seeds (medians, order statistics)"
        notes = [
            "least number of last steps from which on the answers stay as they are with the whole "
            f"past, within {'/'.join(bounds)} ({distance}); 95% intervals {of_seeds}",
            "what the answers depend on, right or wrong; an example whose answer without a past "
            "happens to be the same has a short memory",
        ]
        left_out = sum(run.left_out for line in self.lines for run in line.runs)
        if left_out:
            notes.append(f"{left_out} examples are left out: their answers are not finite")
        if len(self.lines) > MAX_LINES:
            notes.append(NO_FIGURE)
        return [Table(head, [_row(line) for line in self.lines], notes)]

    def answer(self) -> str:
        """Of how many last steps the answers still depend."""
        parts = [
            sentences.labelled(line.label, f"{line.steps.text} steps; {line.verdict}")
            for line in self.lines
        ]
        return f"Last steps on which the answers depend: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import effective_memory

        return effective_memory.draw(self, folder) if len(self.lines) <= MAX_LINES else []

    def as_json(self) -> Any:
        return {
            line.label: {
                "steps": [run.steps if math.isfinite(run.steps) else None for run in line.runs],
                "all_of_the_past": [run.censored for run in line.runs],
                "longest": max(run.length for run in line.runs),
                "tolerance": line.runs[0].tolerance,
                "verdict": line.verdict,
            }
            for line in self.lines
        }


def _row(line: MemoryLine) -> list[Cell]:
    examples = sum(len(run.example_steps) for run in line.runs)
    whole = int(sum(run.censored_B.sum() for run in line.runs))
    return [
        Cell(line.label),
        _steps(line.untrained),
        line.steps,
        _median(line.runs),
        Cell(f"{whole} of {examples}", whole),
        count(max(run.length for run in line.runs)),
        Cell(line.verdict),
    ]


def _median(runs: Sequence[TruncatedPast]) -> Cell:
    """Of the examples, with its interval of one run, of all their examples of several."""
    if len(runs) == 1:
        return Cell(runs[0].median)
    steps = np.concatenate([run.example_steps for run in runs])
    if not len(steps):
        return Cell(NOTHING)
    beyond = np.concatenate([run.censored_B for run in runs]) & (steps <= np.median(steps))
    text = f"{np.median(steps):.0f}" + (" or more" if beyond.any() else "")
    return Cell(text, float(np.median(steps)))
