"""search.json: what a search for good settings has tried, and what came out. Never imports torch.

A study with that file is a search: its runs are trials, and its settings no factors. The file is
written anew from the search's own storage (optuna.db) after each trial.
"""

import json
import math
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rnnexp.durable import write_json
from rnnexp.errors import DataError
from rnnexp.results.summary import Reading
from rnnexp.scores import Score

NAME = "search.json"

#: How a trial stands: asked for and not ended; with a value; stopped since it was worse than others
#: at the same epoch; without a value since training diverged, since the score that is searched by
#: could not be computed, or since its settings contradict each other.
State = Literal["running", "complete", "pruned", "diverged", "unscored", "refused"]

#: A value of a setting: a choice is kept as the words that make it.
Value = int | float | str


class Dimension(BaseModel):
    """A setting that is searched over.

    key: as it is typed, with a `+` if it has one. words: its values as they were typed.
    low, high: both belong to it; None of choices. step: between values, None where any value may
        be. log: whether it is drawn on a logarithmic scale.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    key: str
    words: str
    kind: Literal["float", "int", "choice"]
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.key.lstrip("+")

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.kind == "choice":
            return CategoricalDistribution(self.choices)
        assert self.low is not None
        assert self.high is not None
        if self.kind == "int":
            step = int(self.step or 1)
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=step)
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def rounded(self, value: Value) -> Value:
        """A number as it is tried: with as many digits as tell a thousandth of the space apart.

        >>> Dimension(key="lr", words="", kind="float", low=1e-4, high=0.1).rounded(0.0015293709)
        0.001529
        >>> Dimension(key="leak", words="", kind="float", low=0.999, high=1).rounded(0.99971234567)
        0.9997123
        """
        if not isinstance(value, float) or self.low is None or self.high is None:
            return value
        if self.step is not None:
            return float(f"{value:.12g}")
        times = max(abs(self.low), abs(self.high)) / (self.high - self.low)
        digits = 4 + max(0, math.ceil(math.log10(times) - 0.01))
        return min(max(float(f"{value:.{digits}g}"), self.low), self.high)

    def text(self, value: Value) -> str:
        """A value as it is typed: `1e-05`, `64`, `lstm`."""
        return repr(value) if isinstance(value, float) else str(value)

    @property
    def ends(self) -> list[Value]:
        """The values farthest apart; each of the choices."""
        if self.kind == "choice":
            return list(self.choices)
        assert self.low is not None
        assert self.high is not None
        whole = self.kind == "int"
        return [int(self.low), int(self.high)] if whole else [self.low, self.high]


class Trial(BaseModel):
    """One point of the space.

    value: the mean of `by_seed`; None without one, `reason` says why. fingerprints: of its runs, by
    their seed.
    """

    model_config = ConfigDict(extra="allow")

    number: int
    values: dict[str, Value]
    state: State
    value: float | None = None
    by_seed: dict[int, float] = {}
    reason: str | None = None
    fingerprints: dict[int, str] = {}


class Search(BaseModel):
    """space: by the names of settings. fixed: the other words. seeds: of each trial.

    score: the validation score that is searched by, `reading` how it is read, and `perfect` its
    best value. identity: of the runs apart from what is searched.
    """

    model_config = ConfigDict(extra="allow")

    space: list[Dimension]
    fixed: list[str]
    seeds: list[int]
    score: str
    reading: Reading
    perfect: float | None = None
    identity: str
    sampler: str
    pruner: str
    n_trials: int
    trials: list[Trial] = []

    @classmethod
    def read(cls, study: Path) -> Self | None:
        """Of a study; None of one that is no search. Raises DataError for a damaged file."""
        path = study / NAME
        try:
            return cls.model_validate(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ValidationError, RecursionError):
            raise DataError(
                f"{path} is damaged: move it away, and the search's command writes it anew"
            ) from None

    def write(self, study: Path) -> None:
        write_json(study / NAME, self.model_dump())

    @cached_property
    def objective(self) -> Score:
        """How the score is read, without a chance level."""
        return Score(
            self.score, self.reading.better, self.reading.axis, self.reading.percent,
            self.reading.logarithmic, self.perfect,
        )  # fmt: skip

    @property
    def complete(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.value is not None]

    @property
    def ranked(self) -> list[Trial]:
        """The trials that have a value, the best first."""
        sign = -1.0 if self.reading.better == "high" else 1.0
        return sorted(self.complete, key=lambda trial: sign * float(trial.value or 0.0))

    @property
    def counts(self) -> dict[str, int]:
        """Of trials, by their state."""
        states = [trial.state for trial in self.trials]
        return {state: states.count(state) for state in dict.fromkeys(states)}

    @property
    def ended(self) -> int:
        return sum(trial.state != "running" for trial in self.trials)

    @property
    def unfinished(self) -> str:
        """Empty once every trial has ended."""
        if self.ended >= self.n_trials:
            return ""
        return f"unfinished: {self.ended} of {self.n_trials} trials have ended"

    @property
    def count(self) -> str:
        """`12 of 20 trials ended`"""
        return f"{self.ended} of {self.n_trials} trials ended"

    @property
    def best(self) -> str:
        """`best validation loss 0.41 (trial 7)`; empty while there is none."""
        if not (ranked := self.ranked):
            return ""
        value = self.objective.show(ranked[0].value)
        return f"best validation {self.score} {value} (trial {ranked[0].number})"

    @property
    def how_many(self) -> str:
        """`9 complete, 2 pruned, 1 diverged`"""
        return ", ".join(f"{count} {state}" for state, count in self.counts.items())


def is_search(study: Path) -> bool:
    """Whether a study's directory holds a search."""
    return (study / NAME).exists()
