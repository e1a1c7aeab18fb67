"""Which of the settings that a search varied its score depends on.

fANOVA (Hutter, Hoos and Leyton-Brown, 2014), as Optuna has it: a forest of trees is fitted to the
values of the trials, and the share of its variance that comes from each setting alone and with
others is what the setting has. Shares add up to 1 whether or not there is anything to find, so each
is set beside those of the same trials with their values shuffled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnexp.results.search import Search

#: Trials below which nothing is told. SIMULATED
FEWEST = 20
#: So many shuffles: a share above that of all of them has p <= 1 / (SHUFFLES + 1).
SHUFFLES = 19
#: Of the forest; Optuna's 64 take twice as long.
TREES = 32


@dataclass(frozen=True)
class Importance:
    """share: of the variance of the score. shuffled: the greatest of the shuffles."""

    name: str
    share: float
    shuffled: float

    @property
    def told(self) -> bool:
        """Whether it is more than chance gives."""
        return self.share > self.shuffled


def importances(search: Search) -> list[Importance]:
    """Of each setting, the greatest first; the same for the same trials."""
    values = [float(trial.value or 0.0) for trial in search.complete]
    shares = _shares(search, values)
    generator = np.random.default_rng(0)
    shuffled = [_shares(search, generator.permutation(values).tolist()) for _ in range(SHUFFLES)]
    found = [
        Importance(name, share, max(other[name] for other in shuffled))
        for name, share in shares.items()
    ]
    return sorted(found, key=lambda importance: -importance.share)


def _shares(search: Search, values: Sequence[float]) -> dict[str, float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    distributions: dict[str, Any] = {d.name: d.distribution() for d in search.space}
    study.add_trials(
        optuna.trial.create_trial(params=dict(t.values), distributions=distributions, value=value)
        for t, value in zip(search.complete, values, strict=True)
    )  # fmt: skip
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)
