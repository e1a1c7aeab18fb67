"""Groups: the runs that differ in their seed alone. A line of a table or of a figure is one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from rnnexp.results.models import shown_model
from rnnexp.results.over_seeds import over_seeds
from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import POSITIVE, UNBOUNDED, Interval, Rate, t_interval, wilson
from rnnexp.results.study_run import AMOUNTS, SKILL, Arrays, StudyRun
from rnnexp.scores import Score


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone, ordered by it, whatever became of them.

    factors: the settings that tell this group from the others of its study.
    alone: made of one run that is looked at by itself, and not as one of a study.
    """

    label: str
    model: str
    runs: Sequence[StudyRun]
    factors: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False

    @classmethod
    def of_run(cls, run: RunDirectory) -> Self:
        summary = run.summary
        model = str(summary.model)
        return cls(model, model, [StudyRun(run, summary)], alone=True)

    @property
    def first(self) -> StudyRun:
        return self.runs[0]

    @property
    def ended(self) -> list[StudyRun]:
        """The runs that have a result, diverged ones among them; a run alone in any case."""
        return [run for run in self.runs if run.summary.done or self.alone]

    @property
    def statuses(self) -> dict[str, int]:
        """How many runs ended how."""
        every = [run.summary.status for run in self.runs]
        return {status: every.count(status) for status in dict.fromkeys(every)}

    # -- what probes measured --------------------------------------------------------------------

    def was_asked(self, probe: str) -> bool:
        """Whether a probe has measured any of its runs; no array is read for it."""
        return any(
            probe in run.summary.probes or probe in run.directory.probe_names for run in self.ended
        )

    def measured(self, probe: str) -> list[tuple[StudyRun, Arrays]]:
        """The ended runs that a probe has measured, with its arrays.

        Without those that diverged and were measured before the training alone: their last
        measurement says nothing of what it came to.
        """
        return [(run, a) for run, a in self._with(probe) if not _is_untrained(run, a)]

    def untrained(self, probe: str) -> list[tuple[StudyRun, Arrays]]:
        """The ended runs that a probe has measured before the training, diverged ones too."""
        return [(run, a) for run, a in self._with(probe) if a["epoch"][0] == 0]

    def _with(self, probe: str) -> list[tuple[StudyRun, Arrays]]:
        return [(run, arrays) for run in self.ended if (arrays := run.probe(probe)) is not None]

    def probe(self, name: str) -> list[Arrays]:
        """What a probe has measured in each run that has it, a row per measurement."""
        return [arrays for _, arrays in self.measured(name)]

    def scalars(
        self, probe: str, key: str, row: int = -1, *, may_lack: bool = False
    ) -> list[float]:
        """A number of the probe's last (or `row`-th) measurement, of each run that has it.

        may_lack: of a number that the probe does not always measure, or did not in earlier
        versions. Else raises LookupError, which names what there is, where no run has it.
        """
        measured = self.probe(probe)
        having = [arrays for arrays in measured if key in arrays]
        if measured and not having and not may_lack:
            names = (name for arrays in measured for name in arrays)
            there = [name for name in dict.fromkeys(names) if name not in ("epoch", "step")]
            raise LookupError(
                f"probe {probe} has no number '{key}'; it has: {', '.join(there) or 'none'}"
            )
        return [float(arrays[key][row]) for arrays in having]

    # -- columns of study.csv --------------------------------------------------------------------

    def values(self, column: str) -> list[float]:
        """The column of the finished runs that have it."""
        return [value for _, value in self._finished(column)]

    def interval(self, column: str) -> Interval | None:
        """The mean of a column of numbers, with its interval or seed by seed (`over_seeds`).

        Of a column of yes and no the rate, with Wilson's interval. None where no run has it.
        """
        values = self.values(column)
        if not values:
            return None
        if all(isinstance(value, bool) for value in values):
            rate = self.rate(column)
            return rate.interval if rate else None
        score = self.score(column)
        if score is None:
            return t_interval(values, POSITIVE if column in AMOUNTS else UNBOUNDED)
        return over_seeds(values, score, self.solvable)

    def score(self, column: str) -> Score | None:
        """How the numbers of a column are read; None where they are no score."""
        return SKILL if column == "skill" else self.first.score_of(column)

    @property
    def test_examples(self) -> int | None:
        """The fewest test examples of its runs; None where no run says."""
        counts = [run.summary.data_report.get("test") for run in self.runs]
        return min((n for n in counts if isinstance(n, int) and n > 0), default=None)

    @property
    def solvable(self) -> bool:
        """Whether its task has a score from which on a run counts as solved."""
        return any(run.summary.solved_at is not None for run in self.runs)

    def by_seed(self, column: str) -> dict[int, float]:
        """The column of the finished runs that have it, by their seed."""
        return {run.summary.seed: value for run, value in self._finished(column)}

    def _finished(self, column: str) -> list[tuple[StudyRun, float]]:
        return [
            (run, run.row[column])
            for run in self.runs
            if run.finished and run.row.get(column) is not None
        ]

    def rate(self, column: str) -> Rate | None:
        """How many of the runs with a result did it; a diverged one did not."""
        rows = [run.row for run in self.runs if run.summary.done]
        known = [bool(row[column]) for row in rows if row.get(column) is not None]
        return wilson(sum(known), len(known)) if known else None

    def is_above_chance(self, score: Score) -> bool:
        """Whether the whole interval of its mean score is better than each chance level."""
        interval, levels = self.interval(f"test_{score.name}"), self.chance_levels(score)
        if interval is None or interval.ends is None or not levels:
            return False
        low, high = interval.ends
        return low > max(levels) if score.better == "high" else high < min(levels)

    def at_chance(self, score: Score) -> bool:
        """Whether its runs were judged, and none of them beats chance, nor does their mean."""
        rate = self.rate("beats_chance")
        return rate is not None and not rate.successes and not self.is_above_chance(score)

    def chance_levels(self, score: Score) -> list[float]:
        """The chance levels of its runs, each once."""
        levels = (run.summary.chance.get(score.name) for run in self.runs)
        return sorted({level for level in levels if level is not None})


def grouped(runs: Sequence[StudyRun], factors: Sequence[str]) -> list[Group]:
    """In order of the factors: numbers by value, models plain to gated, others as they came."""
    members: dict[tuple[Any, ...], list[StudyRun]] = {}
    for run in runs:
        members.setdefault(tuple(run.factors[name] for name in factors), []).append(run)
    seen = {name: list(dict.fromkeys(run.factors[name] for run in runs)) for name in factors}
    # jobs that run side by side begin in any order
    seen.get("model", []).sort(key=lambda name: shown_model(name).place)
    places = {name: {value: i for i, value in enumerate(values)} for name, values in seen.items()}

    def place(key: tuple[Any, ...]) -> list[float]:
        return [
            float(value) if isinstance(value, int | float) else places[name][value]
            for name, value in zip(factors, key, strict=True)
        ]

    groups = []
    for key in sorted(members, key=place):
        values = dict(zip(factors, key, strict=True))
        by_seed = sorted(members[key], key=lambda run: run.summary.seed)
        groups.append(Group(group_label(values), str(values.get("model")), by_seed, values))
    return groups


def group_label(factors: Mapping[str, Any]) -> str:
    """
    >>> group_label({"model": "lstm", "seq_len": 400})
    'lstm, seq_len=400'
    """
    return ", ".join(
        str(value) if name in ("model", "data") else f"{name}={value}"
        for name, value in factors.items()
    )


def json_value(setting: Any) -> Any:
    """A setting as strict JSON holds it: JSON has no infinity."""
    return "inf" if setting == math.inf else setting


def _is_untrained(run: StudyRun, arrays: Arrays) -> bool:
    """Whether a run diverged before its probe could measure what the training came to."""
    epochs = arrays.get("epoch")
    return run.summary.status == "diverged" and epochs is not None and not epochs[-1]
