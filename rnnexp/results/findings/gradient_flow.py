"""dL/de_t, the gradient that reaches each step: how far back what is learned can depend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.findings.padding import reads_pads
from rnnexp.results.groups import Group
from rnnexp.results.magnitudes import NOT_MEASURED, Magnitude, verdict_over
from rnnexp.results.study_run import Arrays, StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, with_ends

Array = npt.NDArray[np.float64]


CUT_NOTE = (
    "cut: trainer.truncate lets no gradient through there, whatever the network would let through; "
    "trainer.truncate=null shows that"
)


@dataclass(frozen=True)
class RunFlow:
    """One run, M measurements of T steps: mean norm over examples, 10th and 90th percentile.

    floor: what is smaller has underflowed. marks: an early, a middle and a late step, counted from
    1. progress_M: how far the training had come, counted in `unit`. filled: whether the longest
    example has all T steps and these are not too few for an early and a late one, so that a mark is
    a step of it.
    """

    epoch_M: Array
    norm_MT: Array
    low_MT: Array
    high_MT: Array
    floor: float
    marks: tuple[int, ...]
    progress_M: Any
    unit: str
    filled: bool

    @classmethod
    def of(cls, run: StudyRun, arrays: Arrays) -> Self:
        return cls(
            arrays["epoch"], arrays["input"], arrays["input_low"], arrays["input_high"],
            float(arrays["floor"][-1]), tuple(arrays["marks"][-1].astype(int).tolist()),
            *run.progress(arrays), _filled(arrays),
        )  # fmt: skip

    @property
    def trained(self) -> bool:
        return bool(self.epoch_M[-1] > 0)

    @property
    def has_untrained(self) -> bool:
        """Whether its first measurement was made at the initial weights."""
        return bool(self.epoch_M[0] == 0)


@dataclass(frozen=True)
class FlowLine:
    """A group. Of each run that has it, at its last measurement.

    early, middle, late: the norm at these steps. ratios: early over late; untrained_ratios: at the
        initial weights. over_examples: a run's interval of its ratio over examples.
    compared, examples: of how many examples the ratio is made, of how many that were measured.
    half_shares, end_shares: what is left of the state's gradient at half and at the whole length.
    near_gains, far_gains: what its norm is multiplied by per step, near the readout and far away.
    half_lives, straight: see `half_life_cell`.
    silent: how many examples of each run were left out, since nothing of their loss enters.
    outdated: how many runs were measured by a version that compared other steps.
    reads_pads: whether its answer is read behind the pads.
    cuts: after how many steps a training cut its gradients (`trainer.truncate`); of runs that do.
    """

    label: str
    model: str
    runs: Sequence[RunFlow]
    early: Sequence[float]
    middle: Sequence[float]
    late: Sequence[float]
    ratios: Sequence[float]
    untrained_ratios: Sequence[float]
    over_examples: Sequence[tuple[float, float]]
    compared: Sequence[int]
    examples: Sequence[int]
    half_shares: Sequence[float]
    end_shares: Sequence[float]
    near_gains: Sequence[float]
    far_gains: Sequence[float]
    half_lives: Sequence[float]
    straight: Sequence[float]
    silent: Sequence[int]
    outdated: int
    cuts: Sequence[int] = ()
    reads_pads: bool = False

    @classmethod
    def of(cls, group: Group) -> Self:
        measured = group.measured("gradient_flow")
        current = [arrays for _, arrays in measured if "compared" in arrays]

        def last(key: str) -> list[float]:
            return [float(arrays[key][-1]) for arrays in current]

        return cls(
            group.label + path_measured(group),
            group.model,
            [RunFlow.of(run, arrays) for run, arrays in measured],
            last("early"),
            last("middle"),
            last("late"),
            last("ratio"),
            [float(a["ratio"][0]) for a in current if a["epoch"][0] == 0],
            list(zip(last("ratio_low"), last("ratio_high"), strict=True)),
            [int(count) for count in last("compared")],
            [int(count) for count in last("examples")],
            last("half_share"),
            last("end_share"),
            [math.exp(slope) for slope in last("near_slope")],
            [math.exp(slope) for slope in last("far_slope")],
            last("half_life"),
            last("straight"),
            [int(count) for count in last("silent")],
            len(measured) - len(current),
            sorted({int(arrays["cut"][-1]) for arrays in current if "cut" in arrays}),
            reads_pads(group.factors),
        )

    @property
    def verdict(self) -> str:
        if self.cuts and all(ratio == 0 for ratio in self.ratios):
            return self.cut_words
        alone = self.over_examples[0] if len(self.over_examples) == 1 else None
        return verdict_over(self.ratios, alone)

    @property
    def cut_words(self) -> str:
        """Where a training has cut its gradients."""
        return f"cut every {' or '.join(map(str, self.cuts))} steps"


@dataclass(frozen=True)
class GradientFlow(ProbeFinding):
    place, probe, answer_place = 80, "gradient_flow", 210
    heading = "The gradient that reaches each step"
    equation = (
        "‖dL_i/de_t‖: how far the loss of example i moves with its input at step t; mean over "
        "examples\n"
        "early/late = geometric mean over examples of ‖dL_i/de_early‖ / ‖dL_i/de_late‖"
    )
    reading = (
        "The figure shows how strongly the input at each step t moves the loss; the answer is "
        "read at the right end. A line that falls by orders of magnitude towards the left is a "
        "network whose early steps are hardly taught, and 'early/late' is that ratio for a "
        "typical example: below 0.01 severe vanishing, to 0.1 moderate, above 10 exploding. "
        "The second table follows the state of the top layer on the way back: what is left of "
        "‖dL/dh_t‖ at half of the way and at the whole, its factor per step near the readout "
        "and far from it, and the half-life where that factor is the same all the way."
    )
    misleads = (
        "A gradient that vanishes is no lost memory: a network that latches holds a cue for "
        "ever while its gradient dies within steps. The height of a line follows the loss, and "
        "examples that are answered surely have small gradients everywhere: compare the ratio. "
        "With readout=mean or max only what comes back through the recurrence is shown, and "
        "not the short way from each step to the loss."
    )

    lines: Sequence[FlowLine]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        lines = [FlowLine.of(group) for group in groups if group.probe(cls.probe)]
        return cls(lines) if lines else None

    def tables(self) -> list[Table]:
        return [self._inputs(), self._states()]

    def _inputs(self) -> Table:
        marks = {run.marks for line in self.lines for run in line.runs}
        named = len(marks) == 1 and all(run.filled for line in self.lines for run in line.runs)
        steps = [f"t={t}" for t in marks.pop()] if named else ["early", "middle", "late"]
        head = ["gradient ‖dL/de_t‖", "untrained early/late", *steps, "early/late", "verdict",
                "examples"]  # fmt: skip
        notes = [
            f"{_of_seeds(self.lines)}; early, middle, late: 95, 50 and 5% of the longest example's "
            "steps before its readout",
            "of each example's own loss: of a batch's mean loss it is as many times smaller as "
            "there are examples",
            "early/late: of a typical example, the geometric mean of each one's ratio; the three "
            "norms are means",
        ]
        if any(line.cuts for line in self.lines):
            notes.append(CUT_NOTE)
        if any(line.verdict == NOT_MEASURED for line in self.lines):
            notes.append(
                "not measured: fewer than ten steps, no example has both an early and a late step "
                "with a gradient (trainer.truncate may have cut it), or the late one is beyond the "
                "range of float64"
            )
        if any(line.verdict.startswith("unclear") for line in self.lines):
            notes.append(
                "unclear: not all of the 95% interval has one verdict, or a single example has none"
            )
        if any(count for line in self.lines for count in line.silent):
            notes.append(
                "examples of whose loss nothing enters are left out: their answer is so sure that "
                "its gradient is 0, or, with a maximum over steps, their last state holds none"
            )
        if any(line.outdated for line in self.lines):
            notes.append(
                "measured by an earlier version, at other steps: run it again for early/late"
            )
        return Table(head, [_input_row(line) for line in self.lines], notes)

    def _states(self) -> Table:
        head = ["gradient ‖dL/dh_t‖", "left at half the way", "left at the whole", "gain per step "
                "near", "far", "half-life"]  # fmt: skip
        notes = [
            "of the top layer, by distance from the readout; near, far: first and last quarter of "
            "the way; a half-life where both agree with the whole within 20%"
        ]
        return Table(head, [_state_row(line) for line in self.lines], notes)

    def answer(self) -> str:
        """How much of the gradient reaches the early steps, of each model over the most steps."""
        most = max(run.norm_MT.shape[1] for line in self.lines for run in line.runs)
        longest = [
            line for line in self.lines
            if any(run.norm_MT.shape[1] == most for run in line.runs)
        ]  # fmt: skip
        models = dict.fromkeys(line.model for line in longest)
        # of each model the first that reads no pads
        in_order = sorted(longest, key=lambda line: line.reads_pads)
        shown = [next(line for line in in_order if line.model == model) for model in models]
        parts = [
            f"{words.label(line.label)} {_input_row(line)[5].text}, {line.verdict}"
            for line in shown
            if line.ratios and not all(map(math.isnan, line.ratios))
        ]
        if not parts:
            return ""
        over = "examples" if {len(line.late) for line in shown} == {1} else "seeds"
        return (
            "Early steps get this share of the gradient that late ones get (95% intervals over "
            f"{over}): {sentences.listed(parts)}."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import gradient_flow

        return gradient_flow.draw(self, folder)


def path_measured(group: Group) -> str:
    """What a label must say of a group whose readout is a mean or a maximum; else nothing."""
    alone = group.scalars("gradient_flow", "recurrence_alone", may_lack=True)
    return ", through the recurrence alone" if any(alone) else ""


def _filled(arrays: Arrays) -> bool:
    """Whether the longest example has all steps, and an early and a late one; earlier versions do
    not say.
    """
    if "longest" not in arrays:
        return True
    all_steps = arrays["longest"][-1] == arrays["input"].shape[1]
    return bool(all_steps and not np.isnan(arrays["early"][-1]))


def _of_seeds(lines: Sequence[FlowLine]) -> str:
    if {len(line.late) for line in lines} == {1}:
        return "one seed; means over examples (95% interval of the ratio over examples)"
    return "geometric means over seeds (95% intervals)"


def _input_row(line: FlowLine) -> list[Cell]:
    ratio = Magnitude.of(line.ratios).cell()
    if len(line.ratios) == 1 and not math.isnan(line.over_examples[0][0]):
        ratio = with_ends(line.ratios[0], *line.over_examples[0], digits=2)
    compared, examples = (_range(counts) for counts in (line.compared, line.examples))
    return [
        Cell(line.label),
        Magnitude.of(line.untrained_ratios).cell(bare=True),
        *(Magnitude.of(x).cell(bare=True) for x in (line.early, line.middle, line.late)),
        ratio,
        Cell(line.verdict),
        Cell(f"{compared} of {examples}" if line.compared else NOTHING),
    ]


def _state_row(line: FlowLine) -> list[Cell]:
    return [
        Cell(line.label),
        Magnitude.of(line.half_shares).cell(),
        Magnitude.of(line.end_shares).cell(),
        Magnitude.of(line.near_gains).cell(bare=True),
        Magnitude.of(line.far_gains).cell(bare=True),
        Cell(line.cut_words) if line.cuts else half_life_cell(line.half_lives, line.straight),
    ]


def half_life_cell(half_lives: Sequence[float], straight: Sequence[float]) -> Cell:
    """The half-life of seeds; infinite where the gradient does not fall.

    straight: 1 where it falls along a straight line, 0 where not, so that its half-life depends on
    the distance, NaN where too little was measured to tell.

    >>> half_life_cell([20.0, math.inf, math.nan], [1, 1, 0]).text
    '20 steps of 1 of 3 (1 no decay, 1 depends on the distance)'
    >>> half_life_cell([math.nan], [0]).text, half_life_cell([math.nan], [math.nan]).text
    ('depends on the distance', '-')
    """
    depends = "depends on the distance"
    bent = sum(value == 0 for value in straight)
    if bent and bent == len(straight):
        return Cell(depends)
    kept = [life for life, value in zip(half_lives, straight, strict=True) if value != 0]
    return Magnitude.of(kept).cell(unit=" steps", infinite="no decay", more={depends: bent})


def _range(counts: Sequence[int]) -> str:
    """`32`, or `30-32` where seeds differ."""
    if not counts:
        return NOTHING
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low}-{high}"
