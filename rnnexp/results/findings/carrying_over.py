"""Carrying over: a network trained at one length, tested at others. Without torch.

The score at each length, and how far beyond the trained one it carries, as a multiple of it. A run
that beats chance at its own length carries to another where its whole 95% interval over test
examples keeps more than half of the skill that it has at its own, there and at every length tested
between the two. Of a memory task it is no measure of what the network could hold had it been
trained on several lengths (`holding`), and of texts the length is where they are cut: most may be
shorter.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rnnexp.results import figure_files, words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.results.over_seeds import ONE_BY_ONE
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from rnnexp.results.tables import NOTHING, Cell, Table, count, score_with_interval
from rnnexp.results.tested import (
    MEDIAN_REACH,
    MedianReach,
    Reach,
    ScoreAt,
    interval_in_words,
    interval_over,
    number,
    reach_in_words,
    scores_by_length,
    trained_lengths,
)
from rnnexp.scores import BEATS_CHANCE, Score

log = logging.getLogger(__name__)

#: The share of its skill at the trained length that a score must keep.
KEPT = 0.5
#: What the number is.
MEANING = (
    "the longest tested length to which a network trained at one length alone carries its skill "
    "over, as a multiple of that length"
)
#: When a run carries over to a length.
CRITERION = (
    "carried: at this length and at every one tested between the two, a run's whole 95% interval "
    "over test examples has more than half of its skill at the length trained at"
)
#: What the number is not.
NO_LIMIT = (
    "not what the same network could do after a training on several lengths; the longest tested is "
    "a limit of the test"
)
#: What a text's length is.
CUT = "the length of a text is where it is cut: most may be shorter"
#: What the figure was called before version 0.6.
OLD_NAME = "length_generalisation"


@dataclass(frozen=True)
class Carried:
    """How far the seeds of a group carry, as multiples of the length that they were trained at.

    reaches: of the seeds that beat chance at their own length. not_learned: seeds that do not, of
    which there is nothing to carry. farthest: the longest length tested, as such a multiple.
    median: None without a seed that learned.
    """

    reaches: Mapping[int, Reach]
    not_learned: Sequence[int]
    farthest: float
    median: MedianReach | None


@dataclass(frozen=True)
class CarryingGroup:
    """Runs that differ in their seed alone. points: the interval over seeds at each length tested,
    of one seed that over test examples; None where a score of one was not finite.

    each: the scores of single runs, of several. chances: the chance level by length.
    carried: None without a test at a longer length than trained at.
    """

    label: str
    model: str
    trained_at: int
    points: Mapping[int, Interval | None]
    each: Sequence[Mapping[int, float]]
    chances: Mapping[int, float | None]
    carried: Carried | None


@dataclass(frozen=True)
class CarryingOver(Finding):
    """groups: those trained at one length and tested at others. alone: of a run on its own."""

    place, answer_place = 34, 24
    leads = True
    json_when_absent: ClassVar[Any] = []
    heading = "How far beyond its training length a network carries"
    equation = (
        "skill = (score - chance) / (perfect - chance); carried to L: skill > half of that at "
        "the trained length, at L and at all tested lengths between"
    )
    reading = (
        "Each network is trained at one length and tested, unchanged, at others. 'Carries to' "
        "is the longest tested length, as a multiple of the trained one, up to which a run's "
        "whole 95% interval keeps more than half of its skill, in the median over seeds; "
        "'between' is the interval of that median. Seeds that do not beat chance at their own "
        "length have nothing to carry, and are counted apart."
    )
    misleads = (
        "It is not what the network could do after a training on several lengths, and the "
        "longest tested is a limit of the test. The length of a text is where it is cut: where "
        "most are shorter, longer tests change few of them."
    )

    score: Score
    groups: Sequence[CarryingGroup]
    data: str
    synthetic: bool
    memory: bool
    alone: bool

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        score = run.first.summary.score()
        return [] if score is None else cls._of(score, [run], alone=True)

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        return cls._of(study.score, study.ended_groups(), alone=False)

    @classmethod
    def _of(cls, score: Score, groups: Sequence[Group], alone: bool) -> Iterable[Finding]:
        made = [
            (group.first.summary, of)
            for group in groups
            if group.first.summary.headline == score.name and (of := _carrying_group(group))
        ]
        if made:
            first = made[0][0]
            memory = all(summary.memory for summary, _ in made)
            of_groups = [of for _, of in made]
            yield cls(score, of_groups, str(first.data), first.synthetic, memory, alone)

    def tables(self) -> list[Table]:
        scores = [] if self.alone else [self._scores()]
        return scores + ([self._carried()] if any(group.carried for group in self.groups) else [])

    def _scores(self) -> Table:
        lengths = sorted({n for group in self.groups for n in group.points})
        head = [f"test {self.score.head}", "trained at", *(f"at {n}" for n in lengths)]
        rows = [
            [
                Cell(group.label),
                count(group.trained_at),
                *(score_with_interval(self.score, group.points.get(n)) for n in lengths),
            ]
            for group in self.groups
        ]
        notes = ["at other lengths than trained at; means over seeds (95% intervals)"]
        every = [(n, group.points[n]) for group in self.groups for n in group.points]
        if any(interval and interval.apart for _, interval in every):
            notes.append(ONE_BY_ONE)
        if any(interval is None for _, interval in every):
            notes.append(f"{NOTHING}: not tested, or of one seed or more the score is not finite")
        return Table(head, rows, notes)

    def _carried(self) -> Table:
        of = "" if self.alone else ", median over seeds"
        head = ["carrying over", "trained at", f"carries to, times that length{of}", "between",
                "longest tested", "seeds that learned"]  # fmt: skip
        rows = [
            _carried_row(group, group.carried) for group in self.groups if group.carried is not None
        ]
        notes = [f"carries to: {MEANING}; {NO_LIMIT}", f"{CRITERION}; learned: {BEATS_CHANCE}"]
        if not self.memory:
            notes.append(CUT)
        if self.alone:
            notes.append("one seed: how other seeds would do it does not say")
        else:
            notes.append(MEDIAN_REACH)
        return Table(head, rows, notes)

    def answer(self) -> str:
        """To which multiple of its length each group carries, of the median seed that learned.

        Every model is named first.
        """
        parts = []
        tested = [group for group in self.groups if group.carried is not None]
        models = [group.model for group in tested]
        earlier = [models[:place].count(model) for place, model in enumerate(models)]
        for place in sorted(range(len(tested)), key=lambda place: earlier[place]):
            group = tested[place]
            assert group.carried is not None
            median = group.carried.median
            said = "nothing learned to carry"
            if median is not None:
                said = reach_in_words(median.middle, 1, "×")
                if not self.alone:
                    ends = interval_in_words(median, (1, group.carried.farthest), "×")
                    said += f" (the median of {median.n} seeds lies in {ends})"
            label, trained_at = words.label(group.label), group.trained_at
            if words.setting("seq_len", trained_at) not in label.split(", "):
                label += f", trained at {trained_at}"
            parts.append(f"{label}: {said}")
        if not parts:
            return ""
        return (
            "A network keeps more than half of its skill on longer sequences up to this multiple "
            f"of the length trained at: {sentences.listed(parts)}."
        )

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import carrying_over

        for old in figure_files.remove(folder, OLD_NAME):
            log.info("%s is called %s%s now", old, self.name, Path(old).suffix)
        return carrying_over.draw(self, folder)

    def as_json(self) -> list[dict[str, Any]]:
        """Ratios are multiples of the length trained at."""
        return [
            {
                "label": group.label,
                "measures": f"carrying over: {MEANING}; {NO_LIMIT}",
                "criterion": CRITERION,
                "trained_at": group.trained_at,
                "score": self.score.name,
                "at": [
                    {
                        "length": n,
                        "mean": interval and interval.mean,
                        "interval_95": interval and interval.ends,
                        "by_seed": [run.get(n) for run in group.each],
                        "chance": group.chances.get(n),
                    }
                    for n, interval in sorted(group.points.items())
                ],
                "carried": _carried_json(group.carried),
            }
            for group in self.groups
        ]


def _carrying_group(group: Group) -> CarryingGroup | None:
    """None for a group that was not tested at other lengths, or trained at several."""
    tested = {run.summary.seed: run for run in group.ended if run.summary.at_lengths}
    scores = {seed: scores_by_length(run.summary) for seed, run in tested.items()}
    scores = {seed: by_length for seed, by_length in scores.items() if by_length}
    own = {run.summary.seq_len for run in tested.values()}
    if not scores or len(own) != 1 or trained_lengths(group.first.summary) is not None:
        return None
    trained_at = int(own.pop() or 0)
    lengths = sorted({n for by_length in scores.values() for n in by_length})
    points = {}
    for n in lengths:
        there = {seed: at[n] for seed, at in scores.items() if n in at}
        points[n] = interval_over([tested[seed] for seed in there], list(there.values()))
    several = len(group.ended) > 1
    return CarryingGroup(
        group.label,
        group.model,
        trained_at,
        points,
        [_values(by_length) for by_length in scores.values()] if several else [],
        {n: at.score.chance for n, at in next(iter(scores.values())).items()},
        _how_far(group, scores, trained_at) if lengths[-1] > trained_at > 0 else None,
    )


def _values(by_length: Mapping[int, ScoreAt]) -> dict[int, float]:
    return {n: at.value for n, at in by_length.items() if at.value is not None}


def _how_far(
    group: Group, scores: Mapping[int, Mapping[int, ScoreAt]], trained_at: int
) -> Carried | None:
    reaches, not_learned = {}, []
    for run in group.ended:
        by_length = scores.get(run.summary.seed, {})
        skill = _skill(run.summary)
        if skill is None:
            not_learned.append(run.summary.seed)
            continue
        carries = {
            n: True if n == trained_at else at.verdict(KEPT * skill)
            for n, at in by_length.items()
            if n >= trained_at
        }
        if len(carries) > 1:
            reaches[run.summary.seed] = Reach.of(carries).over(trained_at)
    farthest = max(n for by_length in scores.values() for n in by_length) / trained_at
    median = MedianReach.of(list(reaches.values())) if reaches else None
    return Carried(reaches, not_learned, farthest, median)


def _skill(summary: Summary) -> float | None:
    """At the length trained at; None for a run that does not beat chance there."""
    score = summary.score()
    at = scores_by_length(summary).get(int(summary.seq_len or 0))
    if score is None or at is None or at.value is None or not score.beats_chance(at.ends):
        return None
    return score.skill(at.value)


def _carried_row(group: CarryingGroup, carried: Carried) -> list[Cell]:
    seeds = len(carried.reaches) + len(carried.not_learned)
    median = carried.median
    return [
        Cell(group.label),
        count(group.trained_at),
        Cell("nothing learned")
        if median is None
        else Cell(reach_in_words(median.middle, 1, "×"), median.middle.held),
        Cell(NOTHING if median is None else interval_in_words(median, (1, carried.farthest), "×")),
        Cell(f"{number(carried.farthest)}×", carried.farthest),
        Cell(f"{len(carried.reaches)} of {seeds}", len(carried.reaches)),
    ]


def _carried_json(carried: Carried | None) -> dict[str, Any] | None:
    if carried is None:
        return None
    return {
        "median": carried.median and carried.median.as_json(),
        "by_seed": {
            seed: {"held": reach.held, "failed": reach.failed, "again": list(reach.again)}
            for seed, reach in carried.reaches.items()
        },
        "not_learned": list(carried.not_learned),
        "longest_tested": carried.farthest,
    }
