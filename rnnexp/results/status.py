"""How far a study has come, while it runs and afterwards: read only, in milliseconds. Never torch.

Of a directory nothing is read but summary.json, which is read again only where it has changed, and
progress.json of what runs.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rnnexp.errors import DataError, UserError, did_you_mean, first_line
from rnnexp.printable import in_one_line
from rnnexp.results.job_status import JobStatus, duration
from rnnexp.results.liveness import is_alive
from rnnexp.results.plan import plan_faults, planned, planned_work, rounds_left
from rnnexp.results.progress import Progress, last_sign
from rnnexp.results.prose import Kind, Prose, plain_text
from rnnexp.results.reuse import place_of_study
from rnnexp.results.runs import ROOT, RunDirectory
from rnnexp.results.search import Search
from rnnexp.results.summary import Status, Summary

#: Lines of each kind of job that `text` shows.
MAX_LINES = 20


@dataclass(frozen=True)
class StudyStatus:
    """jobs: those that have begun, in the order of their names.

    planned: how many commands have asked for and none has begun, and `planned_work` how much there
    is to do in all of them, as `JobStatus.work`. damaged: what is left out, a line each.
    rounds_left: of jobs that may follow, chosen by the results of those before. search: of a study
    that is one; None of others.
    """

    path: Path
    jobs: Sequence[JobStatus]
    planned: int
    planned_work: float
    damaged: Sequence[str] = ()
    rounds_left: int = 0
    search: Search | None = None

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
        return sum(job.summary.settled for job in self.jobs)

    @property
    def total(self) -> int:
        return len(self.jobs) + self.planned

    @property
    def share(self) -> float:
        """How much of the work of all jobs is done; of a search, of all trials."""
        if self.search is not None:
            begun = sum(job.share for job in self.running) / len(self.search.seeds)
            return min(1.0, (self.search.ended + begun) / self.search.n_trials)
        whole = sum(job.work for job in self.jobs) + self.planned_work
        return sum(job.share * job.work for job in self.jobs) / whole if whole else 0.0

    @property
    def seconds_left(self) -> float | None:
        """About how long the jobs that run, and those not begun, will take.

        As many at a time as run now; one that has not said how it gets on takes as long for its
        work as the others in the mean. None where nothing runs, or nothing is known.
        """
        if self.search is not None:  # what its next trials are is not known
            return None
        running = self.running
        took = [(job.work, job.seconds) for job in self.jobs]
        known = [(work, seconds) for work, seconds in took if seconds is not None]
        done = sum(work for work, _ in known)
        if not running or not done:
            return None
        pace = sum(seconds for _, seconds in known) / done
        left = [pace * job.work if (s := job.seconds_left) is None else s for job in running]
        return max(*left, (sum(left) + pace * self.planned_work) / len(running))

    @property
    def headline(self) -> str:
        """`12 of 20 jobs done, 66%, about 12 min left`"""
        return f"{self.count}, {self.how_far}"

    @property
    def count(self) -> str:
        """`12 of 20 jobs done`, or how many trials have ended."""
        if self.search is not None:
            return self.search.count
        return f"{self.done} of {self.total} jobs done"

    @property
    def how_far(self) -> str:
        """`66%, about 12 min left`"""
        share = f"{100 * self.share:.0f}%"
        left = self.seconds_left
        return share if left is None else f"{share}, about {duration(left)} left"

    def line(self) -> str:
        """All of it in a line, the jobs that run with where they stand."""
        best = [] if self.search is None else [self.search.best]
        return "; ".join(filter(None, [self.headline, *best, *self.places]))

    @property
    def places(self) -> list[str]:
        """Of the jobs that run: `lstm_T100_s0 epoch 3/10, 34%, 2 min left`"""
        return [in_one_line(f"{job.name} {job.place}") for job in self.running]

    def text(self) -> str:
        """All of it, whole."""
        return plain_text(self.pieces())

    def pieces(self) -> list[Prose]:
        """For a terminal."""
        lines = [f"study {in_one_line(self.path.name)}: {self.headline}"]
        if self.search is not None:
            lines += [self.search.how_many, self.search.best]
            lines.append("runs:")
        if self.rounds_left:
            lines.append(f"up to {self.rounds_left} more rounds choose further lengths")
        lines.append(", ".join(f"{count} {status}" for status, count in self.counts.items()))
        pieces = [Prose(line) for line in lines if line]
        for status in ("running", "failed", "killed", "interrupted"):
            jobs = [job for job in self.jobs if job.summary.status == status]
            kind: Kind = "fault" if status in ("failed", "killed") else "plain"
            pieces += [Prose(f"{status:<12}{job.line()}", kind) for job in jobs[:MAX_LINES]]
            if more := len(jobs) - MAX_LINES:
                pieces += [Prose(f"{'':<12}and {more} more")] * (more > 0)
        left_out = (f"{'left out':<12}{in_one_line(line)}" for line in self.damaged)
        return [*pieces, *(Prose(line, "warning") for line in left_out)]


#: The order in which numbers of jobs are told.
ORDER: tuple[Status, ...] = (
    "finished", "diverged", "pruned", "running", "failed", "interrupted", "killed",
)  # fmt: skip
assert set(ORDER) == set(get_args(Status))


@dataclass
class StudyReader:
    """Reads where a study stands, again and again."""

    path: Path
    _summaries: dict[Path, tuple[tuple[int, int, int], Summary | str]] = field(default_factory=dict)
    _plan: tuple[object, Mapping[str, float], list[str]] | None = None

    def read(self) -> StudyStatus:
        """Never raises for what is in it: what cannot be read is named and left out."""
        plan, faults = self._planned()
        jobs: list[JobStatus] = []
        damaged: list[str] = []
        for file in sorted(self.path.glob("[!.]*/summary.json")):  # one being made is hidden
            summary = self._summary(file)
            if isinstance(summary, Summary):
                jobs.append(_job(file.parent, summary, plan.get(str(summary.fingerprint), 1.0)))
            elif summary:
                damaged.append(summary)
        for file in sorted(self.path.glob("[!.]*/manifest.json")):
            if not (there := file.with_name("summary.json")).exists():
                damaged.append(f"{there} is missing")
        known = {job.summary.fingerprint for job in jobs}
        # runs of the first version have another fingerprint, and are of those asked for
        first_version = sum(job.summary.measured is None and job.summary.done for job in jobs)
        not_begun = [work for job, work in plan.items() if job not in known]
        waiting = max(0, len(not_begun) - first_version - len(damaged))
        to_do = sum(not_begun) * waiting / max(1, len(not_begun))
        more = rounds_left(self.path) or 0
        search = None
        try:
            search = Search.read(self.path)
        except DataError as error:
            damaged.append(first_line(error))
        return StudyStatus(self.path, jobs, waiting, to_do, [*damaged, *faults], more, search)

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

    def _planned(self) -> tuple[Mapping[str, float], list[str]]:
        """The jobs that are asked for, by their fingerprints, and what of the plan cannot be read.

        Each has its work, which a study of an earlier version does not say: then all have the same.
        """
        files = sorted((self.path / ".planned").glob("*.json"))
        if self._plan is None or self._plan[0] != files:
            asked, work = planned(self.path), planned_work(self.path)
            all_known = asked == work.keys() and min(work.values(), default=0) > 0
            works = {job: work[job] if all_known else 1.0 for job in asked}
            self._plan = files, works, plan_faults(self.path)
        return self._plan[1:]


def _job(path: Path, summary: Summary, work: float) -> JobStatus:
    if summary.settled:
        return JobStatus(path, summary, work=work)
    elsewhere = summary.status == "running" and is_alive(summary.process) is None
    silent = None
    if elsewhere:
        silent = max(0.0, time.time() - last_sign(path))
    return JobStatus(path, summary, Progress.read(path), elsewhere, silent, work)


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
