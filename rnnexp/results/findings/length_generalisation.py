"""The score at lengths that a network was not trained at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rnnexp.results.findings.base import Finding
from rnnexp.results.groups import Group
from rnnexp.results.over_seeds import ONE_BY_ONE, over_seeds
from rnnexp.results.statistics import Interval, t_interval
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun, at_length
from rnnexp.results.summary import Summary
from rnnexp.results.tables import Cell, Table, count, score_with_interval
from rnnexp.scores import Score


@dataclass(frozen=True)
class TestedGroup:
    """A group's scores at the length it was trained at, and at the others; None without one."""

    label: str
    trained_at: int
    own: Interval | None
    others: Mapping[int, Interval | None]


@dataclass(frozen=True)
class LengthCurve:
    """What is drawn of a group: scores by length, the trained one among them.

    points: of one run the interval over test examples, of several that over seeds.
    each: the scores of single runs, of several. chances: the chance level by length.
    """

    label: str
    model: str
    trained_at: int
    points: Mapping[int, Interval]
    each: Sequence[Mapping[int, float]]
    chances: Mapping[int, float | None]


@dataclass(frozen=True)
class LengthGeneralisation(Finding):
    """groups: of a study, for its table. curves: of those that were tested at other lengths."""

    place = 50

    score: Score
    groups: Sequence[TestedGroup]
    curves: Sequence[LengthCurve]
    data: str
    synthetic: bool

    @classmethod
    def in_run(cls, run: Group) -> Iterable[Finding]:
        score = run.first.summary.score()
        if score is not None and run.first.summary.at_lengths:
            yield cls._of(score, [], [run])

    @classmethod
    def in_study(cls, study: Study) -> Iterable[Finding]:
        score, groups = study.score, study.groups()
        alike = [run for run in study.runs if run.summary.headline == score.name]
        lengths = sorted({int(n) for run in alike for n in run.summary.at_lengths})
        if lengths:
            tested = [
                TestedGroup(
                    group.label,
                    int(group.first.summary.seq_len or 0),
                    group.interval(study.column),
                    {n: group.interval(at_length(score.name, n)) for n in lengths},
                )
                for group in groups
            ]
            yield cls._of(score, tested, study.ended_groups())

    @classmethod
    def _of(
        cls, score: Score, tested: Sequence[TestedGroup], groups: Sequence[Group]
    ) -> "LengthGeneralisation":
        curves = [
            (group, curve) for group in groups if (curve := _curve(group, score.name)) is not None
        ]
        first = (curves[0][0] if curves else groups[0]).first.summary if groups else None
        return cls(
            score,
            tested,
            [curve for _, curve in curves],
            str(first and first.data),
            bool(first and first.synthetic),
        )

    def tables(self) -> list[Table]:
        if not self.groups:
            return []
        lengths = list(self.groups[0].others)
        head = [f"test {self.score.head}", "trained at", "there", *(f"at {n}" for n in lengths)]
        rows = [
            [
                Cell(group.label),
                count(group.trained_at),
                *(score_with_interval(self.score, i) for i in (group.own, *group.others.values())),
            ]
            for group in self.groups
        ]
        notes = ["at other lengths than trained at; means over seeds (95% intervals)"]
        intervals = [i for group in self.groups for i in (group.own, *group.others.values())]
        if any(interval and interval.apart for interval in intervals):
            notes.append(ONE_BY_ONE)
        return [Table(head, rows, notes)]

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import length_generalisation

        return length_generalisation.draw(self, folder) if self.curves else []


def _curve(group: Group, score: str) -> LengthCurve | None:
    """None for a group that was not tested at other lengths, or trained at several."""
    tested = [run for run in group.ended if run.summary.at_lengths]
    lengths = {run.summary.seq_len for run in tested}
    if len(lengths) != 1:
        return None
    trained_at = int(lengths.pop() or 0)
    points = _points(tested, score)
    if trained_at not in points:
        return None
    each = [_points([run], score) for run in tested] if len(group.ended) > 1 else []
    return LengthCurve(
        group.label,
        group.model,
        trained_at,
        points,
        [{n: i.mean for n, i in run.items()} for run in each if trained_at in run],
        _chances(tested[0].summary, score),
    )


def _points(runs: Sequence[StudyRun], name: str) -> dict[int, Interval]:
    """The score at each length tested, the trained one among them.

    A length at which a score was not finite, as a network can overflow on longer sequences, is left
    out.
    """
    tests: dict[int, list[tuple[Mapping[str, float | None], Mapping[str, list[float | None]]]]] = {}
    for run in runs:
        summary = run.summary
        own = int(summary.seq_len or 0)
        tests.setdefault(own, []).append((summary.test or {}, summary.test_interval or {}))
        for length, scores in summary.at_lengths.items():
            if int(length) != own:
                tests.setdefault(int(length), []).append((scores.test, scores.test_interval))
    points = {}
    for steps, results in tests.items():
        values = [value for test, _ in results if (value := test.get(name)) is not None]
        if len(values) < len(results):
            continue
        if len(values) == 1:
            low, high = results[0][1].get(name, [None, None])
            points[steps] = Interval(1, values[0], low, high)
        else:
            score = summary.score(name)
            points[steps] = (
                t_interval(values)
                if score is None
                else over_seeds(
                    values,
                    replace(score, chance=_chances(summary, name).get(steps)),
                    summary.solved_at is not None,
                )
            )
    return points


def _chances(summary: Summary, name: str) -> dict[int, float | None]:
    own = {int(summary.seq_len or 0): summary.chance.get(name)}
    return own | {int(n): scores.chance.get(name) for n, scores in summary.at_lengths.items()}
