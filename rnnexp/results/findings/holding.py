"""Holding: over what distances one trained network still answers right. Without torch.

The network is trained on several lengths (`data.train_lengths`) and then tested at each of
`data.eval_lengths`, nothing trained in between. A run holds a distance where its whole 95% interval
over test examples lies above halfway from chance to perfect, at it and at every shorter one that
was tested, from the shortest that it was trained on. This is memory: how long an answer depends on
what was read. It is no trainability, which trains anew for each length, and no half-life of the
gradient.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import MAX_GROUPS, Finding
from rnnexp.results.groups import Group
from rnnexp.results.held import HeldGroup, held_group
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.statistics import Rate
from rnnexp.results.study import Study
from rnnexp.results.tables import NOTHING, Cell, Table, score_with_interval
from rnnexp.results.tested import (
    MEDIAN_REACH,
    interval_in_words,
    number,
    reach_in_words,
)
from rnnexp.scores import Score

#: What the number is.
MEANING = (
    "the longest tested {axis} over which the trained network still answers right, nothing trained "
    "in between"
)
#: When a run holds a distance.
CRITERION = (
    "held: a run's whole 95% interval over test examples lies above halfway from chance to "
    "perfect, at this {axis} and at every shorter one tested, from the shortest trained on"
)
#: What the number is not.
NO_TRAINABILITY = (
    "not how far it could be trained from scratch, nor how far its gradient reaches; the farthest "
    "tested is a limit of the test and not of the network"
)
#: Rows that the table of all distances can have; of more the figure and study.json tell.
MAX_ROWS = 48


@dataclass(frozen=True)
class Holding(Finding):
    """groups: those trained on several lengths and tested at several."""

    place, answer_place = 32, 22
    leads = True
    json_when_absent: ClassVar[Any] = []
    heading = "Over what distance a trained network answers right"
    equation = (
        "held: (score - chance) / (perfect - chance) > ½ by the whole 95% interval over test "
        "examples, at this distance and at all shorter ones"
    )
    reading = (
        "Each network is trained on several lengths and then tested, unchanged, at distances "
        "beyond. 'Holds to' is the longest tested one up to which all answers are held, in the "
        "median over seeds; 'between' is the interval of that median, and 'seeds that hold to "
        "it' counts those that hold to the farthest tested. The second table has every "
        "distance, with the lowest seed beside the mean."
    )
    misleads = (
        "The farthest tested distance is a limit of the test and not of the network. It does "
        "not say how far the network could be trained at one length, nor how far its gradient "
        "reaches. Held is no perfect answer: of two classes it begins at 75% right."
    )

    score: Score
    groups: Sequence[HeldGroup]
    data: str
    synthetic: bool
    test_examples: int | None

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        score = run.first.summary.score()
        return [] if score is None else cls._of(score, [run])

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        return cls._of(study.score, study.ended_groups())

    @classmethod
    def _of(cls, score: Score, groups: Sequence[Group]) -> Iterable[Finding]:
        held = [
            (group, of)
            for group in groups
            if group.first.summary.headline == score.name and (of := held_group(group)) is not None
        ]
        if held:
            first = held[0][0].first.summary
            examples = [n for group, _ in held if (n := group.test_examples) is not None]
            yield cls(
                score,
                [of for _, of in held],
                str(first.data),
                first.synthetic,
                min(examples, default=None),
            )

    @property
    def axis(self) -> str:
        """`distance`, or `length` where it is that of one group."""
        axes = {group.axis for group in self.groups}
        return "distance" if axes == {"distance"} else "length"

    @property
    def alone(self) -> bool:
        """Whether each group is a single run."""
        return all(len(group.reaches) == 1 for group in self.groups)

    def tables(self) -> list[Table]:
        return [self._reaches(), *self._by_place()]

    def _reaches(self) -> Table:
        of = "" if self.alone else ", median over seeds"
        head = ["holding", "trained on lengths", f"holds to {self.axis}{of}", "between",
                "farthest tested", "seeds that hold to it"]  # fmt: skip
        notes = [
            f"holds to: {MEANING.format(axis=self.axis)}; {NO_TRAINABILITY}",
            CRITERION.format(axis=self.axis),
        ]
        if self.alone:
            notes.append("one seed: how other seeds would do it does not say")
        else:
            notes.append(MEDIAN_REACH)
        if any(group.untested for group in self.groups):
            notes.append("diverged runs hold nothing")
        if again := [
            group for group in self.groups if any(r.again for r in group.reaches.values())
        ]:
            labels = "; ".join(group.label for group in again[:MAX_GROUPS])
            notes.append(f"right again at a {self.axis} behind one that is not held: {labels}")
        return Table(head, [_reach_row(group) for group in self.groups], notes)

    def _by_place(self) -> list[Table]:
        """Every distance of every group, or nothing where that is more than can be read."""
        rows = [
            [
                Cell(group.label),
                Cell(number(at.place), at.place),
                score_with_interval(self.score, at.interval),
                *([] if self.alone else [score_with_interval(self.score, at.lowest)]),
                Cell(self.score.cell(at.chance), at.chance),
                *([] if self.alone else [Cell(str(at.rate))]),
            ]
            for group in self.groups
            for at in group.points
        ]
        if len(rows) > MAX_ROWS:
            return []
        several = [] if self.alone else ["lowest seed (over examples)"]
        over = "over examples" if self.alone else "over seeds"
        head = ["by distance" if self.axis == "distance" else "by length", self.axis,
                f"test {self.score.head} ({over})", *several, "chance",
                *([] if self.alone else ["seeds above halfway"])]  # fmt: skip
        notes = ["95% intervals: over seeds a t-interval; over test examples of one seed Wilson's"]
        if self.alone:
            notes = ["95% intervals over test examples"]
        elif any(at.interval and at.interval.apart for g in self.groups for at in g.points):
            notes.append(ONE_BY_ONE)
        if any(None in at.by_seed.values() for g in self.groups for at in g.points):
            notes.append(f"{NOTHING}: of one seed or more the score is not finite")
        return [Table(head, rows, notes)]

    def answer(self) -> str:
        """To which place each group holds, of the median seed, with the interval of the median."""
        parts = []
        for group in self.groups:
            said = reach_in_words(group.median.middle, group.first)
            if not self.alone:
                ends = interval_in_words(group.median, (group.first, group.farthest))
                said += f" (the median of {group.median.n} seeds lies in {ends})"
            parts.append(f"{words.label(group.label)}, trained on {group.trained}: {said}")
        of = "The one seed" if self.alone else "The median seed"
        return f"{of} holds the answer to a {self.axis} of: {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import holding

        return holding.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "label": group.label,
                "measures": f"holding: {MEANING.format(axis=group.axis)}; {NO_TRAINABILITY}",
                "criterion": CRITERION.format(axis=group.axis),
                "axis": group.axis,
                "train_lengths": list(group.lengths),
                "curriculum": group.how or None,
                "farthest_tested": group.farthest,
                "median": group.median.as_json(),
                "by_seed": {
                    seed: {"held": reach.held, "failed": reach.failed, "again": list(reach.again)}
                    for seed, reach in group.reaches.items()
                },
                "diverged": list(group.untested),
                "hold_to_the_farthest": _rate_json(group.to_the_farthest),
                "score": self.score.name,
                "at": [
                    {
                        group.axis: at.place,
                        "mean": at.interval and at.interval.mean,
                        "interval_95": at.interval and at.interval.ends,
                        "interval_over": "test examples" if len(at.by_seed) == 1 else "seeds",
                        "lowest_seed": at.lowest
                        and {"score": at.lowest.mean, "over_examples_95": at.lowest.ends},
                        "by_seed": dict(at.by_seed),
                        "chance": at.chance,
                        "above_halfway": _rate_json(at.rate),
                    }
                    for at in group.points
                ],
            }
            for group in self.groups
        ]


def _reach_row(group: HeldGroup) -> list[Cell]:
    median, rate = group.median, group.to_the_farthest
    return [
        Cell(group.label),
        Cell(group.trained),
        Cell(reach_in_words(median.middle, group.first), median.middle.held),
        Cell(interval_in_words(median, (group.first, group.farthest))),
        Cell(number(group.farthest), group.farthest),
        Cell(f"{rate.successes} of 1" if rate.n == 1 else str(rate)),
    ]


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {"successes": rate.successes, "n": rate.n, "interval_95": [rate.low, rate.high]}
