"""A study on disk as a Python user has it: its runs as a table, two of its groups compared.

`rnnexp.run(..., multirun=True)` and `rnnexp.load_study` return it. Who writes or draws inside this
package takes its `study`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnexp.errors import DataError, UserError, did_you_mean
from rnnexp.experiment.loaded_run import Figure, Run, figures_in
from rnnexp.experiment.measured import Measured
from rnnexp.results import report
from rnnexp.results.comparing import StudiesCompared
from rnnexp.results.difference import Difference
from rnnexp.results.findings.comparisons import Comparisons
from rnnexp.results.groups import Group
from rnnexp.results.page.files import PAGE
from rnnexp.results.report_folder import report_folder
from rnnexp.results.study import Study

#: What names one group or run of a study: its label in the tables, the name of the run, or the
#: settings that tell it apart.
Chosen = str | Mapping[str, Any]


class LoadedStudy:
    """Many runs: whatever became of each, `runs` has a row for it.

    study: what this package makes tables and figures of.

    >>> study = rnnexp.load_study("outputs/studies/lengths")                  # doctest: +SKIP
    >>> study.runs.groupby(["model", "seq_len"]).test_accuracy.mean()         # doctest: +SKIP
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    def __repr__(self) -> str:
        varied = ", ".join(self.factors)
        return f"LoadedStudy({str(self.path)!r}: {len(self.study.runs)} runs, varied: {varied})"

    @property
    def path(self) -> Path:
        return self.study.path

    @property
    def factors(self) -> Sequence[str]:
        """The settings that vary, the seed apart."""
        return self.study.factors

    @property
    def column(self) -> str:
        """The column of `runs` with the score that its tables show, such as `test_accuracy`."""
        return self.study.column

    @property
    def runs(self) -> pd.DataFrame:
        """A row per run: the settings that vary, the seed, scores, status and path.

        The columns of study.csv, and `path`. What a run lacks is missing, as the scores of one
        that has not finished. Shares are fractions.
        """
        rows = [{**run.row, "path": run.directory.path} for run in self.study.runs]
        return pd.DataFrame(rows)

    @property
    def scores(self) -> pd.DataFrame:
        """The study's table: a row per group, with the mean of its test scores over the seeds.

        Columns: the settings that vary; `mean`, and the ends `low` and `high` of its 95% interval,
        as the study's table has them: missing where no interval over so few seeds would cover it;
        `seeds`, how many finished runs it is of; `chance`, missing where they differ.

        >>> study.scores.sort_values("mean")                                  # doctest: +SKIP
        """
        rows = []
        for group in self.groups():
            interval, chances = group.interval(self.column), group.chance_levels(self.study.score)
            rows.append(
                {
                    **group.factors,
                    "mean": interval.mean if interval else None,
                    "low": interval.low if interval else None,
                    "high": interval.high if interval else None,
                    "seeds": interval.n if interval else 0,
                    "chance": chances[0] if len(chances) == 1 else None,
                }
            )
        numbers = dict.fromkeys(("mean", "low", "high", "chance"), "float64")
        return pd.DataFrame(rows).astype(numbers)  # None becomes NaN

    def probe(self, name: str) -> pd.DataFrame:
        """The numbers that a probe has measured in every run, a row per measurement.

        The settings that vary, the seed, `epoch` and `step` stand before the numbers. A run in
        which it has measured nothing has one row, without numbers. Arrays by time or by unit are
        not in it: `run(...).probe(name)` has them.

        Raises DataError where it has measured nothing in any run.

        >>> study.probe("gradient_flow").groupby("epoch").ratio.median()      # doctest: +SKIP
        """
        frames, measured, there = [], False, set[str]()
        for group in self.groups():
            for run in group.runs:
                arrays = run.directory.probe(name)
                there |= set(run.directory.probe_names)
                measured |= arrays is not None
                frame = Measured(name, arrays).frame if arrays else pd.DataFrame(index=[0])
                about = {**group.factors, "seed": run.summary.seed}
                frames.append(frame.assign(**about)[[*about, *frame.columns]])
        if not measured:
            raise DataError(
                f"{self.path}: probe '{name}' has measured nothing in any run; those that have: "
                f"{', '.join(sorted(there)) or 'none'}"
            )
        return pd.concat(frames, ignore_index=True)

    def run(self, chosen: Chosen) -> Run:
        """One run: by its name, as in the column `run`, or by as many settings as choose one.

        Raises UserError where there is none, and where the settings choose several.

        >>> study.run({"model": "lstm", "seed": 0}).metrics                   # doctest: +SKIP
        """
        names = [run.name for run in self.study.runs]
        if isinstance(chosen, str):
            fitting = [run for run in self.study.runs if run.name == chosen]
            if not fitting:
                raise UserError(f"{self.path} has no run '{chosen}'{did_you_mean(chosen, names)}")
        else:
            settings = {name: value for name, value in chosen.items() if name != "seed"}
            fitting = [
                run
                for group in self._fitting(settings, self.groups())
                for run in group.runs
                if run.summary.seed == chosen.get("seed", run.summary.seed)
            ]
        if len(fitting) == 1:
            return Run(fitting[0].directory)
        among = ", ".join([run.name for run in fitting][:12] or names[:12])
        fits = f"fits {len(fitting)} runs" if fitting else "fits no run"
        raise UserError(f"{chosen!r} {fits} of {self.path}: {among}")

    def groups(self) -> list[Group]:
        """The runs that differ in their seed alone, in the order of the tables."""
        return self.study.groups()

    def compare(self, a: Chosen, b: Chosen, score: str | None = None) -> Difference:
        """The test score of b minus that of a, paired by seed, as the study's table compares them.

        a, b: a group each, by its label (`"lstm, seq_len=400"`) or by settings of it, as many as
        choose one (`{"model": "lstm", "seq_len": 400}`). score: another one than the headline, of
        runs of versions that did not compute it from their predictions.

        p is of this pair alone: who compares several takes `comparisons`, where they are adjusted
        for each other. Raises UserError where a choice fits no group or several, and where the two
        cannot be compared.

        >>> study.compare("rnn", "lstm").interval         # doctest: +SKIP
        """
        name = score or self.study.score.name
        groups = (self.study if score is None else self.study.scored(score)).groups()
        chosen = self._chosen(a, groups), self._chosen(b, groups)
        return Difference.of(*chosen, name, f"test_{name}")

    @property
    def comparisons(self) -> pd.DataFrame:
        """Every pair of values of every setting, as in study.json: a row each.

        `p_adjusted` is adjusted for all pairs of the same setting (Holm), and missing where so few
        seeds allow none.
        """
        found = Comparisons.of(self.study)
        return pd.DataFrame([] if found is None else found.as_json())

    def compare_with(self, other: "LoadedStudy", score: str | None = None) -> StudiesCompared:
        """Its groups beside those of another study, as `rnnexp compare` shows them.

        score: see `compare`.

        >>> print(baseline.compare_with(mine).text())     # doctest: +SKIP
        """
        return StudiesCompared.of(self.study, other.study, score)

    @property
    def figures(self) -> Mapping[str, Figure]:
        """The study's figures that were drawn, by name; see `draw`."""
        return figures_in(self.path / "plots")

    def draw(self, to: str | Path | None = None) -> Mapping[str, Figure]:
        """Draw every figure anew, into the study's plots/ or into a folder `to`; returns them."""
        folder = report_folder(self.path, None if to is None else Path(to))
        report.show_study(self.study, report.study_findings(self.study), folder=folder)
        return figures_in(folder / "plots")

    @property
    def page(self) -> Path | None:
        """report.html, which explains the study; None before it began, or was reported."""
        path = self.path / PAGE
        return path if path.is_file() else None

    def notes(self) -> list[str]:
        """What is missing or uneven, a line each, as below its table."""
        return self.study.notes()

    def _chosen(self, chosen: Chosen, groups: Sequence[Group]) -> Group:
        if isinstance(chosen, str):
            fitting = [group for group in groups if group.label == chosen]
        else:
            fitting = self._fitting(chosen, groups)
        if len(fitting) == 1:
            return fitting[0]
        there = "; ".join(f"'{group.label}'" for group in (fitting or groups)[:12])
        fits = f"fits {len(fitting)} groups" if fitting else "fits no group"
        raise UserError(f"{chosen!r} {fits} of {self.path}: {there}")

    def _fitting(self, settings: Mapping[str, Any], groups: Sequence[Group]) -> list[Group]:
        """The groups with these settings. Raises UserError for one that does not vary."""
        if unknown := [name for name in settings if name not in self.factors]:
            raise UserError(
                f"'{unknown[0]}' does not vary in {self.path}: {', '.join(self.factors)} do"
            )
        return [
            group
            for group in groups
            if all(str(group.factors[name]) == str(value) for name, value in settings.items())
        ]
