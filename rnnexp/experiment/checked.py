"""What is known of a job before it begins, from building it to be checked. Never imports torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnnexp.results.reuse import Identity

if TYPE_CHECKING:
    from rnnexp.experiment.build import Experiment


@dataclass(frozen=True)
class Checked:
    """identity: what makes it that run. work: of its training, to compare it with other jobs.

    threads: of the CPU that it computes with. device: cpu, cuda, mps.
    """

    identity: Identity
    work: float
    threads: int
    device: str

    @classmethod
    def of(cls, experiment: "Experiment") -> "Checked":
        device = experiment.device.type
        return cls(experiment.identity, experiment.work.total, experiment.threads, device)
