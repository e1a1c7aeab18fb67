"""A spec carried out: a run on its own, or a job of a study that others may share."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from rnnexp import __version__
from rnnexp.errors import DataError
from rnnexp.experiment.build import Experiment, build
from rnnexp.experiment.identity import content_of_version_1, fingerprint, probes_fingerprint
from rnnexp.experiment.lines import HEADLINE, headlines_only, result_line
from rnnexp.experiment.run import describe, execute
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.start import Start, check_is_same, start_of
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.claims import claim_of_job, claimed, claimed_run
from rnnexp.results.runs import RunDirectory, supersede
from rnnexp.results.summary import Summary

log = logging.getLogger(__name__)


def run_spec(spec: RunSpec) -> tuple[RunDirectory, Summary | None]:
    """Carry a spec out and return its directory and what came out.

    A job of a study that was done before is not done again. One that another process is at is left
    to it, and its summary is None.
    """
    if spec.study is None:
        experiment = build(spec)
        title = "_".join(filter(None, [spec.title, spec.dials.name]))
        summary = describe(experiment)
        run = RunDirectory.create(title, spec.root, summary)
        with claimed_run(run.path):
            return run, execute(experiment, run, summary)
    shown = headlines_only.set(True)
    try:
        return _run_job(spec, Job.of(spec))
    finally:
        headlines_only.reset(shown)


def validation_score(summary: Summary) -> float | None:
    """The headline score of the last validation: what a search for good settings goes by.

    None without a validation split; NaN where training diverged, whose score is not known.
    """
    if not summary.data_report.get("val"):
        return None
    if summary.status == "diverged" or summary.headline is None or summary.validation is None:
        return float("nan")
    score = summary.validation.get(summary.headline)
    return float("nan") if score is None else score


def _run_job(spec: RunSpec, job: "Job") -> tuple[RunDirectory, Summary | None]:
    with job.claimed() as free:
        if not free:
            log.info("%s  runs in another process", job, extra=HEADLINE)
            return RunDirectory(job.there), None
        try:
            experiment = build(spec)
        except Exception as error:
            job.record_failure(error)
            raise
        summary = job.result(experiment)
        if summary is not None:
            log.info("%s  done before: %s", job, result_line(summary), extra=HEADLINE)
            return RunDirectory(job.there), summary
        summary = describe(experiment)
        start = job.start(experiment)
        run = job.new_directory(summary) if start is None else start.of
        summary = execute(experiment, run, summary, start)
        log.info("%s  %s", job, result_line(summary), extra=HEADLINE)
        return run, summary


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
        for path in spec.study.glob(f"*_{spec.fingerprint[:8]}"):
            return cls(spec, path, path)
        path = spec.study / spec.job_name
        earlier = _earlier_jobs(spec.study.resolve()).get(spec.fingerprint)
        there = earlier is not None and earlier.is_dir()
        return cls(spec, path, earlier if earlier is not None and there else path)

    def new_directory(self, summary: Summary) -> RunDirectory:
        """A new one; what an earlier attempt left moves to superseded/."""
        if self.there != self.path:
            supersede(self.there)
        return RunDirectory.create_at(self.path, summary)

    def start(self, experiment: Experiment) -> Start | None:
        """Where an earlier attempt was stopped, if the job can go on there; None to begin anew."""
        if self.there != self.path or not StoredCheckpoint.of_run(self.path):
            return None
        try:
            run = RunDirectory.open(self.path)
            summary = run.summary
            if summary.done or summary.measured != self.spec.probes_fingerprint:
                return None
            check_is_same(summary, self.spec, experiment)
            return start_of(run)
        except DataError as error:
            log.warning("%s  begins anew: %s", self, error)
            return None

    def __str__(self) -> str:
        return f"#{(self.spec.job or 0) + 1} {self.path.name.rpartition('_')[0]}"

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Whether this process alone may run the job; the claim ends with the process."""
        with claimed(claim_of_job(self.path.parent, self.spec.fingerprint)) as free:
            yield free

    def ended(self) -> Summary | None:
        """The summary of an earlier attempt that has a result."""
        if not (self.there / "summary.json").is_file():
            return None
        summary = RunDirectory.open(self.there).summary
        return summary if summary.done else None

    def result(self, experiment: Experiment) -> Summary | None:
        """The summary of an earlier attempt that ended, read the same files, measured the same."""
        summary = self.ended()
        if summary is None:
            return None
        measured = self.spec.probes_fingerprint
        if summary.measured is not None:
            same = (summary.content, summary.measured) == (experiment.content, measured)
        else:  # the first version kept one hash of both
            config = RunDirectory(self.there).config_as_written
            content = content_of_version_1(experiment.contents, config)
            same = summary.content == content and probes_fingerprint(config) == measured
        if not same:
            log.warning("%s  the data or the probes have changed since it was run: run again", self)
            return None
        return summary

    def record_failure(self, error: Exception) -> None:
        """A row for the study of a job that could not begin, unless it has a result."""
        spec = self.spec
        seed, seq_len = spec.config.get("seed"), spec.config.get("seq_len")
        # a row without a seed has no place in a table; the error is told in any case
        if self.ended() is not None or not isinstance(seed, int):
            return
        summary = Summary(
            status="failed",
            reason=f"{type(error).__name__}: {error}",
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
        )
        self.new_directory(summary).write_config(spec.config_text)


@cache
def _earlier_jobs(study: Path) -> dict[str, Path]:
    """The jobs of a study that an earlier version made, by the fingerprint of this version.

    Read once per process: this version makes none.
    """
    jobs = {}
    for file in study.glob("*/config.yaml"):
        try:
            run = RunDirectory.open(file.parent)
            if run.summary.measured is None:
                jobs[fingerprint(run.config)] = run.path
        except DataError:  # damaged: reading the study names it
            continue
    return jobs
