"""What is known of a job before it begins, from building it to be checked. Never imports torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnnexp.results.reuse import Identity
from rnnexp.scores import Score

if TYPE_CHECKING:
    from rnnexp.experiment.build import Experiment


@dataclass(frozen=True)
class Checked:
    """identity: what makes it that run. work: of its training, to compare it with other jobs.

    threads: of the CPU that it computes with. device: cpu, cuda, cuda:1, mps.
    monitor: the score that its validation is judged by; None without a validation split.
    rows: of metrics.csv, of a training that goes on to its end.
    """

    identity: Identity
    work: float
    threads: int
    device: str
    monitor: Score | None = None
    rows: int = 0

    @classmethod
    def of(cls, experiment: "Experiment") -> "Checked":
        task, trainer = experiment.task, experiment.trainer
        feed = trainer.feed(experiment.model, task, experiment.spec.dials.seed, experiment.device)
        return cls(
            experiment.identity,
            experiment.work.total,
            experiment.threads,
            str(experiment.device),
            monitor=trainer.monitored(task) if len(task.split("val")) else None,
            rows=len(trainer.plan(feed.epoch_steps)),
        )
