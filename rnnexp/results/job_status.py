"""How far a job of a study has come, in words. Never imports torch."""

from dataclasses import dataclass
from pathlib import Path

from rnnexp.printable import in_one_line
from rnnexp.results.progress import Progress
from rnnexp.results.summary import Summary

#: Characters of a job's reason that a line shows.
REASON_LENGTH = 160


@dataclass(frozen=True)
class JobStatus:
    """A job that has begun. progress: where it stands, or stood; None where it never said so.

    work: of its training beside that of the study's other jobs, 1 where no command has said it.
    elsewhere: whether it runs on another machine, of which only the last sign is known, that many
    seconds ago.
    """

    path: Path
    summary: Summary
    progress: Progress | None = None
    elsewhere: bool = False
    last_sign: float | None = None
    work: float = 1.0

    @property
    def name(self) -> str:
        """As a study's lines name it: without the hash at its end."""
        return self.path.name.rpartition("_")[0] or self.path.name

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.summary.settled:
            return 1.0
        return self.progress.share if self.progress is not None else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Of its training, None where it has not said so."""
        return None if self.progress is None else self.progress.seconds_left

    @property
    def seconds(self) -> float | None:
        """That it took, or will have taken as it gets on; None where that is not known."""
        if self.summary.done:
            return self.summary.wall_seconds
        if self.summary.status != "running" or self.seconds_left is None:
            return None
        assert self.progress is not None
        return self.progress.seconds + self.seconds_left

    @property
    def place(self) -> str:
        """`epoch 3/10, 34%, 2 min left`"""
        progress = self.progress
        if progress is None:
            return "no step taken yet"
        if self.summary.unit == "step":
            words = [f"step {progress.step}/{progress.steps}"]
        else:
            words = [f"epoch {progress.epoch}/{progress.epochs}"]
        words.append(f"{100 * progress.share:.0f}%")
        if progress.phase != "training":
            words.append(progress.phase)
        if progress.seconds_left:
            words.append(f"{duration(progress.seconds_left)} left")
        return ", ".join(words)

    def line(self) -> str:
        """What is told of it."""
        summary, process = self.summary, self.summary.process
        if summary.status == "running":
            where = ""
            if process is not None and not self.elsewhere:
                where = f"; process {process.pid}"
            elif process is not None:
                where = f"; running on {process.host}"
                if self.last_sign is not None:
                    where += f", last sign {duration(self.last_sign)} ago"
            return in_one_line(f"{self.name}: {self.place}{where}")
        reached = f" at {self.place.partition(', ')[0]}" if self.progress is not None else ""
        reason = in_one_line(summary.reason or "")[:REASON_LENGTH]
        return in_one_line(f"{self.name}{reached}: {reason}")


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`, `2 d 5 h`

    >>> [duration(s) for s in (0.4, 59, 90, 3 * 3600 + 1200, 190_800)]
    ['1 s', '59 s', '2 min', '3 h 20 min', '2 d 5 h']
    """
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
