"""What more steps bring: the score at the longest length less that at the shortest, seed by seed.

Of texts a longer sequence is more of the same text, and who remembers it can gain by it. Of a
memory task it is a greater distance, and who forgets it loses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import MAX_GROUPS, StudyFinding
from rnnexp.results.findings.padding import reads_pads
from rnnexp.results.findings.score_vs_length import length_axis
from rnnexp.results.groups import Group, group_label
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.significance import Paired, paired
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.results.tables import Cell, Table, count, score_with_interval, with_interval
from rnnexp.scores import Score


@dataclass(frozen=True)
class LongerLine:
    """All settings alike but the length and the seed. others: its settings beside the length.

    short, long: the scores at the two lengths. gained: long - short over the seeds that both have.
    at_chance: whether it beats chance at neither.
    """

    label: str
    others: Mapping[str, Any]
    short: Interval
    long: Interval
    gained: Paired
    at_chance: bool = False


@dataclass(frozen=True)
class Longer(StudyFinding):
    """axis: the setting that is the length. lengths: the shortest and the longest.

    at_chance: whether no run beats chance, so that no difference answers anything.
    """

    place, answer_place = 45, 112
    json_when_absent: ClassVar[Any] = []

    heading = "What more steps bring"
    equation = "score at the longest length - score at the shortest, of the same seed"
    reading = (
        "Each line is a model with its settings: its score at the shortest and at the longest "
        "length, and the difference over the seeds that both have. Of texts, a network that "
        "remembers can gain from what else it reads; one that forgets cannot."
    )
    misleads = (
        "A score can stay the same because nothing more is to be known from the further steps, and "
        "not because they are forgotten: a bag of words, which forgets nothing, shows what there "
        "is to gain. Read behind the pads, a longer sequence is also more pads."
    )

    score: Score
    axis: str
    lengths: tuple[int, int]
    lines: Sequence[LongerLine]
    at_chance: bool

    @classmethod
    def of(cls, study: Study) -> Self | None:
        axis = length_axis(study)
        if axis is None:
            return None
        scored = [
            group
            for group in study.groups()
            if group.interval(study.column) is not None and group.factors[axis] is not None
        ]
        lengths = sorted({int(group.factors[axis]) for group in scored})
        if len(lengths) < 2:
            return None
        ends = lengths[0], lengths[-1]
        pairs: dict[str, dict[int, Group]] = {}
        for group in scored:
            others = {name: value for name, value in group.factors.items() if name != axis}
            pairs.setdefault(group_label(others), {})[int(group.factors[axis])] = group
        made = [_line(label, axis, ends, at, study) for label, at in pairs.items()]
        lines = [line for line in made if line is not None]
        if not 0 < len(lines) <= MAX_GROUPS:
            return None
        return cls(study.score, axis, ends, lines, study.at_chance)

    def tables(self) -> list[Table]:
        short, long = self.lengths
        points = ", points" if self.score.percent else ""
        head = [f"from {short} to {long} steps", f"test {self.score.head} at {short}", f"at {long}",
                f"difference{points}", "seeds"]  # fmt: skip
        rows = [
            [
                Cell(line.label),
                score_with_interval(self.score, line.short),
                score_with_interval(self.score, line.long),
                with_interval(line.gained.difference, self.score.signed),
                count(line.gained.difference.n),
            ]
            for line in self.lines
        ]
        notes = ["means over seeds (95% intervals), the difference over the same seeds"]
        if any(i.apart for line in self.lines for i in (line.short, line.long)):
            notes.append(ONE_BY_ONE)
        return [Table(head, rows, notes)]

    def answer(self) -> str:
        """What each model gains, read at no pads where that can be chosen."""
        if self.at_chance:
            return ""
        read = [line for line in self.lines if not reads_pads(line.others)] or self.lines
        short, long = self.lengths
        names = [words.settings(line.others) or words.label(line.label) for line in read]
        named = list(zip(read, names, strict=True))
        parts = [
            f"{name} {sentences.difference(self.score, line.gained.difference)}"
            for line, name in named
            if not line.at_chance
        ]
        guessing = [name for line, name in named if line.at_chance]
        told = []
        if parts:
            told.append(
                f"From {short} to {long} steps test {self.score.axis} changes by: "
                f"{sentences.listed(parts)}."
            )
        if guessing:
            told.append(
                f"Not shown to beat chance at {short} or at {long} steps, so that what more steps "
                f"bring is not known: {sentences.listed(guessing)}."
            )
        return " ".join(told)

    def as_json(self) -> list[dict[str, Any]]:
        short, long = self.lengths
        return [
            {
                "label": line.label,
                "axis": self.axis,
                "lengths": [short, long],
                "column": f"test_{self.score.name}",
                "seeds": list(line.gained.seeds),
                "difference": line.gained.difference.mean,
                "interval_95": line.gained.difference.ends,
                "left_out": list(line.gained.left_out),
            }
            for line in self.lines
        ]


def _line(
    label: str, axis: str, ends: tuple[int, int], at: Mapping[int, Group], study: Study
) -> LongerLine | None:
    """None where one of the two lengths has no result, or none of the seeds has both."""
    if not set(ends) <= at.keys():
        return None
    short, long = (at[length] for length in ends)
    if short.chance_levels(study.score) != long.chance_levels(study.score):
        return None  # scores above different chance levels are no two of a kind
    column = study.column
    score = short.score(column) or study.score
    gained = paired(short.by_seed(column), long.by_seed(column), score, short.solvable)
    before, after = short.interval(column), long.interval(column)
    if gained is None or before is None or after is None:
        return None
    others = {name: value for name, value in short.factors.items() if name != axis}
    at_chance = short.at_chance(study.score) and long.at_chance(study.score)
    return LongerLine(label, others, before, after, gained, at_chance)
