"""Trainability: L50, the length at which half the seeds learn within a budget. Without torch.

Each length is a training of its own, from scratch, of so many steps. Which runs learned is said by
`learned.py`, for the whole of the training and for the first half and quarter of it; what that says
of L50, with its interval, by `l50.py`. A study may hold any lengths, and each line its own.

It is no limit of memory: trained on growing lengths the same networks hold a cue over 2,560 steps.
Nor does it say how far gradients reach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from rnnexp.errors import DataError
from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.score_vs_length import length_axis
from rnnexp.results.groups import Group, group_label
from rnnexp.results.l50 import L50, Outcomes, Posterior
from rnnexp.results.learned import LEARNED, Looks
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table
from rnnexp.scores import guessing

#: What the number is.
MEANING = (
    "L50: the length at which half the seeds learn within the budget of training steps, each "
    "length trained from scratch at that length alone"
)
#: What it is not.
NO_MEMORY = (
    "no limit of memory: what a trained network holds is another question, and training on growing "
    "lengths may teach far longer ones"
)
#: How it is known.
MODEL = (
    "a logistic regression in ln(length) over all runs of a line, 95% interval; above and below: "
    "beyond the lengths tried"
)
#: Where the model does not fit. Simulated: where a fifth of the seeds never learn, whatever the
#: length, the interval covers in 90 to 95% of studies of 6 seeds and 61 to 74% of 20; where a third
#: never does, in 71 to 82% of 5 or 6.
NEVER = (
    "not all seeds learn at the shortest length: where some never do, whatever the length, L50 is "
    "given too long, and its interval covers too seldom"
)
#: Budgets, as shares of the training.
SHARES = (0.25, 0.5, 1.0)
#: Why some are left out.
TOO_SHORT = (
    "within a quarter and half of the training: left out where metrics.csv has no two rows by then"
)


@dataclass(frozen=True)
class Within:
    """What was learned within a budget. steps: of it; 0 where the runs do not say."""

    steps: int
    outcomes: Outcomes
    posterior: Posterior

    @property
    def l50(self) -> L50:
        return self.posterior.l50

    @property
    def name(self) -> str:
        """`500 steps`"""
        return f"{self.steps:,} steps" if self.steps else "its training"


@dataclass(frozen=True)
class Line:
    """One line of a study: all settings alike but the length and the seed.

    axis: the setting that is the length. seeds: how many there are.
    runs: that count. diverged: of them. without: runs that do not count, having no result.
    at_zero: runs at length 0, which has no logarithm: they do not count.
    examples: the fewest that a run was judged by; None where that is not known.
    """

    label: str
    model: str
    axis: str
    budgets: Sequence[Within]
    seeds: int
    runs: int
    diverged: int
    without: int
    at_zero: int
    examples: int | None

    @property
    def lengths(self) -> Sequence[int]:
        return self.budgets[0].outcomes.lengths

    @property
    def fails_at_the_shortest(self) -> bool:
        """Whether not all seeds learn at the shortest length, with all of the training."""
        by_seed = self.budgets[-1].outcomes.by_seed
        return any(learned[0] is False for learned in by_seed.values())

    def within(self, steps: int) -> Within | None:
        return next((one for one in self.budgets if one.steps == steps), None)


@dataclass(frozen=True)
class Trainability(StudyFinding):
    """axis: the setting that is the length. data: names of the tasks, and whether each is made by
    a program.
    """

    place, answer_place = 30, 20
    leads = True
    json_when_absent: ClassVar[Any] = []
    heading = "At which length half the seeds still learn"
    equation = (
        "P(a seed learns at length L) = 1 / (1 + exp(k (ln L - ln L50 - b))), b ~ N(0, τ²) a "
        "seed's own part"
    )
    reading = (
        "Each length is a training of its own, from scratch. L50 is the length at which half "
        "the seeds learn within the steps that its column names, with a 95% interval; 'above' "
        "and 'below' say that it lies beyond the lengths tried."
    )
    misleads = (
        "It is no limit of memory: trained on growing lengths the same network may hold a cue "
        "far longer. It is of this budget, learning rate and batch size. Where some seeds "
        "never learn, whatever the length, L50 is given too long."
    )

    axis: str
    lines: Sequence[Line]
    data: Sequence[tuple[str, bool]]

    @classmethod
    def of(cls, study: Study) -> Self | None:
        """None where no length varies that is the distance of what must be recalled."""
        axis = length_axis(study)
        if axis is None:
            return None
        grouped: dict[str, list[Group]] = {}
        for group in study.groups():
            if _is_distance(group, axis):
                others = {key: value for key, value in group.factors.items() if key != axis}
                grouped.setdefault(group_label(others), []).append(group)
        made = [line_of(label, axis, groups) for label, groups in grouped.items()]
        lines = [line for line in made if line is not None]
        summaries = [run.summary for run in study.runs if run.summary.memory]
        data = {(str(summary.data), summary.synthetic) for summary in summaries}
        return cls(axis, lines, sorted(data)) if lines else None

    @property
    def budgets(self) -> list[int]:
        return sorted({one.steps for line in self.lines for one in line.budgets})

    def tables(self) -> list[Table]:
        names = {one.steps: one.name for line in self.lines for one in line.budgets}
        budgets = [f"within {names[steps]}" for steps in self.budgets]
        head = [f"trainability: L50, {self.axis}", *budgets, "lengths tried", "seeds", "runs"]
        notes = [f"{MEANING}; {MODEL}", f"it is {NO_MEMORY}", LEARNED]
        known = [line.examples for line in self.lines if line.examples is not None]
        if known and (guesses := guessing(min(known))):
            notes.append(guesses.replace("test examples", "examples to judge by"))
        if failing := [line.label for line in self.lines if line.fails_at_the_shortest]:
            notes.append(f"{NEVER}: {'; '.join(failing)}")
        if any(len(line.budgets) < len(SHARES) and line.budgets[0].steps for line in self.lines):
            notes.append(TOO_SHORT)
        if any(line.at_zero for line in self.lines):
            notes.append("length 0 is left out: it has no logarithm")
        return [Table(head, [self._row(line) for line in self.lines], notes)]

    def _row(self, line: Line) -> list[Cell]:
        lengths = f"{len(line.lengths)} lengths, {line.lengths[0]} to {line.lengths[-1]}"
        apart = {"diverged": line.diverged, "without a result left out": line.without}
        said = [f"{count} {what}" for what, count in apart.items() if count]
        runs = f"{line.runs} ({', '.join(said)})" if said else f"{line.runs}"
        return [
            Cell(line.label),
            *(_cell(line.within(steps)) for steps in self.budgets),
            Cell(lengths, len(line.lengths)),
            Cell(f"{line.seeds}", line.seeds),
            Cell(runs, line.runs),
        ]

    def answer(self) -> str:
        """L50 within the whole training."""
        parts = [f"{words.label(line.label)} {line.budgets[-1].l50}" for line in self.lines]
        steps = {line.budgets[-1].name for line in self.lines}
        within = steps.pop() if len(steps) == 1 else "their training"
        return (
            f"Half the seeds learn within {within} up to this length (L50, 95% interval): "
            f"{sentences.listed(parts)}."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import trainability

        return trainability.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        """An end of an interval outside the lengths tried is null."""
        return [
            {
                "label": line.label,
                "is": f"{MEANING}; {MODEL}",
                "is_not": NO_MEMORY,
                "learned": LEARNED,
                "axis": line.axis,
                "lengths": list(line.lengths),
                "budgets": [
                    {
                        "steps": within.steps or None,
                        "learned": [list(count) for count in within.outcomes.counts],
                        "l50": within.l50.value,
                        "interval_95": [within.l50.low, within.l50.high],
                        "in_words": str(within.l50),
                    }
                    for within in line.budgets
                ],
                "seeds": line.seeds,
                "runs": line.runs,
                "diverged": line.diverged,
                "without_result": line.without,
            }
            for line in self.lines
        ]


def _cell(within: Within | None) -> Cell:
    return Cell(NOTHING) if within is None else Cell(str(within.l50), within.l50.value)


def _is_distance(group: Group, axis: str) -> bool:
    """Whether a greater length of this group's task is a greater distance of what it asks for."""
    summary, length = group.first.summary, group.factors[axis]
    distance = summary.data_report.get("distance")
    if not isinstance(length, int) or not summary.memory:
        return False
    if summary.data_report.get("train_lengths"):  # not trained at that length alone
        return False
    # a cue at a fixed distance is no farther away in a longer sequence
    return axis != "seq_len" or distance is None or distance == length - 1


def line_of(label: str, axis: str, groups: Sequence[Group]) -> Line | None:
    """A line from its groups, one for each length; None where fewer than two lengths have a run
    that counts.
    """
    runs = [(int(group.factors[axis]), run) for group in groups for run in group.runs]
    return line_of_runs(label, groups[0].model, axis, runs)


def line_of_runs(
    label: str, model: str, axis: str, runs: Sequence[tuple[int, StudyRun]]
) -> Line | None:
    """The same from each run with its length."""
    looked = [(length, run, Looks.at(run)) for length, run in runs if length > 0]
    known = [(length, run, looks) for length, run, looks in looked if looks is not None]
    lengths = sorted({length for length, _, _ in known})
    if len(lengths) < 2:
        return None
    seeds = sorted({run.summary.seed for _, run, _ in known})
    by_run = {(length, run.summary.seed): looks for length, run, looks in known}
    examples = [looks.examples for _, _, looks in known if looks.examples is not None]
    return Line(
        label,
        model,
        axis,
        [_within(steps, lengths, seeds, by_run) for steps in _budgets(known)],
        len(seeds),
        len(known),
        sum(run.summary.status == "diverged" for _, run, _ in known),
        len(looked) - len(known),
        len(runs) - len(looked),
        min(examples, default=None),
    )


def _budgets(known: Sequence[tuple[int, StudyRun, Looks]]) -> list[int]:
    """`SHARES` of the whole training, each rounded down to a step at which runs are looked at.

    None before the second row of all runs, without which no run counts as one that learned.

    A run that ended before, since it was solved, by its patience or since it diverged, had the same
    budget.
    """
    steps = sorted({step for _, _, looks in known for step in looks.steps})
    whole = max(_planned(known[0][1]) or 0, *steps[-1:], 0)
    apart = steps[0] if steps else 0  # a row of metrics.csv from the next
    shares = {int(part * whole) // apart * apart if apart else 0 for part in SHARES}
    second = min((looks.steps[1] for _, _, looks in known if len(looks.steps) > 1), default=apart)
    return sorted({*(share for share in shares if share >= second), whole} - {0})


def _planned(run: StudyRun) -> int | None:
    """The steps that its training was to have; None where they follow from something else."""
    try:
        steps = run.directory.config["trainer"]["steps"]
    except (DataError, KeyError, TypeError):
        return None
    return steps if isinstance(steps, int) else None


def _within(
    steps: int,
    lengths: Sequence[int],
    seeds: Sequence[int],
    by_run: Mapping[tuple[int, int], Looks],
) -> Within:
    by_seed = {
        seed: [
            None if (looks := by_run.get((length, seed))) is None else looks.learned_within(steps)
            for length in lengths
        ]
        for seed in seeds
    }
    outcomes = Outcomes(lengths, by_seed)
    return Within(steps, outcomes, Posterior(outcomes))
