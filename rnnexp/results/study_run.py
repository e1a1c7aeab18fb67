"""One run as tables and figures see it: its directory, its summary, its settings that vary."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy.typing as npt

from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.scores import Score

Arrays = Mapping[str, npt.NDArray[Any]]

#: Columns of study.csv behind the scores: what the run took, and why it did not finish.
_LAST = ("seconds", "tokens_per_second", "epochs", "steps", "best_epoch", "parameters", "reason")

#: Columns whose numbers are never below 0.
AMOUNTS = {*_LAST} - {"reason"}

#: How the column `skill` is read.
SKILL = Score("skill", "high", "share of the way from chance to perfect", perfect=1.0, chance=0.0)


@dataclass(frozen=True)
class StudyRun:
    """A run, whatever became of it.

    factors: its values of the settings that vary in its study; empty for a run on its own.
    """

    directory: RunDirectory
    summary: Summary
    factors: Mapping[str, Any] = field(default_factory=dict)
    _probes: dict[str, Arrays | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.directory.path.name

    @property
    def finished(self) -> bool:
        return self.summary.status == "finished"

    def probe(self, name: str) -> Arrays | None:
        """What a probe has measured, a row per measurement; None without one. Read once."""
        if name not in self._probes:
            self._probes[name] = self.directory.probe_arrays(name)
        return self._probes[name]

    def progress(self, columns: Mapping[str, Any]) -> tuple[Any, str]:
        """How far the training had come at each row of `columns`, and what that is counted in."""
        if self.summary.unit == "step" and "step" in columns:
            return columns["step"], "training step"
        return columns["epoch"], "epoch"

    def score_of(self, column: str) -> Score | None:
        """The score that a column of study.csv holds, with its chance level; None for no score."""
        for name in self.summary.scores:
            score = self.summary.score(name)
            if score is None:
                continue
            if column == f"test_{name}":
                return score
            for length, scores in self.summary.at_lengths.items():
                if column == at_length(name, length):
                    return replace(score, chance=scores.chance.get(name))
        return None

    @cached_property
    def row(self) -> dict[str, Any]:
        """Its row of study.csv, by column; a column that does not apply is missing."""
        summary = self.summary
        return {
            "run": self.name,
            "status": summary.status,
            "model": summary.model,
            "data": summary.data,
            "synthetic": summary.synthetic,
            "memory": summary.memory,
            "distance": summary.data_report.get("distance"),
            "seq_len": summary.seq_len,
            **self.factors,
            "seed": summary.seed,
            **{f"test_{name}": value for name, value in (summary.test or {}).items()},
            **{
                at_length(summary.headline, length): scores.test.get(str(summary.headline))
                for length, scores in summary.at_lengths.items()
            },
            **self._judged(),
            **{f"chance_{name}": value for name, value in summary.chance.items()},
            **{name: getattr(summary, name) for name in _LAST},
        }

    def _judged(self) -> dict[str, Any]:
        """How sure the score is, how far from chance, and what that makes the run."""
        summary, score = self.summary, self.summary.score()
        columns: dict[str, Any] = {"headline": summary.headline}
        if score is None or score.chance is None or score.perfect is None or not summary.done:
            return columns  # a run without a result neither beats chance nor fails to
        if not score.tells_skill:
            return columns
        if score.solved_at is not None:
            columns |= {"solved_at": score.solved_at, "solved": False}
        value = (summary.test or {}).get(score.name)
        if value is None:
            return columns | {"beats_chance": False}
        interval = (summary.test_interval or {}).get(score.name)
        if interval is not None and None not in interval:  # else nothing is said of chance
            columns |= {
                "beats_chance": score.beats_chance(interval),
                "interval_low": interval[0],
                "interval_high": interval[1],
            }
        columns["skill"] = score.skill(value)
        if score.solved_at is not None:
            columns["solved"] = score.is_solved(value)
        return columns


def at_length(score: str | None, length: int | str) -> str:
    """The column of a score at another length than `seq_len`."""
    return f"test_{score}_at_{length}"
