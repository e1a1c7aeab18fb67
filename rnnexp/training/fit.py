"""How far a training has come, and what became of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self

from torch import Tensor

from rnnexp.schedule.base import Schedule
from rnnexp.scores import Score
from rnnexp.training.steps import EpochSteps


@dataclass(frozen=True)
class Fit:
    """What became of a training, or how far it has come.

    status: `finished`, or `diverged` with the reason: the step and the norm.
    epochs: rows of metrics.csv: passes over the data, or hundreds of steps.
    best_epoch, best_step: the epoch of the best monitored validation score and the steps up to its
        end; None without a validation split.
    best_score: that score; None while there is none.
    validation: loss and scores of the last epoch that was validated, None where none was.
    solved_in_a_row: the last epochs, up to this one, after each of which the task was solved.
    kept: what the schedule has kept of the validation scores.
    seconds, tokens: spent in training steps, validation apart.
    best_weights: of the best epoch; None without a validation split.
    averaged_weights: in the end, of a training that averages them.
    """

    status: Literal["finished", "diverged"] = "finished"
    reason: str | None = None
    epochs: int = 0
    steps: int = 0
    best_epoch: int | None = None
    best_step: int | None = None
    best_score: float | None = None
    validation: Mapping[str, float | None] | None = None
    solved_in_a_row: int = 0
    kept: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    tokens: int = 0
    best_weights: Mapping[str, Tensor] | None = field(default=None, repr=False, compare=False)
    averaged_weights: Mapping[str, Tensor] | None = field(default=None, repr=False, compare=False)

    def state(self) -> dict[str, Any]:
        """As JSON values, without the weights; `of_state` is the reverse."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["best_weights"], values["averaged_weights"]
        return values

    @classmethod
    def of_state(cls, state: Mapping[str, Any], best_weights: Mapping[str, Tensor] | None) -> Self:
        """The reverse of `state`, that of version 0.6 too."""
        values = dict(state)
        if "best_loss" in values:
            best = values.pop("best_loss")
            values["best_score"] = best if math.isfinite(best) else None
        return cls(**values, best_weights=best_weights)

    def after(
        self,
        steps: EpochSteps,
        validation: Mapping[str, float | None] | None,
        monitored: Score,
        schedule: Schedule,
        solved: bool = False,
    ) -> Self:
        """The training one epoch on: its steps, and loss and scores after them.

        monitored: the score by which epochs are told apart. solved: whether the scores count as the
        task solved.
        """
        fit = replace(
            self,
            epochs=self.epochs + 1,
            steps=self.steps + steps.count,
            seconds=self.seconds + steps.clock.seconds,
            tokens=self.tokens + steps.tokens,
            solved_in_a_row=self.solved_in_a_row + 1 if solved else 0,
        )
        if steps.diverged_at is not None:
            return replace(fit, status="diverged", reason=steps.divergence(fit.steps))
        if validation is None:
            return fit
        fit = replace(fit, validation=validation)
        loss, score = validation["loss"], validation[monitored.name]
        if loss is None or not math.isfinite(loss):
            reason = f"the validation loss is not finite after step {fit.steps}"
            fit = replace(fit, status="diverged", reason=reason)
        if score is None or not math.isfinite(score):
            return fit
        sign = 1 if monitored.better == "low" else -1
        if self.best_score is None or sign * score < sign * self.best_score:
            fit = replace(fit, best_epoch=fit.epochs, best_step=fit.steps, best_score=score)
        return replace(fit, kept=schedule.after(self.kept, sign * score))

    @property
    def epochs_since_best(self) -> int:
        return self.epochs - (self.best_epoch or 0)
