"""A spec carried out: a run on its own, or a job of a study that other processes may share."""

import logging

from rnnexp import config as settings
from rnnexp.bars import bars_shown
from rnnexp.durable import remove_gone
from rnnexp.errors import DataError, JobFailed, Terminated
from rnnexp.experiment.build import Experiment, build
from rnnexp.experiment.identity import changes_since
from rnnexp.experiment.job import Elsewhere, Job
from rnnexp.experiment.lines import headline_of, headlines_only, job_line
from rnnexp.experiment.run import describe, execute
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.start import Start, check_is_same, start_of
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.claims import claimed_run
from rnnexp.results.prose import Kind
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary

log = logging.getLogger(__name__)


def run_spec(spec: RunSpec) -> tuple[RunDirectory, Summary | None]:
    """Carry a spec out and return its directory and what came out.

    A job of a study that was done before is not done again. One that is left as an earlier command
    left it has None for a summary. Raises Elsewhere for one that another process is at.
    """
    if spec.study is None:
        experiment = build(spec)
        title = "_".join(filter(None, [spec.title, spec.dials.name]))
        summary = describe(experiment)
        run = RunDirectory.create(title, spec.root, summary, spec.config_text)
        with claimed_run(run.path):
            return run, execute(experiment, run, summary)
    shown, bars = headlines_only.set(True), bars_shown.set(False)
    try:
        return _run_job(spec, Job.of(spec))
    finally:
        headlines_only.reset(shown)
        bars_shown.reset(bars)


def validation_score(spec: RunSpec, summary: Summary) -> float | None:
    """What a job tells a sweeper that is not of rnnexp, such as a plugin for Hydra.

    With `trainer.monitor`, the best value of that validation score; without, the headline score of
    the last validation. None without a validation split; NaN where training diverged, or where the
    score could not be computed.
    """
    if not summary.data_report.get("val"):
        return None
    if summary.status == "diverged":
        return float("nan")
    if (spec.config.get("trainer") or {}).get("monitor") is not None:
        score = summary.best_validation
    else:
        score = (summary.validation or {}).get(summary.headline or "")
    return float("nan") if score is None else score


def _run_job(spec: RunSpec, job: Job) -> tuple[RunDirectory, Summary | None]:
    retry = settings.jobs(spec.config).retry
    with job.claimed() as free:
        if not free:
            raise Elsewhere
        if retry == "none" and (attempt := job.attempt()) is not None:
            left = "left as it is (jobs.retry=none)"
            if not attempt.done:
                reason = f": {attempt.reason}" if attempt.reason else ""
                raise JobFailed(f"{left}: {attempt.status}{reason}")
            _tell(job, attempt, f"{left}: ")
            return RunDirectory(job.there), attempt
        try:
            experiment = build(spec)
        except (KeyboardInterrupt, Terminated):
            raise
        except BaseException as error:
            job.record_end("failed", f"{type(error).__name__}: {error}")
            raise
        summary = job.result(experiment) if retry != "all" else None
        if summary is not None:
            remove_gone(job.there)
            _tell(job, summary, "done before: ")
            return RunDirectory(job.there), summary
        experiment, run, summary, start = begun(job, experiment, anew=retry == "all")
        summary = execute(experiment, run, summary, start)
        _tell(job, summary)
        return run, summary


def _tell(job: Job, summary: Summary, before: str = "") -> None:
    """What a study shows of a job that has its result."""
    kind: Kind = "fault" if summary.status == "diverged" else "plain"
    log.info("%s", job_line(job, summary, before), extra=headline_of(kind))


def begun(
    job: Job, experiment: Experiment, anew: bool = False
) -> tuple[Experiment, RunDirectory, Summary, Start | None]:
    """A job that is to be run, its directory, what it is, and where it goes on, if it does.

    One that goes on is built anew, as it was begun.
    """
    start = None if anew else _start(job, experiment)
    if start is not None:
        experiment = build(job.spec.as_begun(start.of))
    summary = describe(experiment)
    run = job.new_directory(summary) if start is None else start.of
    return experiment, run, summary, start


def _start(job: Job, experiment: Experiment) -> Start | None:
    """Where an earlier attempt was stopped, if the job can go on there; None to begin anew."""
    if job.there != job.path or not StoredCheckpoint.of_run(job.path):
        return None
    try:
        run = RunDirectory.open(job.path)
        summary = run.summary
        if summary.done:
            return None
        if changes := changes_since(experiment, run, summary):
            log.warning("%s  %s since it was begun: begins anew", job, " and ".join(changes))
            return None
        check_is_same(summary, job.spec, experiment)
        return start_of(run, experiment)
    except DataError as error:
        log.warning("%s  begins anew: %s", job, error)
        return None
