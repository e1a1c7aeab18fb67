"""Studies on disk that hold runs of a study that is about to begin. Never imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnexp.errors import DataError
from rnnexp.results.runs import RunDirectory

#: How the name begins that is made for a study without one.
UNNAMED = "sweep_"


@dataclass(frozen=True)
class Identity:
    """What makes two runs one: their settings and seed, the files read, what is measured."""

    fingerprint: str
    content: str | None
    measured: str | None


@dataclass(frozen=True)
class Holding:
    """A study of which some runs are wanted.

    wanted: how many of them it has, whatever became of them, and `done` those with a result.
    others: whether it has runs beside these, or the same runs with other data or probes.
    """

    path: Path
    wanted: int
    done: int
    others: bool

    @property
    def extended(self) -> bool:
        """Whether what is wanted is this study and more: nothing is mixed by going on in it."""
        return self.path.name.startswith(UNNAMED) and not self.others


def studies_holding(root: Path, wanted: Sequence[Identity]) -> list[Holding]:
    """The studies below `root` that have runs of `wanted`, those that have most first."""
    known = [_holding(folder, wanted) for folder in sorted(root.glob("*/"))]
    return sorted((h for h in known if h.wanted), key=lambda h: (-h.done, -h.wanted))


def _holding(folder: Path, wanted: Sequence[Identity]) -> Holding:
    jobs = [file.parent for file in folder.glob("*/summary.json")]
    # a directory's name ends with the beginning of its fingerprint: most studies need no reading
    beginnings = {identity.fingerprint[:8] for identity in wanted}
    if not any(job.name.rpartition("_")[2] in beginnings for job in jobs):
        return Holding(folder, 0, 0, others=bool(jobs))
    fingerprints = {identity.fingerprint for identity in wanted}
    count, done, others = 0, 0, False
    for job in jobs:
        try:
            summary = RunDirectory.open(job).summary
        except (DataError, OSError):  # damaged: run again where it is wanted, by its name
            wanted_here = job.name.rpartition("_")[2] in beginnings
            count += wanted_here
            others = others or not wanted_here
            continue
        identity = Identity(str(summary.fingerprint), summary.content, summary.measured)
        failed_early = summary.content is None and summary.fingerprint in fingerprints
        if identity in wanted or failed_early:
            count += 1
            done += summary.done
        else:
            others = True
    return Holding(folder, count, done, others)
