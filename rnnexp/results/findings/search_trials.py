"""The trials of a search: the best of them, with the test scores that were not searched by."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import SearchFinding
from rnnexp.results.findings.scores import weights_tested
from rnnexp.results.over_seeds import INTERVAL, over_seeds
from rnnexp.results.search import Search, Trial
from rnnexp.results.statistics import Interval
from rnnexp.results.study import Study
from rnnexp.results.study_run import StudyRun
from rnnexp.results.tables import NOTHING, Cell, Table, count, ends, with_interval
from rnnexp.scores import Score

#: Trials that the table shows, and lines on trials without a value.
BEST, REASONS = 10, 5


@dataclass(frozen=True)
class SearchTrials(SearchFinding):
    """tested: the test score of each trial's finished runs, by the trial's number.

    score: the test score that is shown; None where no run has one. weights: which were tested.
    chance: of the validation score that is searched by; None where runs differ in it, or have none.
    """

    place, answer_place = 5, 10
    leads = True
    heading = "The best trials of the search"
    reading = (
        "Each row is a trial: the values that were tried, the validation score that the search "
        "goes by, and the test score beside it. The best comes first, and a note has the "
        "command that runs it again."
    )
    misleads = (
        "The best of many validation scores is also the luckiest, and promises too much. The "
        "test score is honest as long as nothing is chosen by it. Trials without a value are "
        "counted, and in no ranking."
    )

    search: Search
    score: Score | None
    tested: Mapping[int, Interval]
    weights: Sequence[str]
    notes: Sequence[str]
    chance: float | None = None

    @classmethod
    def of(cls, study: Study, search: Search) -> Self | None:
        runs = {run.summary.fingerprint: run for run in study.runs}
        tested: dict[int, Interval] = {}
        finished: list[StudyRun] = []
        for trial in search.trials:
            own = [runs[f] for f in trial.fingerprints.values() if f in runs]
            own = [run for run in own if run.finished]
            finished += own
            values = [run.row[study.column] for run in own if run.row.get(study.column) is not None]
            if values:
                tested[trial.number] = over_seeds(values, study.score)
        weights = weights_tested([run.summary for run in finished])
        score = study.score if tested else None
        return cls(search, score, tested, weights, study.notes(), chance_of(study, search))

    @property
    def best(self) -> Trial | None:
        return next(iter(self.search.ranked), None)

    def tables(self) -> list[Table]:
        search, several = self.search, len(self.search.seeds) > 1
        head = ["trial", *(d.name for d in search.space), f"validation {search.objective.head}",
                *(["95% interval"] if several else []),
                *([f"test {self.score.head}"] if self.score is not None else [])]  # fmt: skip
        rows = [self._row(trial, several) for trial in search.ranked[:BEST]]
        return [Table(head, rows, self._notes(several))]

    def _row(self, trial: Trial, several: bool) -> list[Cell]:
        search = self.search
        interval = over_seeds(list(trial.by_seed.values()), search.objective)
        return [
            count(trial.number),
            *(Cell(d.text(trial.values[d.name])) for d in search.space),
            Cell(search.objective.cell(trial.value), trial.value),
            *([ends(search.objective, interval)] if several else []),
            *([_tested(self.score, self.tested.get(trial.number))] if self.score else []),
        ]

    def _notes(self, several: bool) -> list[str]:
        search, complete = self.search, len(self.search.complete)
        notes = [f"{search.count}: {search.how_many}"]
        if complete > BEST:
            notes.append(f"the best {BEST} of {complete}; all are in search.json")
        notes += self._without_value()
        best = self.best
        if best is None:
            return [*notes, "no trial has a value yet", *self.notes]
        highest = "highest" if search.reading.better == "high" else "lowest"
        mean = f", the mean of seeds {', '.join(map(str, search.seeds))}" if several else ""
        notes.append(f"validation {search.score}: of each run's best epoch{mean}")
        if complete > 1:
            notes.append(
                f"the {highest} of {complete} validation scores is also the luckiest: it promises "
                "too much. The test score beside it was not chosen by; chosen by it, it would be"
            )
        if several:
            notes.append(INTERVAL)
        notes += self.weights
        words = [*search.fixed, *(f"{d.key}={d.text(best.values[d.name])}" for d in search.space)]
        words = [word for word in words if not word.startswith(("study=", "hydra"))]
        seeds = f"seed={','.join(map(str, search.seeds))}"
        words = ["-m", *words, seeds] if several else [*words, seeds]
        notes.append(f"trial {best.number} again: {shlex.join(['rnnexp', *words])}")
        return [*notes, *self.notes]

    def _without_value(self) -> list[str]:
        """Why trials have none, a line each."""
        without = [t for t in self.search.trials if t.value is None and t.reason]
        lines = [f"trial {t.number} {t.state}: {t.reason}" for t in without[:REASONS]]
        more = len(without) - REASONS
        return lines + [f"{more} more without a value, in search.json"] * (more > 0)

    def answer(self) -> str:
        """The best trial by the validation score, and what its test says."""
        best, search = self.best, self.search
        if best is None:
            return ""
        chosen = words.settings({d.name: d.text(best.values[d.name]) for d in search.space})
        said = (
            f"Best of {len(search.complete)} trials by validation {search.objective.axis}: trial "
            f"{best.number} with {search.objective.show(best.value)} ({chosen})"
        )
        tested = self.tested.get(best.number)
        if tested is not None and self.score is not None:
            told = sentences.with_uncertainty(self.score, tested)
            said += f"; its test {self.score.axis} is {told}"
        luck = "; the best of several is also the luckiest" if len(search.complete) > 1 else ""
        return f"{said}{luck}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import search_trials

        return search_trials.draw(self, folder)

    def as_json(self) -> dict[str, Any]:
        best = self.best
        return {
            "score": f"val_{self.search.score}",
            "trials": self.search.counts,
            "best": None
            if best is None
            else {
                "trial": best.number,
                "values": best.values,
                "validation": best.value,
                "validation_by_seed": best.by_seed,
                "test": (tested := self.tested.get(best.number)) and tested.mean,
                "test_score": self.score and self.score.name,
            },
        }


def chance_of(study: Study, search: Search) -> float | None:
    """Of the validation score that is searched by; None where finished runs differ in it."""
    ours = {f for trial in search.trials for f in trial.fingerprints.values()}
    finished = [r for r in study.runs if r.finished and r.summary.fingerprint in ours]
    levels = {run.summary.chance.get(search.objective.name) for run in finished}
    return levels.pop() if len(levels) == 1 else None


def _tested(score: Score, interval: Interval | None) -> Cell:
    return Cell(NOTHING) if interval is None else with_interval(interval, score.cell)
