"""What is left of an epoch: a line, what the probes measure, a row of metrics.csv."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from rnnexp.data.base import Task
from rnnexp.training.fit import Fit
from rnnexp.training.progress import Progress
from rnnexp.training.recorder import Probes, Recorder
from rnnexp.training.steps import EpochSteps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochRecords:
    """Of one training.

    monitor: the name of the score that is watched, None for the loss.
    plan: the steps of each epoch.
    """

    task: Task
    monitor: str | None
    plan: list[int]
    recorder: Recorder
    probes: Probes | None
    progress: Progress

    def add(
        self,
        fit: Fit,
        steps: EpochSteps,
        validation: Mapping[str, float | None] | None,
        rate: float | None,
        why_last: str | None,
    ) -> None:
        """The epoch that has just ended.

        rate: the learning rate of its last step, None where all steps have the same. why_last: why
        it is the last one; None where others follow.
        """
        scores: dict[str, float | None] = dict.fromkeys(("loss", *steps.metrics))
        if self.monitor is not None:
            scores.setdefault(self.monitor)
        scores = {name: (validation or {}).get(name) for name in scores}
        diverged = fit.status == "diverged"
        if not diverged:
            line = self.progress.line(fit, steps.means(), scores)
            log.info("%s", line + self._monitored(scores))
        probe_seconds = self._measure(fit, steps, why_last is not None)
        seconds = steps.clock.seconds
        lessons = {} if self.task.curriculum is None else {"train_length": steps.mean_length}
        rates = {} if rate is None else {"lr": rate}
        self.recorder.append_epoch(
            {"epoch": fit.epochs, "step": fit.steps}
            | rates
            | steps.means()
            | lessons
            | {f"val_{name}": score for name, score in scores.items()},
            {
                "epoch": fit.epochs,
                "seconds": round(seconds, 3),
                "tokens_per_second": round(steps.tokens / seconds),
                "probe_seconds": round(probe_seconds, 3),
            },
        )
        if why_last is not None and not diverged and fit.epochs < len(self.plan):
            log.info("stopped: %s", why_last)

    def _monitored(self, scores: Mapping[str, float | None]) -> str:
        """The watched validation score, where no other part of the line shows it."""
        shown = [score.name for score in self.progress.scores]
        if self.monitor is None or self.monitor in shown or scores[self.monitor] is None:
            return ""
        score = next(score for score in self.task.readings if score.name == self.monitor)
        return f"  val {score.name} {score.show(scores[self.monitor])}"

    def _measure(self, fit: Fit, steps: EpochSteps, last: bool) -> float:
        """What the probes measure, and the seconds that it took."""
        if self.probes is None:
            return 0.0
        self.progress.tell("probes", fit.epochs, fit.steps)
        diverged = fit.status == "diverged"
        return self.probes.measure(
            fit.epochs, fit.steps, last, self.recorder.save_probe, steps.by_step(), diverged
        )
