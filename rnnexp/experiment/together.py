"""Jobs of a study that are trained as one program, each in its ordinary directory.

Off unless `jobs.replicas` asks for it. It comes before the jobs are carried out one by one, which
then find those done that it has trained, and go on with those that it has not: what fails here
costs nobody a run.
"""

import logging
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack

from rnnexp import config as settings
from rnnexp.bars import bars_shown
from rnnexp.errors import ConfigError, first_line
from rnnexp.experiment.build import Experiment, build
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.experiment.job import Job
from rnnexp.experiment.lines import HEADLINE, headlines_only
from rnnexp.experiment.run import execution
from rnnexp.experiment.run_spec import begun
from rnnexp.experiment.spec import RunSpec
from rnnexp.model.lockstep import Lockstep, check_written_out
from rnnexp.results.summary import Summary
from rnnexp.training.epoch import Epoch, carried_out_together
from rnnexp.training.together import train_together

log = logging.getLogger(__name__)

#: What is equal in jobs that are trained together: they may differ in seed, init, clip and trainer.
SHAPE = ("data", "model", "embedding", "seq_len", "device")


def check_together(experiment: Experiment) -> None:
    """Raise ConfigError for a run that cannot be trained together with others."""
    replicas, device = settings.jobs(experiment.spec.config).replicas, experiment.device
    if replicas is None:
        return
    asked = f"jobs.replicas={replicas}"
    if not has_gain(experiment):
        raise ConfigError(
            f"{asked} trains runs as one program on a GPU, and device={device} is none: use "
            "jobs.replicas=null"
        )
    if experiment.trainer.precision != "float32":
        raise ConfigError(
            f"{asked} computes in float32 and trainer.precision={experiment.trainer.precision} "
            "does not: use jobs.replicas=null"
        )
    lessons = experiment.task.curriculum
    if lessons is not None and lessons.name != "fixed":
        raise ConfigError(
            f"{asked} computes sequences of one length at a time, and data.curriculum="
            f"{lessons.name} gives each run its own: use jobs.replicas=null"
        )
    width = experiment.task.split("test").inputs.shape[1]
    if any(probe.state_distances(width) for probe in experiment.probes.values()):
        raise ConfigError(
            f"{asked} computes by autograd and probes.gradient_flow.every_step=true notes what "
            "engine=bptt computes: use jobs.replicas=null"
        )
    trainer = experiment.trainer
    for setting, is_set in (
        (f"accumulate={trainer.accumulate}", trainer.accumulate > 1),
        (f"truncate={trainer.truncate}", trainer.truncate is not None),
        ("stateful=true", trainer.stateful),
    ):
        if is_set:
            raise ConfigError(
                f"{asked} computes each step at once and trainer.{setting} in pieces: use "
                "jobs.replicas=null"
            )
    if experiment.recipe.regulariser.adds:
        raise ConfigError(
            f"{asked} minimises the task's loss alone and the regulariser adds to it: use "
            "jobs.replicas=null or regulariser=none"
        )
    try:
        check_written_out(experiment.model)
    except ValueError as error:
        raise ConfigError(f"{asked}: {error}, or jobs.replicas=null") from None


def has_gain(experiment: Experiment) -> bool:
    """Whether the device is one where runs are trained together: CUDA."""
    return experiment.device.type == "cuda"


def train_jobs_together(specs: Sequence[RunSpec]) -> set[int]:
    """Train all that have no result, as many at once as `jobs.replicas` says.

    Returns the numbers of the jobs that were begun. Raises KeyboardInterrupt and Terminated; what
    else goes wrong is told and left to whoever carries the jobs out one by one.
    """
    by_shape: dict[str, list[Job]] = defaultdict(list)
    for spec in specs:
        job = Job.of(spec)
        if settings.jobs(spec.config).replicas is not None and not _is_left(job):
            by_shape[repr([spec.config.get(key) for key in SHAPE])].append(job)
    shown, bars = headlines_only.set(True), bars_shown.set(False)
    begun_here: set[int] = set()
    try:
        for alike in by_shape.values():
            most = settings.jobs(alike[0].spec.config).replicas
            assert most is not None
            for first in range(0, len(alike), most):
                begun_here |= _train(alike[first : first + most])
    finally:
        headlines_only.reset(shown)
        bars_shown.reset(bars)
    return begun_here


def _train(jobs: Sequence[Job]) -> set[int]:
    with ExitStack() as claims:
        free = [job for job in jobs if claims.enter_context(job.claimed())]
        # once more: another process may have been at one until now
        built = [(job, _built(job)) for job in free if not _is_left(job)]
        ready = [(job, experiment) for job, experiment in built if experiment is not None]
        if len(ready) < 2:
            return set()
        names = ", ".join(str(job) for job, _ in ready)
        log.info("trained as one program (jobs.replicas): %s", names, extra=HEADLINE)
        stories = [_story(job, experiment, len(ready)) for job, experiment in ready]
        try:
            with flushed_denormals():
                carried_out_together(stories, lambda epochs: train_together(epochs, Lockstep))
        except Exception as error:
            log.warning(
                "not trained together: %s: %s; what has no result is run by itself",
                type(error).__name__, first_line(error), extra=HEADLINE,
            )  # fmt: skip
            log.debug("not trained together", exc_info=True)
        return {job.spec.job or 0 for job, _ in ready}


def _is_left(job: Job) -> bool:
    """Whether what there is of the job stays as it is."""
    retry = settings.jobs(job.spec.config).retry
    if retry == "all":
        return False
    return job.ended() is not None or (retry == "none" and job.attempt() is not None)


def _built(job: Job) -> Experiment | None:
    """None for one that cannot be built, which its own turn tells."""
    try:
        experiment = build(job.spec)
        check_together(experiment)
    except Exception as error:
        log.debug("%s  not built: %s", job, first_line(error))
        return None
    return experiment


def _story(job: Job, experiment: Experiment, replicas: int) -> Generator[Epoch, None, Summary]:
    anew = settings.jobs(job.spec.config).retry == "all"
    experiment, run, summary, start = begun(job, experiment, anew)
    summary.replicas, summary.engine = replicas, "autograd"
    return (yield from execution(experiment, run, summary, start))
