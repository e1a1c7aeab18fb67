"""The score of each group of a study, with its interval, rate and training time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnnexp.results.factors import LENGTHS
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import StudyFinding
from rnnexp.results.findings.padding import varies_padding
from rnnexp.results.over_seeds import INTERVAL, ONE_BY_ONE
from rnnexp.results.statistics import Interval, Rate
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from rnnexp.results.tables import NOTHING, Cell, Table, ends, with_interval
from rnnexp.scores import BEATS_CHANCE, Score, guessing


@dataclass(frozen=True)
class GroupScore:
    """values: of the finished runs. rate: of runs that solved the task, or else beat chance."""

    label: str
    model: str
    settings: Sequence[Any]
    values: Sequence[float]
    interval: Interval | None
    chance_levels: Sequence[float]
    rate: Rate | None
    statuses: dict[str, int]
    seconds: Interval | None


@dataclass(frozen=True)
class Scores(StudyFinding):
    """factors: the settings that vary, a column each.

    solved_at: bounds of the score from which on a run counts as solved; None: no task has one, and
        the rate is that of runs that beat chance.
    chance_levels: of all runs that are scored by `score`. synthetic: names of such data.
    tested: which weights the scores are of.
    drawn: whether it has a figure; where the length varies, others show the score against it.
    test_examples: the fewest of its runs; None where no run says.
    asked: whether the score is another one than the headline.
    at_chance: whether no run beats chance.
    """

    place, answer_place = 10, 130
    leads = True
    heading = "The score of each setting"
    equation = "mean ± t(0.975, n-1) s / √n over n seeds, within the bounds of the score"
    reading = (
        "Each row is a setting: its mean test score over seeds, the 95% interval of that mean, "
        "the standard deviation over seeds ('sd'), and how many runs solved the task or beat "
        "chance, with Wilson's interval. Where scores are solved or not, seeds are shown one "
        "by one, since no interval over so few covers the mean."
    )
    misleads = (
        "The interval is over seeds, on one test set: other data can give another score. "
        "Intervals that overlap are no sign that two settings are alike: the comparison over "
        "the same seeds says that. A learning rate and a budget that all share may suit one of "
        "them better."
    )

    score: Score
    factors: Sequence[str]
    groups: Sequence[GroupScore]
    solved_at: Sequence[float] | None
    chance_levels: Sequence[float]
    synthetic: Sequence[str]
    tested: Sequence[str]
    notes: Sequence[str]
    drawn: bool
    test_examples: int | None
    asked: bool = False
    at_chance: bool = False

    @classmethod
    def of(cls, study: Study) -> Self | None:
        score, runs = study.score, study.runs
        if not runs:
            return None
        alike = [run for run in runs if run.summary.headline in (None, score.name)]
        chances = {run.summary.chance.get(score.name) for run in alike} - {None}
        has_bound = any("solved" in run.row for run in runs)
        bounds = {run.row["solved_at"] for run in alike if "solved_at" in run.row}
        return cls(
            score,
            study.factors,
            [
                GroupScore(
                    group.label,
                    group.model,
                    list(group.factors.values()),
                    group.values(study.column),
                    group.interval(study.column),
                    group.chance_levels(score),
                    group.rate("solved" if has_bound else "beats_chance"),
                    group.statuses,
                    group.interval("seconds"),
                )
                for group in study.groups()
            ],
            sorted(bounds) if has_bound else None,
            sorted(chance for chance in chances if chance is not None),
            sorted({str(run.summary.data) for run in runs if run.summary.synthetic}),
            weights_tested([run.summary for run in runs]),
            study.notes(),
            not set(LENGTHS) & set(study.factors) and not varies_padding(study),
            min((n for g in study.groups() if (n := g.test_examples) is not None), default=None),
            study.asked is not None,
            study.at_chance,
        )

    def tables(self) -> list[Table]:
        several = len(self.chance_levels) > 1
        head = [*self.factors, f"test {self.score.head}", *(["chance"] if several else []),
                "95% interval", "sd", "beats chance" if self.solved_at is None else "solved",
                "runs", "training time"]  # fmt: skip
        return [Table(head, [self._row(group, several) for group in self.groups], self._notes())]

    def _row(self, group: GroupScore, several_chances: bool) -> list[Cell]:
        score, interval = self.score, group.interval
        deviation = interval.deviation if interval and not interval.apart else None
        chance = ", ".join(map(score.cell, group.chance_levels)) or NOTHING
        runs = (str(n) if s == "finished" else f"{n} {s}" for s, n in group.statuses.items())
        return [
            *(Cell(str(value)) for value in group.settings),
            _mean(score, interval),
            *([Cell(chance)] if several_chances else []),
            ends(score, interval),
            Cell(score.cell(deviation), deviation),
            Cell(str(group.rate or NOTHING)),
            Cell(" ".join(runs)),
            _seconds(group.seconds),
        ]

    def _notes(self) -> list[str]:
        score = self.score
        notes = [f"chance: {', '.join(map(score.cell, self.chance_levels))}"]
        intervals = [group.interval for group in self.groups if group.interval]
        if any(interval.ends for interval in intervals):
            notes.append(INTERVAL)
        if any(interval.apart for interval in intervals):
            notes.append(ONE_BY_ONE)
        if self.synthetic:
            notes.append(f"synthetic data: {', '.join(self.synthetic)}")
        if self.solved_at is None and self.chance_levels == [score.perfect]:
            notes.append(
                "beats chance: says nothing here, since what ignores the input can be perfect by "
                "this score, as predicting the shares of the classes is"
            )
        elif self.solved_at is None:
            notes.append(f"beats chance: {BEATS_CHANCE}")
            n = self.test_examples
            # of further scores it was simulated of classes, and of numbers is not known
            known = n is not None and (not self.asked or score.percent)
            if known and n and (guesses := guessing(n, headline=not self.asked)):
                notes.append(guesses)
        else:
            sign = "at least" if score.better == "high" else "at most"
            bounds = ", ".join(map(score.cell, self.solved_at)) + ("%" if score.percent else "")
            notes.append(
                f"solved: test {score.name} {sign} {bounds}; of how many runs (Wilson's 95% "
                "interval)"
            )
        return [*notes, *self.tested, *self.notes]

    def answer(self) -> str:
        """Each group's score where they are few; else the best mean and the worst."""
        scored = [(group, group.interval) for group in self.groups if group.interval is not None]
        if not scored:
            return ""
        chance = " or ".join(map(self.score.show, self.chance_levels)) or "not known"
        said = f"Test {self.score.axis} (chance: {chance}): "
        if self.at_chance:
            runs = sum(interval.n for _, interval in scored)
            none = f"None of {runs} runs beats chance: their scores say"
            if runs == 1:
                none = "The one run with a score does not beat chance: it says"
            said = f"{none} nothing of memory. {said}"
        parts = [
            sentences.labelled(group.label, sentences.with_uncertainty(self.score, interval))
            for group, interval in scored
        ]
        if len(parts) <= sentences.MOST_NAMED or len(self.chance_levels) > 1:
            return f"{said}{sentences.listed(parts)}."
        sign = 1 if self.score.better == "high" else -1
        means = [sign * interval.mean for _, interval in scored]
        if max(means) == min(means):
            return f"{said}all {len(parts)} groups have the mean {self.score.show(abs(means[0]))}."
        best, worst = (scored[means.index(end(means))] for end in (max, min))
        told = [
            sentences.labelled(group.label, f"{_mean_in_words(self.score, interval)}")
            for group, interval in (best, worst)
        ]
        return f"{said}of {len(parts)} groups the best mean has {told[0]}; the worst {told[1]}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import scores

        return scores.draw(self, folder) if self.drawn else []


def _mean_in_words(score: Score, interval: Interval) -> str:
    """The mean too where seeds are shown one by one, since groups are ranked by it."""
    told = sentences.with_uncertainty(score, interval)
    return f"mean {score.show(interval.mean)}: {told}" if interval.apart else told


def weights_tested(summaries: Sequence[Summary]) -> list[str]:
    """Which weights the runs were tested with, a note for each kind; runs that say so alone do."""
    tested = [(summary, summary.tested) for summary in summaries if summary.tested is not None]
    last = [summary for summary, weights in tested if weights.weights == "last"]
    best = len(tested) - len(last)
    notes = []
    if last:
        of_runs = f"{len(last)} of {len(tested)} runs: " if best else ""
        earlier = sum(s.best_epoch is not None and s.best_epoch != s.epochs for s in last)
        notes.append(f"tested: {of_runs}the last weights")
        better = _better({s.monitor or "loss" for s in last})
        if earlier:
            notes[-1] += (
                f"; in {earlier} of {len(last)} runs earlier ones had a better {better} "
                "(trainer.test_weights=best)"
            )
    if best:
        of_runs = f"{best} of {len(tested)} runs: " if last else ""
        watched = {s.monitor or "loss" for s, weights in tested if weights.weights == "best"}
        notes.append(f"tested: {of_runs}the weights with the best {_better(watched)}")
    return notes


def _better(watched: Collection[str]) -> str:
    """What the runs have watched, in words."""
    return f"validation {' or '.join(sorted(watched))}"


def _mean(score: Score, interval: Interval | None) -> Cell:
    """The mean alone, or the seeds one by one."""
    if interval is not None and interval.apart:
        return with_interval(interval, score.cell)
    mean = interval.mean if interval else None
    return Cell(score.cell(mean), mean)


def _seconds(interval: Interval | None) -> Cell:
    """`12.3 (11.9 to 12.7) s`."""
    if interval is None:
        return Cell(NOTHING)
    shown = with_interval(interval, "{:.1f}".format)
    return Cell(f"{shown.text} s", shown.value)
