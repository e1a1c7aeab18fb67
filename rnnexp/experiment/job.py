"""A job's place in its study, which other processes may be at too. Never imports torch."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rnnexp import __version__, plugins
from rnnexp.errors import DataError
from rnnexp.experiment.identity import changes_since, fingerprint
from rnnexp.experiment.spec import RunSpec
from rnnexp.manifest import NAME as MANIFEST
from rnnexp.results.check import whole_result
from rnnexp.results.claims import claim_of_job, claimed
from rnnexp.results.names import shown_path
from rnnexp.results.plan import planned
from rnnexp.results.reading import folders_by_fingerprint
from rnnexp.results.runs import RunDirectory, supersede
from rnnexp.results.summary import Status, Summary

if TYPE_CHECKING:
    from rnnexp.experiment.build import Experiment

log = logging.getLogger(__name__)


class Elsewhere(Exception):
    """Another process is at the job, and this one may not touch it."""


class Pruned(Exception):
    """The search that asked for the job wants it no further: the message says why."""


@dataclass(frozen=True)
class Job:
    """A spec's place in the directory of its study, the same whenever it is run.

    path: where it is run. there: where an attempt of it is, if there is one: at `path`, or where an
    earlier version put it.
    """

    spec: RunSpec
    path: Path
    there: Path

    @classmethod
    def of(cls, spec: RunSpec) -> "Job":
        """The same settings may have been spelled in other words, or by an earlier version."""
        assert spec.study is not None
        path = spec.study / spec.job_name
        if path.is_dir():
            return cls(spec, path, path)
        folders = folders_by_fingerprint(spec.study)
        for other in folders.get(spec.fingerprint[:8], ()):
            return cls(spec, other, other)
        earlier = _earlier_jobs(spec.study.resolve()).get(spec.fingerprint)
        there = earlier is not None and earlier.is_dir()
        return cls(spec, path, earlier if earlier is not None and there else path)

    def new_directory(self, summary: Summary) -> RunDirectory:
        """A new one; what an earlier attempt left moves to superseded/."""
        if self.there != self.path:
            supersede(self.there)
        return RunDirectory.create_at(self.path, summary, self.spec.config_text)

    def __str__(self) -> str:
        return f"#{(self.spec.job or 0) + 1} {self.path.name.rpartition('_')[0]}"

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Whether this process alone may run the job; the claim ends with the process."""
        with claimed(claim_of_job(self.path.parent, self.spec.fingerprint)) as free:
            yield free

    def is_free(self) -> bool:
        """Whether no process is at the job now."""
        with self.claimed() as free:
            return free

    def ended(self) -> Summary | None:
        """The summary of an earlier attempt that has a result and is as it was written."""
        summary, fault = whole_result(self.there)
        if fault:
            log.warning("%s  run again: %s", self, fault)
        return summary

    def result(self, experiment: "Experiment") -> Summary | None:
        """The summary of an earlier attempt that ended, of the same files, probes and code."""
        summary = self.ended()
        if summary is None:
            return None
        if changes := changes_since(experiment, RunDirectory(self.there), summary):
            log.warning("%s  %s since it was run: run again", self, " and ".join(changes))
            return None
        return summary

    def attempt(self) -> Summary | None:
        """The summary of what is there, whatever became of it; None where nothing can be read."""
        if not (self.there / "summary.json").is_file():
            return None
        try:
            return RunDirectory(self.there).summary
        except DataError:
            return None

    def record_end(self, status: Status, reason: str) -> None:
        """Say how a job ended that could not say so itself, unless it has a result.

        In the summary of its attempt, which may have a checkpoint to go on from. One that had not
        begun gets a row for the study.
        """
        if self.ended() is not None:
            return
        summary = self.attempt()
        if summary is not None and not summary.done:
            summary.status, summary.reason = status, reason
            RunDirectory(self.there).write_summary(summary)
            return
        spec = self.spec
        seed, seq_len = spec.config.get("seed"), spec.config.get("seq_len")
        if not isinstance(seed, int):  # no place in a table; the error is told in any case
            return
        summary = Summary(
            status=status,
            reason=reason,
            started=datetime.now(UTC).isoformat(timespec="microseconds"),
            version=__version__,
            model=spec.choices.get("model"),
            data=spec.choices.get("data"),
            seq_len=seq_len if isinstance(seq_len, int) else None,
            seed=seed,
            job=spec.job,
            fingerprint=spec.fingerprint,
            choices=dict(spec.choices),
            overrides=spec.overrides,
            words=list(spec.words),
            config_dirs=[shown_path(folder) for folder in plugins.named()],
        )
        self.new_directory(summary)


@cache
def _earlier_jobs(study: Path) -> dict[str, Path]:
    """The jobs of a study that an earlier version made, by the fingerprint of this version.

    Read once per process: this version makes none. Of its own jobs, which are those that the study
    is to have and those with a manifest, nothing is read: each job of a study asks this anew.
    """
    planned_here = {job[:8] for job in planned(study)}
    jobs = {}
    for beginning, folders in folders_by_fingerprint(study).items():
        for folder in folders if beginning not in planned_here else ():
            if (folder / MANIFEST).exists() or not (folder / "config.yaml").exists():
                continue
            try:
                run = RunDirectory.open(folder)
                if run.summary.measured is None:
                    jobs[fingerprint(run.config)] = run.path
            except DataError:  # damaged: reading the study names it
                continue
    return jobs
