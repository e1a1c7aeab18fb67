"""Many run directories: what varies among them, their groups, and what is missing.

study.csv has a row per run, study.json the statistics of each group. Never imports torch.
"""

import csv
import io
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rnnexp.durable import write_json, write_text
from rnnexp.errors import DataError
from rnnexp.results.comparisons import Comparison, compared
from rnnexp.results.factors import LENGTHS, varying_settings
from rnnexp.results.groups import Group, group_label, grouped, json_value
from rnnexp.results.over_seeds import INTERVAL, ONE_BY_ONE
from rnnexp.results.plan import plan_faults, planned, rounds_left
from rnnexp.results.reading import below, job_folders, read_for_tables
from rnnexp.results.scored import by_score, with_score
from rnnexp.results.search import Search
from rnnexp.results.study_run import StudyRun
from rnnexp.results.versions import versions_line
from rnnexp.scores import BEATS_CHANCE, Score

#: Names that one line of notes can carry.
MAX_NAMES = 12


@dataclass(frozen=True)
class Study:
    """runs: whatever became of them, in the order in which they began.

    factors: the settings that vary, the seed apart.
    older: names of runs of which there is a newer one with the same settings and seed; they are
        not among `runs`.
    left_out: folders that are no run, or have a damaged file; which one, and what to do.
    asked: the score that its tables are to show; None: the headline.
    search: of a study whose runs are the trials of a search; None of any other.
    """

    path: Path
    runs: Sequence[StudyRun]
    factors: Sequence[str]
    older: Sequence[str] = ()
    left_out: Sequence[str] = ()
    asked: str | None = None
    search: Search | None = None

    @classmethod
    def read(cls, path: Path, score: str | None = None) -> "Study":
        """Every folder of the study that is a run. One that is none, or is damaged, is left out.

        score: the one to look at instead of the headline: what is shown, compared, drawn and judged
        is then this one. Runs of versions that did not know it are scored by it anew, from their
        predictions, where they allow it. Raises UserError where no run has it.
        """
        path = path.absolute()
        read, left_out = [], []
        for folder in job_folders(path):
            try:
                read.append(read_for_tables(folder))
            except (DataError, OSError) as error:
                left_out.append(below(path, error))
        # In the order they were begun: a table and its lines then follow the command.
        read.sort(key=lambda run: str(run[1].started))
        settings = varying_settings([s for _, s, _ in read], [config for _, _, config in read])
        every = [
            StudyRun(run, summary, {name: values[i] for name, values in settings.items()})
            for i, (run, summary, _) in enumerate(read)
        ]
        runs, older = _newest(every)
        if score is not None and runs:
            runs = by_score(runs, score)
        search = None
        try:
            search = Search.read(path)
        except DataError as error:
            left_out.append(below(path, error))
        return cls(path, runs, list(settings), older, left_out, score, search)

    def scored(self, name: str) -> "Study":
        """The same study, its runs scored by `name` too, beside the headline."""
        return replace(self, runs=with_score(self.runs, name))

    @cached_property
    def score(self) -> Score:
        """The score that its tables show, without a chance level, which is each run's own."""
        known = (score for run in self.runs if (score := run.summary.score()) is not None)
        first = next(known, Score("score", "high", "score"))
        return replace(first, chance=None, solved_at=None)

    @property
    def column(self) -> str:
        """The column of study.csv that holds the score."""
        return f"test_{self.score.name}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of study.csv."""
        return [run.row for run in self.runs]

    @cached_property
    def _groups(self) -> list[Group]:
        return grouped(self.runs, self.factors)

    def groups(self) -> list[Group]:
        """In order of the factors: numbers by value, models plain to gated, others as they came."""
        return self._groups

    def ended_groups(self) -> list[Group]:
        """The groups in which at least one run has a result."""
        return [group for group in self._groups if group.ended]

    @cached_property
    def unfinished(self) -> str:
        """`unfinished: 7 of 12 runs have a result`; empty where all have one. Of a search, trials.

        A run of the first version has no fingerprint of this one, and counts as one of those that
        a command asked for.
        """
        if self.search is not None:
            return self.search.unfinished
        jobs = {run.summary.fingerprint or run.name: run.summary for run in self.runs}
        done = {job for job, summary in jobs.items() if summary.done}
        first_version = sum(jobs[job].measured is None for job in done)
        never_begun = len(planned(self.path) - jobs.keys())
        lacking = len(jobs) - len(done) + max(0, never_begun - first_version)
        if not lacking:
            more = rounds_left(self.path)
            return f"unfinished: up to {more} more rounds choose further lengths" if more else ""
        return f"unfinished: {len(done)} of {len(done) + lacking} runs have a result"

    @property
    def at_chance(self) -> bool:
        """Whether its runs were judged, and none of them beats chance, nor does the mean of a group
        by its interval over seeds: then nothing is shown to be learned.
        """
        judged = [run.row["beats_chance"] for run in self.runs if "beats_chance" in run.row]
        return (
            bool(judged)
            and not any(judged)
            and not any(group.is_above_chance(self.score) for group in self._groups)
        )

    def comparisons(self, factor: str) -> Iterator[Comparison]:
        """The score at each pair of values of a setting, over the same seeds, all else alike."""
        return compared(self._groups, factor, self.score)

    # -- files ------------------------------------------------------------------------------------

    def write(self, more: Mapping[str, Any] | None = None, folder: Path | None = None) -> None:
        """study.csv, a row per run, and study.json, the statistics per group and `more`.

        folder: where they go, by default the study's own.
        """
        folder = folder or self.path
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(folder / "study.csv", text.getvalue())
        write_json(folder / "study.json", {**self.statistics(), **(more or {})})

    def statistics(self) -> dict[str, Any]:
        """What study.json says of each group, and what is missing."""
        columns = dict.fromkeys(key for row in self.rows for key in row)
        numeric = [c for c in columns if c.startswith("test_") or c in ("skill", "seconds")]
        return {
            "study": self.path.name,
            "factors": list(self.factors),
            "interval": f"{INTERVAL}; Wilson's of rates; null of one seed, and where all are alike",
            "by_seed": ONE_BY_ONE,
            "beats_chance": BEATS_CHANCE,
            "groups": [_group_statistics(group, numeric) for group in self._groups],
            "notes": self.notes(),
        }

    # -- what is missing --------------------------------------------------------------------------

    def notes(self) -> list[str]:
        """What is missing or uneven, a line each: nothing is averaged over it in silence."""
        if self.search is not None:  # trials are no factor levels: nothing is uneven or absent
            versions = versions_line([run.summary for run in self.runs])
            return [note for note in (self.unfinished, *self.damaged, versions) if note]
        notes = [
            self.unfinished, *self.damaged, self._lacking(), self._scored_otherwise(),
            self._superseded(), self._absent(), self._uneven(), self._unsure(),
            versions_line([run.summary for run in self.runs]),
        ]  # fmt: skip
        if any(len(group.values(self.column)) == 1 for group in self._groups):
            notes.append("one seed gives no interval: add seeds, as in seed=0,1,2")
        return [note for note in notes if note]

    @property
    def damaged(self) -> list[str]:
        """What could not be read, a line for each folder."""
        more = len(self.left_out) - MAX_NAMES
        lines = [f"left out: {reason}" for reason in self.left_out[:MAX_NAMES]]
        if more > 0:
            lines.append(f"left out: {more} more, see rnnexp check")
        return lines + [below(self.path, fault) for fault in plan_faults(self.path)]

    def _lacking(self) -> str:
        """Finished runs without the score that was asked for, or without a number in its place."""
        finished = [run for run in self.runs if run.finished]
        lacking = [run.name for run in finished if run.row.get(self.column) is None]
        if not lacking or self.asked is None:
            return ""
        return (
            f"no {self.score.name} of {len(lacking)} of {len(finished)} finished runs (not defined "
            f"on their test split, or not computed by their version): {_listed(lacking)}"
        )

    def _scored_otherwise(self) -> str:
        summaries = [run.summary for run in self.runs]
        data = {s.headline: s.data for s in summaries if s.headline is not None}
        data.pop(self.score.name, None)
        names = [f"{name} by {headline}" for headline, name in data.items()]
        if not names:
            return ""
        return f"scored otherwise, see study.json and study.csv: {_listed(names)}"

    def _superseded(self) -> str:
        if not self.older:
            return ""
        return (
            "left out, since there is a newer run of the same settings and seed: "
            f"{_listed(self.older)}"
        )

    def _absent(self) -> str:
        """Combinations of the settings' values that no run has; lengths that were chosen for each
        line by its results are none of them.
        """
        chosen = rounds_left(self.path) is not None
        factors = [name for name in self.factors if not (chosen and name in LENGTHS)]
        values = [
            list(dict.fromkeys(group.factors[name] for group in self._groups)) for name in factors
        ]
        there = {tuple(group.factors[name] for name in factors) for group in self._groups}
        # counted and not listed: of thirty settings with two values there are 2^30 combinations
        total = math.prod(map(len, values)) - len(there)
        absent = (key for key in itertools.product(*values) if key not in there)
        names = [
            group_label(dict(zip(factors, key, strict=True)))
            for key in itertools.islice(absent, MAX_NAMES)
        ]
        return f"no run of: {_listed(names, total)}" if names else ""

    def _uneven(self) -> str:
        """Groups without a result for some of the seeds."""
        seeds = {run.summary.seed for run in self.runs}
        uneven = []
        for group in self._groups:
            there = sorted(run.summary.seed for run in group.ended)
            if set(there) != seeds:
                uneven.append(f"{group.label} (seeds {', '.join(map(str, there)) or 'none'})")
        if not uneven:
            return ""
        return f"unequal seeds, of {', '.join(map(str, sorted(seeds)))}: {_listed(uneven)}"

    def _unsure(self) -> str:
        """Runs of which it cannot be said whether they beat chance."""
        unsure = [
            run
            for run in self.runs
            if run.finished
            and "beats_chance" not in run.row
            and (score := run.summary.score()) is not None
            and score.tells_skill
            and run.row.get(self.column) is not None
        ]
        if not unsure:
            return ""
        return (
            "without an interval over test examples, so nothing is said of beating chance (all "
            "examples scored alike, or an earlier version made the run): "
            f"{len(unsure)} of {len(self.runs)} runs"
        )


def _group_statistics(group: Group, columns: Sequence[str]) -> dict[str, Any]:
    intervals = {column: group.interval(column) for column in columns}
    rates = {name: group.rate(name) for name in ("beats_chance", "solved")}
    return {
        **{name: json_value(value) for name, value in group.factors.items()},
        "runs": group.statuses,
        **{
            column: {
                "n": interval.n,
                "mean": interval.mean,
                "standard_deviation": interval.deviation,
                "interval_95": interval.ends,
                **({"by_seed": list(interval.apart)} if interval.apart else {}),
            }
            for column, interval in intervals.items()
            if interval
        },
        **{
            name: {
                "successes": rate.successes,
                "n": rate.n,
                "interval_95": [rate.low, rate.high],
            }
            for name, rate in rates.items()
            if rate
        },
    }


def _newest(runs: Sequence[StudyRun]) -> tuple[list[StudyRun], list[str]]:
    """The runs without those that another of the same settings and seed replaces; their names.

    Of several the newest that has a result counts.

    Runs of an earlier version, whose settings had other names, may stand beside newer ones.
    """
    # an attempt without a result replaces none that has one
    by_result = sorted(runs, key=lambda run: run.summary.done)
    newest = {str([run.summary.seed, *run.factors.values()]): run.name for run in by_result}
    kept = set(newest.values())
    return (
        [run for run in runs if run.name in kept],
        [run.name for run in runs if run.name not in kept],
    )


def _listed(names: Sequence[str], total: int | None = None) -> str:
    """The first `MAX_NAMES`, and how many more there are; total: where `names` is cut already."""
    more = (len(names) if total is None else total) - MAX_NAMES
    return "; ".join(names[:MAX_NAMES]) + (f"; and {more} more" if more > 0 else "")
