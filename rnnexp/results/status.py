"""How far a study has come, while it runs and afterwards: read only, in milliseconds. Never torch.

Of a directory nothing is read but summary.json, which is read again only where it has changed, and
progress.json of what runs.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rnnexp.errors import DataError, UserError, did_you_mean, first_line
from rnnexp.printable import in_one_line
from rnnexp.results.liveness import is_alive
from rnnexp.results.plan import plan_faults, planned
from rnnexp.results.progress import Progress, last_sign
from rnnexp.results.reuse import place_of_study
from rnnexp.results.runs import ROOT, RunDirectory
from rnnexp.results.summary import Status, Summary

#: Lines of each kind of job that `text` shows.
MAX_LINES = 20

#: Characters of a job's reason that a line shows.
REASON_LENGTH = 160


@dataclass(frozen=True)
class JobStatus:
    """A job that has begun. progress: where it stands, or stood; None where it never said so.

    elsewhere: whether it runs on another machine, of which only the last sign is known, that many
    seconds ago.
    """

    path: Path
    summary: Summary
    progress: Progress | None = None
    elsewhere: bool = False
    last_sign: float | None = None

    @property
    def name(self) -> str:
        """As a study's lines name it: without the hash at its end."""
        return self.path.name.rpartition("_")[0] or self.path.name

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.summary.done:
            return 1.0
        return self.progress.share if self.progress is not None else 0.0

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


@dataclass(frozen=True)
class StudyStatus:
    """jobs: those that have begun, in the order of their names.

    planned: how many commands have asked for and none has begun. damaged: what is left out, a line
    each.
    """

    path: Path
    jobs: Sequence[JobStatus]
    planned: int
    damaged: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """By status, those that are not there left out."""
        counts = Counter[str](job.summary.status for job in self.jobs)
        by_status = {str(status): counts[status] for status in ORDER if counts[status]}
        return by_status | ({"not begun": self.planned} if self.planned else {})

    @property
    def running(self) -> list[JobStatus]:
        return [job for job in self.jobs if job.summary.status == "running"]

    @property
    def done(self) -> int:
        return sum(job.summary.done for job in self.jobs)

    @property
    def total(self) -> int:
        return len(self.jobs) + self.planned

    @property
    def share(self) -> float:
        """How much of all jobs is done, each counting the same."""
        return sum(job.share for job in self.jobs) / self.total if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """About how long the jobs that run, and those not begun, will take.

        As many at a time as run now; one that has not said how it gets on takes as long as the
        others in the mean. None where nothing runs, or nothing is known.
        """
        running = self.running
        known = [
            (p.seconds, p.seconds_left)
            for job in running
            if (p := job.progress) is not None and p.seconds_left is not None
        ]
        took = [s.wall_seconds for job in self.jobs if (s := job.summary).done]
        whole = [seconds for seconds in took if seconds is not None]
        whole += [passed + left for passed, left in known]
        if not running or not whole:
            return None
        a_whole_one = sum(whole) / len(whole)
        left = [seconds for _, seconds in known] + [a_whole_one] * (len(running) - len(known))
        return max(*left, (sum(left) + self.planned * a_whole_one) / len(running))

    @property
    def headline(self) -> str:
        """`12 of 20 jobs done, 66%, about 12 min left`"""
        words = [f"{self.done} of {self.total} jobs done", f"{100 * self.share:.0f}%"]
        if self.seconds_left is not None:
            words.append(f"about {duration(self.seconds_left)} left")
        return ", ".join(words)

    def line(self) -> str:
        """All of it in a line, the jobs that run with where they stand."""
        running = [in_one_line(f"{job.name} {job.place}") for job in self.running]
        return "; ".join([self.headline, *running])

    def text(self) -> str:
        """For a terminal."""
        lines = [f"study {in_one_line(self.path.name)}: {self.headline}"]
        lines.append(", ".join(f"{count} {status}" for status, count in self.counts.items()))
        for status in ("running", "failed", "killed", "interrupted"):
            jobs = [job for job in self.jobs if job.summary.status == status]
            lines += [f"{status:<12}{job.line()}" for job in jobs[:MAX_LINES]]
            if more := len(jobs) - MAX_LINES:
                lines += [f"{'':<12}and {more} more"] * (more > 0)
        lines += [f"{'left out':<12}{in_one_line(line)}" for line in self.damaged]
        return "\n".join(line for line in lines if line)


#: The order in which numbers of jobs are told.
ORDER: tuple[Status, ...] = (
    "finished", "diverged", "running", "failed", "interrupted", "killed",
)  # fmt: skip
assert set(ORDER) == set(get_args(Status))


@dataclass
class StudyReader:
    """Reads where a study stands, again and again."""

    path: Path
    _summaries: dict[Path, tuple[tuple[int, int, int], Summary | str]] = field(default_factory=dict)
    _plan: tuple[object, frozenset[str], list[str]] | None = None

    def read(self) -> StudyStatus:
        """Never raises for what is in it: what cannot be read is named and left out."""
        jobs: list[JobStatus] = []
        damaged: list[str] = []
        for file in sorted(self.path.glob("[!.]*/summary.json")):  # one being made is hidden
            summary = self._summary(file)
            if isinstance(summary, Summary):
                jobs.append(_job(file.parent, summary))
            elif summary:
                damaged.append(summary)
        for file in sorted(self.path.glob("[!.]*/manifest.json")):
            if not (there := file.with_name("summary.json")).exists():
                damaged.append(f"{there} is missing")
        plan, faults = self._planned()
        known = {job.summary.fingerprint for job in jobs}
        # runs of the first version have another fingerprint, and are of those asked for
        first_version = sum(job.summary.measured is None and job.summary.done for job in jobs)
        waiting = len(plan - known) - first_version - len(damaged)
        return StudyStatus(self.path, jobs, max(0, waiting), [*damaged, *faults])

    def _summary(self, file: Path) -> Summary | str:
        """What a run says of itself, or why that cannot be read; empty where it has just gone."""
        try:
            status = file.stat()
        except OSError:  # moved to superseded/ since it was listed
            return ""
        stamp = status.st_size, status.st_mtime_ns, status.st_ino
        known = self._summaries.get(file)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            summary: Summary | str = RunDirectory(file.parent).summary
        except DataError as error:
            summary = first_line(error) if file.is_file() else ""
        if isinstance(summary, str) or summary.status not in ("running", "killed"):
            self._summaries[file] = stamp, summary
        return summary

    def _planned(self) -> tuple[frozenset[str], list[str]]:
        """The fingerprints that are asked for, and what of the plan cannot be read."""
        files = sorted((self.path / ".planned").glob("*.json"))
        if self._plan is None or self._plan[0] != files:
            self._plan = files, frozenset(planned(self.path)), plan_faults(self.path)
        return self._plan[1:]


def _job(path: Path, summary: Summary) -> JobStatus:
    if summary.done:
        return JobStatus(path, summary)
    elsewhere = summary.status == "running" and is_alive(summary.process) is None
    silent = None
    if elsewhere:
        silent = max(0.0, time.time() - last_sign(path))
    return JobStatus(path, summary, Progress.read(path), elsewhere, silent)


def find_study(name: str, root: Path = ROOT / "studies") -> Path:
    """The directory of the study of that name, or at that path.

    Raises UserError, which names the nearest, where there is none.
    """
    for place in (place_of_study(root, name)[0], Path(name)):
        if (place / "summary.json").is_file():
            raise UserError(f"{place} is a run and no study: rnnexp report shows it")
        if name.strip() and place.is_dir() and _is_study(place):
            return place
    there = sorted(path.name for path in root.glob("*/") if _is_study(path))
    near = did_you_mean(name, there)
    listed = f"; there are {', '.join(there[:MAX_LINES])}" if there and not near else ""
    raise UserError(f"there is no study '{name}' in {root}, nor at that path{near or listed}")


def _is_study(path: Path) -> bool:
    return (path / ".planned").is_dir() or next(path.glob("[!.]*/summary.json"), None) is not None


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
