"""Which settings of a search its score depends on, and how: a panel for each."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from rnnexp.results import words
from rnnexp.results.findings import sentences
from rnnexp.results.findings.base import SearchFinding
from rnnexp.results.findings.search_trials import chance_of
from rnnexp.results.importance import FEWEST, LEVEL, Importance, importances
from rnnexp.results.search import Search
from rnnexp.results.study import Study
from rnnexp.results.tables import Cell, Table


@dataclass(frozen=True)
class SearchImportance(SearchFinding):
    """importances: the greatest first; empty where they are not told, and `why` says why not.

    chance: of the validation score; None where runs differ in it, or have none.
    """

    place, answer_place = 6, 200
    heading = "Which settings the score depends on"
    equation = (
        "importance: share of the score's variance that a setting explains in a forest of "
        "trees fitted to the trials (fANOVA)"
    )
    reading = (
        "'Importance' is the share of a setting, and 'more than chance' whether there is "
        "anything to explain: by a test of ranks, with p as many times as there are settings. "
        "The panels have the validation score against each setting."
    )
    misleads = (
        "Shares add up to 1 whether or not there is anything to find: read 'more than chance' "
        "first. It is of the ranges that were searched: of a setting that hardly varied it "
        "says nothing."
    )

    search: Search
    importances: Sequence[Importance]
    why: str = ""
    chance: float | None = None

    @classmethod
    def of(cls, study: Study, search: Search) -> Self | None:
        finding = cls._measured(search)
        return finding and replace(finding, chance=chance_of(study, search))

    @classmethod
    def _measured(cls, search: Search) -> Self | None:
        complete = len(search.complete)
        if not complete:
            return None
        if len(search.space) < 2:
            return cls(search, [])
        if complete < FEWEST:
            return cls(
                search, [],
                f"importance of settings: not told of {complete} trials with a value; {FEWEST} "
                f"and more can (hydra.sweeper.n_trials)",
            )  # fmt: skip
        if len({trial.value for trial in search.complete}) == 1:
            return cls(search, [], "importance of settings: none, all values are alike")
        if missing := [m for m in ("optuna", "sklearn") if importlib.util.find_spec(m) is None]:
            return cls(
                search, [],
                f"importance of settings: not measured without {' and '.join(missing)}: "
                "pip install 'rnnexp[optuna]'",
            )  # fmt: skip
        return cls(search, importances(search))

    def tables(self) -> list[Table]:
        if not self.importances:
            return []
        head = ["setting", "importance", "more than chance", "p"]
        rows = [
            [Cell(i.name), Cell(f"{i.share:.2f}", i.share), Cell("yes" if i.told else "no"),
             Cell(f"{i.p:.2g}", i.p)]
            for i in self.importances
        ]  # fmt: skip
        notes = [
            "importance: the share of the score's variance that a setting explains, by fANOVA over "
            f"the {len(self.search.complete)} trials with a value",
            f"more than chance: p <= {LEVEL:g}, that values differ as much between groups of "
            "trials by the setting where they are shuffled, times the number of settings",
        ]
        return [Table(head, rows, notes)]

    def text(self) -> str:
        return self.why or super().text()

    def answer(self) -> str:
        """The settings that the score depends on by more than chance."""
        told = [each for each in self.importances if each.told]
        if not self.importances:
            return ""
        if not told:
            return "Of no setting it is shown that the score depends on it."
        parts = [
            f"{words.setting_name(each.name)} ({each.share:.0%} of its variance)" for each in told
        ]
        return f"The score depends most on {sentences.listed(parts)}."

    def draw(self, folder: Path) -> list[Path]:
        from rnnexp.results.figures import search_importance

        return search_importance.draw(self, folder)

    def as_json(self) -> Any:
        if not self.importances:
            return {"importance": None, "why": self.why}
        return {
            "importance": {i.name: i.share for i in self.importances},
            "p": {i.name: i.p for i in self.importances},
        }
