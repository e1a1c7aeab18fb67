"""How many jobs of a study run side by side: told from their settings and the cores alone.

Never from how busy the machine is, so that the same command does the same again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rnnexp import bounds
from rnnexp.experiment.checked import Checked


@dataclass(frozen=True)
class Places:
    """count: the cores, of which a job takes its threads; or how many jobs were asked for.

    together: whether the jobs get no processes of their own, and come one after the other.
    """

    count: int
    asked: bool = False
    together: bool = False

    @classmethod
    def here(cls, asked: int | None, together: bool = False) -> "Places":
        count = bounds.own_cores() if asked is None else asked
        return cls(count, asked is not None, together)

    def taken_by(self, job: Checked | None) -> int:
        """All by a job of which nothing is known, or on a GPU, whose memory is for one."""
        if self.asked and not self.together:
            return 1
        if self.together or job is None or job.device != "cpu":
            return self.count
        return min(job.threads, self.count)

    def at_once(self, jobs: Sequence[Checked]) -> tuple[int, int]:
        """The fewest and the most that run side by side, of enough jobs of their kind."""
        taken = [self.taken_by(job) for job in jobs]
        return (
            min(len(jobs), self.count // max(taken, default=1)),
            min(len(jobs), self.count // min(taken, default=1)),
        )

    def line(self, jobs: Sequence[Checked]) -> str:
        """`2 jobs at a time: 2 cores, 1 thread each`"""
        fewest, most = self.at_once(jobs)
        shown = f"{_span(fewest, most)} job{'s' * (most > 1)} at a time: "
        if self.together:
            return f"{shown}jobs.isolate=false keeps them in this process"
        if self.asked:
            return f"{shown}hydra.launcher.n_jobs={self.count}"
        devices = sorted({job.device for job in jobs} - {"cpu"})
        if devices:
            return f"{shown}on {', '.join(devices)} (hydra.launcher.n_jobs=2 for two)"
        threads = [job.threads for job in jobs]
        each = f"{_span(min(threads), max(threads))} thread{'s' * (max(threads) > 1)} each"
        return f"{shown}{self.count} core{'s' * (self.count > 1)}, {each}"


def _span(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"
