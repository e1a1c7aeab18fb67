"""A study on disk as a Python user has it: its runs as a table, two of its groups compared.

`rnnexp.run(..., multirun=True)` and `rnnexp.load_study` return it. Who writes or draws inside this
package takes its `study`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnexp.errors import UserError, did_you_mean
from rnnexp.experiment.loaded_run import Figure, Run, figures_in
from rnnexp.results import report
from rnnexp.results.comparing import StudiesCompared
from rnnexp.results.difference import Difference
from rnnexp.results.findings.comparisons import Comparisons
from rnnexp.results.groups import Group
from rnnexp.results.page.files import PAGE
from rnnexp.results.report_folder import report_folder
from rnnexp.results.study import Study

#: What names one group of a study: its label in the tables, or the settings that tell it apart.
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

    def run(self, name: str) -> Run:
        """The run of that name, as in the column `run`. Raises UserError where there is none."""
        for run in self.study.runs:
            if run.name == name:
                return Run(run.directory)
        near = did_you_mean(name, [run.name for run in self.study.runs])
        raise UserError(f"{self.path} has no run '{name}'{near}")

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
            if unknown := [name for name in chosen if name not in self.factors]:
                raise UserError(
                    f"'{unknown[0]}' does not vary in {self.path}: {', '.join(self.factors)} do"
                )
            fitting = [
                group
                for group in groups
                if all(str(group.factors[name]) == str(value) for name, value in chosen.items())
            ]
        if len(fitting) == 1:
            return fitting[0]
        there = "; ".join(f"'{group.label}'" for group in (fitting or groups)[:12])
        fits = f"fits {len(fitting)} groups" if fitting else "fits no group"
        raise UserError(f"{chosen!r} {fits} of {self.path}: {there}")
