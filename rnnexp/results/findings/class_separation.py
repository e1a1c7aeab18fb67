"""How far apart the classes lie in the state, by distance, beside how often the answer is right.

A state that no longer separates the classes cannot give the answer; one that does may still be read
wrongly. So both are set side by side: the longest tested place to which a linear reader of the
state is right, and the longest to which the network is. Without torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import ProbeFinding
from rnnexp.results.findings.holding import MAX_ROWS
from rnnexp.results.groups import Group
from rnnexp.results.held import HELD
from rnnexp.results.magnitudes import Magnitude
from rnnexp.results.over_seeds import ONE_BY_ONE, over_seeds
from rnnexp.results.statistics import Interval, wilson
from rnnexp.results.study_run import Arrays, StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, with_interval
from rnnexp.results.tested import (
    MedianReach,
    Reach,
    ScoreAt,
    distance_offset,
    number,
    reach_in_words,
    scores_by_length,
)
from rnnexp.scores import ACCURACY, Score

Array = npt.NDArray[np.float64]

#: What is measured.
MEANING = (
    "between over within: tr S_b / tr S_w of the classes in the flat state (h and c of all "
    "layers); linear reader: the share of examples of which a ridge regression on that state, "
    "fitted to others, tells the class, which is no more than what a linear reader can do"
)
#: When a place is reached.
CRITERION = (
    "to: the longest tested place up to which the whole 95% interval over examples lies above "
    "halfway from chance to perfect, of the reader's answers and of the network's own"
)


@dataclass(frozen=True)
class Separated:
    """One run at one tested length. reader: of the linear reader, over the probe's examples.

    answer: the network's own score; None where it was not tested there.
    """

    ratio: float
    shuffled: float
    shuffled_high: float
    reader: ScoreAt
    answer: ScoreAt | None


@dataclass(frozen=True)
class SeparatedRun:
    """One run after training. at: by place. steps_S, ratio_S, shuffled_S: along the longest
    sequence, after so many steps, and what 95% of shuffled labels stay below.
    """

    seed: int
    at: Mapping[int, Separated]
    steps_S: Array
    ratio_S: Array
    shuffled_S: Array

    @property
    def state_reach(self) -> Reach:
        return Reach.of({n: at.reader.verdict(HELD) for n, at in self.at.items()})

    @property
    def answer_reach(self) -> Reach | None:
        """None where it was tested at one of the places, or none, alone."""
        tested = {n: at.answer.verdict(HELD) for n, at in self.at.items() if at.answer is not None}
        return Reach.of(tested) if len(tested) == len(self.at) else None


@dataclass(frozen=True)
class SeparatedGroup:
    """axis: what a place is, `distance` of the cue or `length`."""

    label: str
    model: str
    axis: str
    runs: Sequence[SeparatedRun]

    @property
    def places(self) -> list[int]:
        return sorted({n for run in self.runs for n in run.at})

    def over_seeds(self, place: int, answer: bool) -> Interval | None:
        """Accuracy of the reader, or of the network, over seeds; of one over its examples."""
        scores = [run.at[place] for run in self.runs if place in run.at]
        shown = [at.answer if answer else at.reader for at in scores]
        known = [at for at in shown if at is not None and at.value is not None]
        if not known or len(known) < len(scores):
            return None
        if len(known) == 1:
            return known[0].interval
        return over_seeds([at.value or 0.0 for at in known], known[0].score)

    @property
    def in_words(self) -> tuple[str, str] | None:
        """How far the state separates the classes and the answer is right, of the median seed."""
        pairs = self.compared
        if not pairs or len(self.places) < 2:
            return None
        medians = (MedianReach.of(list(reaches)).middle for reaches in zip(*pairs, strict=True))
        state, answer = (reach_in_words(median, self.places[0]) for median in medians)
        return state, answer

    @property
    def compared(self) -> list[tuple[Reach, Reach]]:
        """Of each run that was tested at every place the reach of its state and of its answer."""
        pairs = [(run.state_reach, run.answer_reach) for run in self.runs]
        return [(state, answer) for state, answer in pairs if answer is not None]


@dataclass(frozen=True)
class ClassSeparation(ProbeFinding):
    place, probe, answer_place = 162, "class_separation", 230
    heading = "How far apart the classes lie in the state"
    equation = (
        "tr S_b / tr S_w, S_b = Σ_k n_k (m_k - m)(m_k - m)ᵀ, S_w = Σ_k Σ_(i in k) (s_i - "
        "m_k)(s_i - m_k)ᵀ\n"
        "s_i: state of example i, h and c of all layers; m_k: mean of class k"
    )
    reading = (
        "'Between over within' is how far the classes' means lie apart over how wide the "
        "classes are, and says something where it is above what '95% of shuffled labels' stay "
        "below. 'Linear reader' is how often a ridge regression on the state, fitted to other "
        "examples, tells the class; beside it stands how often the network does. Where the "
        "state separates the classes and the answer fails, the class is still there and the "
        "readout misses it."
    )
    misleads = (
        "A linear reader is a lower bound: classes that no plane parts may still be held. The "
        "ratio changes where an axis is stretched, so that networks are compared by their "
        "readers; of few examples it is above 0 by chance. The reader is tested on validation "
        "examples and the network on the test split."
    )

    groups: Sequence[SeparatedGroup]
    data: str
    synthetic: bool
    chance: float | None

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self | None:
        made = []
        for group in groups:
            offset = distance_offset(group.first.summary) or 0
            runs = [_run(run, arrays, offset) for run, arrays in group.measured(cls.probe)]
            if known := [run for run in runs if run.at]:
                axis = "distance" if offset else "length"
                made.append(SeparatedGroup(group.label, group.model, axis, known))
        if not made:
            return None
        summary = groups[0].first.summary
        chance = summary.chance.get(ACCURACY.name)
        return cls(made, str(summary.data), summary.synthetic, chance)

    def tables(self) -> list[Table]:
        return [*self._compared(), *self._by_place()]

    def _compared(self) -> list[Table]:
        """Where the state stops separating the classes beside where the answer fails."""
        groups = [
            group
            for group in self.groups
            if len(group.places) > 1 and any(pair for pair in group.compared)
        ]
        if not groups:
            return []
        of = ", median" if any(len(group.runs) > 1 for group in groups) else ""
        head = ["separation of the classes", f"state separates them to{of}",
                f"answer holds to{of}", "the same in", "answer fails first in"]  # fmt: skip
        notes = [
            f"{CRITERION}; the same: both end at the same tested place, or at neither",
            "where the answer fails first, the state still holds the class and the network's "
            "readout misses it",
        ]
        return [Table(head, [_compared_row(group) for group in groups], notes)]

    def _by_place(self) -> list[Table]:
        rows = []
        for group in self.groups:
            for n in group.places:
                there = [run.at[n] for run in group.runs if n in run.at]
                answer = group.over_seeds(n, answer=True)
                rows.append([
                    Cell(group.label),
                    Cell(number(n), n),
                    Magnitude.of([at.ratio for at in there]).cell(),
                    Magnitude.of([at.shuffled_high for at in there]).cell(),
                    with_interval(group.over_seeds(n, answer=False), ACCURACY.cell),
                    Cell(NOTHING) if answer is None else with_interval(answer, ACCURACY.cell),
                ])  # fmt: skip
        if len(rows) > MAX_ROWS:
            return []
        axes = {group.axis for group in self.groups}
        head = ["classes in the state", axes.pop() if len(axes) == 1 else "length",
                "between over within", "95% of shuffled labels below", "linear reader %",
                "test accuracy %"]  # fmt: skip
        several = any(len(group.runs) > 1 for group in self.groups)
        over = "seeds (t-intervals)" if several else "examples (Wilson's)"
        notes = [f"{MEANING}; after training, 95% intervals over {over}"]
        kinds = (True, False)
        if any(
            (shown := group.over_seeds(n, kind)) and shown.apart
            for group in self.groups
            for n in group.places
            for kind in kinds
        ):
            notes.append(ONE_BY_ONE)
        return [Table(head, rows, notes)]

    def answer(self) -> str:
        """To where the state separates the classes, and to where the answer is right."""
        parts = [
            sentences.labelled(
                group.label,
                f"the state separates the classes to a {group.axis} of {told[0]}, the answer is "
                f"right to {told[1]}",
            )
            for group in self.groups
            if (told := group.in_words) is not None
        ]
        if not parts:
            return ""
        return f"Of the median seed: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import class_separation

        return class_separation.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "label": group.label,
                "measures": MEANING,
                "criterion": CRITERION,
                "axis": group.axis,
                "runs": [_run_json(group.axis, run) for run in group.runs],
            }
            for group in self.groups
        ]


def _run(run: StudyRun, arrays: Arrays, offset: int) -> SeparatedRun:
    """After training: the last measurement."""
    last = {name: values[-1] for name, values in arrays.items()}
    tests = scores_by_length(run.summary)
    own = int(run.summary.seq_len or 0)
    lengths = [
        own if is_own else int(n)
        for n, is_own in zip(last["read_length"], last["read_is_own"], strict=True)
    ]
    at = {}
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        test = tests.get(lengths[row])
        chance = test.score.chance if test else run.summary.chance.get(ACCURACY.name)
        at[lengths[row] - offset] = Separated(
            float(last["read_ratio"][row]),
            float(last["read_shuffled_ratio"][row]),
            float(last["read_shuffled_ratio_high"][row]),
            _reader(float(last["read_accuracy"][row]), int(last["read_examples"][row]), chance),
            test,
        )
    steps_S = np.asarray(last["along_step"], np.float64) - offset
    shown_S = np.asarray(last["along_ratio"], np.float64)
    high_S = np.asarray(last["along_shuffled_ratio_high"], np.float64)
    return SeparatedRun(run.summary.seed, at, steps_S, shown_S, high_S)


def _reader(accuracy: float, examples: int, chance: float | None) -> ScoreAt:
    """Of states that are not finite there is nothing to read, which is no answer."""
    score = Score(ACCURACY.name, "high", ACCURACY.axis, percent=True, perfect=1.0, chance=chance)
    if np.isnan(accuracy):
        return ScoreAt(None, (None, None), score)
    rate = wilson(round(accuracy * examples), examples)
    return ScoreAt(accuracy, (rate.low, rate.high), score)


def _compared_row(group: SeparatedGroup) -> list[Cell]:
    pairs, first = group.compared, group.places[0]
    state, answer = (MedianReach.of(list(reaches)).middle for reaches in zip(*pairs, strict=True))
    same = sum(a.held == b.held for a, b in pairs)
    earlier = sum((b.held or -1) < (a.held or -1) for a, b in pairs)
    return [
        Cell(group.label),
        Cell(reach_in_words(state, first), state.held),
        Cell(reach_in_words(answer, first), answer.held),
        Cell(f"{same} of {len(pairs)}", same),
        Cell(f"{earlier} of {len(pairs)}", earlier),
    ]


def _run_json(axis: str, run: SeparatedRun) -> dict[str, Any]:
    answer = run.answer_reach
    return {
        "seed": run.seed,
        "state_separates_to": run.state_reach.held,
        "answer_holds_to": answer and answer.held,
        "at": [
            {
                axis: n,
                "between_over_within": _finite(at.ratio),
                "shuffled": _finite(at.shuffled),
                "shuffled_95": _finite(at.shuffled_high),
                "reader_accuracy": at.reader.value,
                "reader_interval_95": list(at.reader.ends),
                "test_accuracy": at.answer and at.answer.value,
            }
            for n, at in run.at.items()
        ],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
