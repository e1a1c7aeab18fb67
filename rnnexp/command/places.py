"""How many jobs of a study run side by side: told from their settings and the cores alone.

Never from how busy the machine is, so that the same command does the same again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnnexp import bounds
from rnnexp.experiment.checked import Checked

#: A job on whichever GPU there is, and not on a certain one.
ANY_GPU = "cuda"


@dataclass(frozen=True)
class Places:
    """count: the cores, of which a job takes its threads; or how many jobs were asked for.

    together: whether the jobs get no processes of their own, and come one after the other.
    gpus: by the names that CUDA_VISIBLE_DEVICES has for them; empty where no job is for one.
    """

    count: int
    asked: bool = False
    together: bool = False
    gpus: tuple[str, ...] = ()

    @classmethod
    def here(
        cls, asked: int | None, together: bool = False, jobs: Iterable[Checked] = ()
    ) -> "Places":
        """jobs: of which some may be for a GPU."""
        count = bounds.own_cores() if asked is None else asked
        return cls(count, asked is not None, together, _gpus_for(jobs))

    def taken_by(self, job: Checked | None) -> int:
        """All by a job of which nothing is known. The memory of a GPU is for one job: of several
        GPUs, each job that leaves it open which one it is gets one with its share of the cores.
        """
        if self.asked and not self.together:
            return 1
        if self.together or job is None:
            return self.count
        if job.device == ANY_GPU and len(self.gpus) > 1:
            return -(-self.count // len(self.gpus))
        if job.device != "cpu":
            return self.count
        return min(job.threads, self.count)

    def gpu_for(self, job: Checked | None, taken: Sequence[str]) -> str | None:
        """The GPU that the fewest jobs are on; None where the job needs none, or there is one.

        taken: the GPUs of the jobs that run.

        >>> from rnnexp.results.reuse import Identity
        >>> cuda = Checked(Identity("0", None, None), 1.0, 1, "cuda")
        >>> [Places(4, gpus=("0", "1")).gpu_for(cuda, taken) for taken in ([], ["0"], ["1", "0"])]
        ['0', '1', '0']
        """
        if job is None or job.device != ANY_GPU or len(self.gpus) < 2:
            return None
        return min(self.gpus, key=taken.count)

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
        if len(self.gpus) > 1 and ANY_GPU in devices:
            return (
                f"{shown}each of {len(self.gpus)} GPUs has one (hydra.launcher.n_jobs=N for more)"
            )
        if devices:
            return f"{shown}on {', '.join(devices)} (hydra.launcher.n_jobs=2 for two)"
        threads = [job.threads for job in jobs]
        each = f"{_span(min(threads), max(threads))} thread{'s' * (max(threads) > 1)} each"
        return f"{shown}{self.count} core{'s' * (self.count > 1)}, {each}"


def _gpus_for(jobs: Iterable[Checked]) -> tuple[str, ...]:
    """None of them where no job is for any GPU: torch is not imported to ask."""
    if all(job.device != ANY_GPU for job in jobs):
        return ()
    from rnnexp.experiment.devices import gpus

    return gpus()


def _span(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"
