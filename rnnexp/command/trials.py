"""The trials of a search, in Optuna's storage: which come next, and what they came to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnexp.command.space import Space
from rnnexp.results.search import Search, State, Trial
from rnnexp.streams import stream_seed

if TYPE_CHECKING:
    import optuna

SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("none", "median", "hyperband")

#: Optuna's file, in the study's folder.
STORAGE = "optuna.db"

#: What is kept with each trial beside its values.
OUTCOME = "outcome"


class Trials:
    """search: without its trials, which are the storage's.

    A trial that is running in the storage and in no process was lost: it comes again, with the same
    values. So does one whose jobs have failed, once, with the next command.
    """

    def __init__(self, study: Path, search: Search, space: Space, seed: int, startup: int) -> None:
        import optuna
        from sqlalchemy.engine import URL

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._path, self._search, self._seed, self._startup = study, search, seed, startup
        self._distributions = {d.name: d.distribution() for d in space.dimensions}
        self._grid = list(space.grid()) if search.sampler == "grid" else None
        url = URL.create("sqlite", database=str(study.absolute() / STORAGE))
        self._study: optuna.Study = optuna.create_study(
            study_name="rnnexp",
            storage=url.render_as_string(hide_password=False),
            direction="maximize" if search.reading.better == "high" else "minimize",
            load_if_exists=True,
            pruner=_pruner(search.pruner),
        )
        self._given_up: set[int] = set()
        self.write()

    @property
    def most(self) -> int:
        """How many there can be."""
        return self._search.n_trials

    @property
    def prunes(self) -> bool:
        return self._search.pruner != "none"

    @property
    def pruner(self) -> str:
        return self._search.pruner

    @property
    def score(self) -> str:
        return self._search.score

    @property
    def column(self) -> str:
        """Of metrics.csv, with the score that is searched by."""
        return f"val_{self._search.score}"

    def next_lot(self, at_once: int) -> list[Trial]:
        """The trials that are to be run next, none where all have ended.

        Lots are of the same numbers whenever the search is cut short: what is chosen in one knows
        the results of those before, and no others.
        """
        there = self._study.get_trials(deepcopy=False)
        lost = [t.number for t in there if not t.state.is_finished()]
        lost = [number for number in lost if number not in self._given_up]
        first = lost[0] if lost else len(there)
        end = min((first // at_once + 1) * at_once, self._search.n_trials)
        lot = [number for number in lost if number < end]
        while len(there) < end:
            lot.append(self._ask(len(there)))
            there = self._study.get_trials(deepcopy=False)
        self.write()
        return [self._trial(there[number]) for number in lot]

    def _ask(self, number: int) -> int:
        """Have the values of a new trial chosen: a function of its number, of the seed, and of the
        trials that have ended.

        In the storage it is there with all its values or not at all, whoever dies: Optuna's own
        `ask` would write it first and then each value by itself.
        """
        from optuna.trial import TrialState, create_trial

        values = self._grid[number] if self._grid is not None else self._chosen(number)
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING, params=dict(values), distributions=self._distributions
            )
        )
        return number

    def _chosen(self, number: int) -> dict[str, Any]:
        """What the sampler chooses, in a copy of the study that is in memory."""
        import optuna

        copy = optuna.create_study(
            direction=self._study.direction,
            sampler=self._sampler(stream_seed(self._seed, "trial", number) % 2**32),
        )
        copy.add_trials(self._study.get_trials(deepcopy=False))
        return copy.ask(self._distributions).params

    def _sampler(self, seed: int) -> "optuna.samplers.BaseSampler":
        import optuna

        if self._search.sampler == "tpe":
            return optuna.samplers.TPESampler(seed=seed, n_startup_trials=self._startup)
        return optuna.samplers.RandomSampler(seed=seed)

    def report(self, trial: Trial, epoch: int, value: float) -> bool:
        """Note a trial's score at an epoch; whether it should be pruned there."""
        handle = self._handle(trial)
        handle.report(value, epoch)
        return bool(handle.should_prune())

    def tell(
        self,
        trial: Trial,
        state: State,
        by_seed: Mapping[int, float] | None = None,
        reason: str | None = None,
    ) -> None:
        """What a trial came to. The mean over its seeds is its value where it is complete."""
        from optuna.trial import TrialState

        trial.state, trial.by_seed, trial.reason = state, dict(by_seed or {}), reason
        if state == "complete":
            trial.value = sum(trial.by_seed.values()) / len(trial.by_seed)
        kept = trial.model_dump(include={"state", "by_seed", "reason", "fingerprints"})
        self._handle(trial).set_user_attr(OUTCOME, json.dumps(kept))
        if state == "complete":
            self._study.tell(trial.number, trial.value)
        elif state == "refused":
            self._study.tell(trial.number, state=TrialState.FAIL)
        else:  # the sampler takes pruned trials for bad ones, and forgets failed ones
            self._study.tell(trial.number, state=TrialState.PRUNED)

    def give_up(self, trial: Trial) -> None:
        """Leave a trial without a result to the next command."""
        self._given_up.add(trial.number)

    def _handle(self, trial: Trial) -> "optuna.Trial":
        import optuna

        frozen = self._study.get_trials(deepcopy=False)[trial.number]
        return optuna.Trial(self._study, frozen._trial_id)

    def write(self) -> None:
        """search.json, for everybody who looks on."""
        trials = [self._trial(frozen) for frozen in self._study.get_trials(deepcopy=False)]
        self._search.model_copy(update={"trials": trials}).write(self._path)

    def _trial(self, frozen: "optuna.trial.FrozenTrial") -> Trial:
        kept: dict[str, Any] = json.loads(frozen.user_attrs.get(OUTCOME, "{}"))
        if not frozen.state.is_finished():
            kept = {}  # its end was noted and not told any more
        values = {d.name: d.rounded(frozen.params[d.name]) for d in self._search.space}
        value = frozen.value if kept.get("state") == "complete" else None
        return Trial.model_validate(
            {"state": "running", **kept, "number": frozen.number, "values": values, "value": value}
        )


def _pruner(name: str) -> "optuna.pruners.BasePruner":
    import optuna

    if name == "median":  # after five trials, not in the first epoch
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner()
    return optuna.pruners.NopPruner()
