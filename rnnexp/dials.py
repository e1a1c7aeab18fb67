"""The settings of a run apart from its components: the top level, `checkpoint` and `jobs`."""

from dataclasses import dataclass
from typing import Literal

from rnnexp import bounds
from rnnexp.ranges import at_least, more_than


@dataclass(frozen=True, kw_only=True)
class Dials:
    """The top level: what a run is, apart from the components it is made of.

    seed: of every random stream. seq_len: time steps. device: auto, cpu, cuda, cuda:N or mps.
    threads: of the CPU, None for as many as gain. name: ends the run directory's name.
    study: names a sweep's directory. question: what it is to answer, for its page and the terminal.
    plots: draw the figures of a run.
    """

    seed: int = 0
    seq_len: int = 100
    device: str = "auto"
    threads: int | None = None
    name: str | None = None
    study: str | None = None
    question: str | None = None
    plots: bool = True

    def __post_init__(self) -> None:
        at_least("seed", self.seed, 0)
        at_least("seq_len", self.seq_len, 1)
        bounds.fits("seq_len", self.seq_len, self.seq_len * bounds.WHOLE, "one sequence")
        if self.threads is not None:
            at_least("threads", self.threads, 1)
        if self.question is not None and not self.question.strip():
            raise ValueError("question is empty: leave it out, or say what is to be answered")
        for key in ("name", "study"):
            value = getattr(self, key)
            if value is not None and (not value.strip() or "/" in value or value.startswith(".")):
                raise ValueError(f"{key} must be a plain file name (got '{value}')")


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """When a training is saved, and what of it stays once it is finished.

    every_seconds: save once so many have passed since the last time; 0 saves at every step.
    keep: of a finished run, the weights that were `tested`, those of the `best` epoch too, or `all`
        checkpoints with all that a longer training needs.
    """

    every_seconds: float = 10
    keep: Literal["tested", "best", "all"] = "tested"

    def __post_init__(self) -> None:
        at_least("every_seconds", self.every_seconds, 0)


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """How the jobs of a study are carried out.

    isolate: each in a process of its own, so that a crash costs that job alone.
    retry: of the jobs that an earlier command has begun, run those again that `failed` (died, or
        were stopped), `none` of them, or `all`, finished ones too.
    fail_fast: begin no more jobs once one has failed.
    timeout: stop a job after so many seconds; the same command goes on with it. None: never.
    replicas: train so many jobs of one shape as one program on a GPU; None: each by itself.
    """

    isolate: bool = True
    retry: Literal["failed", "none", "all"] = "failed"
    fail_fast: bool = False
    timeout: float | None = None
    replicas: int | None = None

    def __post_init__(self) -> None:
        if self.replicas is not None:
            at_least("replicas", self.replicas, 2)
            if self.isolate:
                raise ValueError(
                    f"replicas={self.replicas} trains jobs in one process, and isolate=true gives "
                    "each its own: use jobs.isolate=false"
                )
        if self.timeout is not None:
            more_than("timeout", self.timeout, 0)
            if not self.isolate:
                raise ValueError(
                    f"timeout={self.timeout:g} stops a process of the job's own, and "
                    "isolate=false gives it none: use jobs.isolate=true"
                )


#: The sections of the configuration that say how a run is kept and carried out; they change none of
#: its numbers, and are no part of what it is.
SECTIONS: dict[str, type[Checkpoints] | type[Jobs]] = {"checkpoint": Checkpoints, "jobs": Jobs}
