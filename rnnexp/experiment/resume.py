"""Going on with a run that was stopped, and training a finished one further."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from rnnexp import config as settings
from rnnexp.durable import remove_gone
from rnnexp.errors import ConfigError, UserError, did_you_mean
from rnnexp.experiment.build import Experiment, build
from rnnexp.experiment.run import describe, execute
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.start import Start, check_is_same, start_of
from rnnexp.results.checkpoints import StoredCheckpoint
from rnnexp.results.claims import claim_of_job, claimed, claimed_run
from rnnexp.results.liveness import is_alive
from rnnexp.results.names import shown_path
from rnnexp.results.progress import last_sign
from rnnexp.results.runs import RunDirectory
from rnnexp.results.summary import Summary
from rnnexp.training.checkpoint import Checkpoint
from rnnexp.training.trainer import ROW_STEPS, Trainer

log = logging.getLogger(__name__)

#: What may differ when a run goes on: where it is computed, and how it is kept.
MAY_DIFFER = ("device", "threads", "plots", "checkpoint.every_seconds", "checkpoint.keep", "logger")

#: What asks for a longer training.
LONGER = ("trainer.epochs", "trainer.steps")


def resume(
    run: RunDirectory, words: Sequence[str] = (), trust: bool = False
) -> tuple[RunDirectory, Summary]:
    """Go on with a run that was stopped, or train a finished one further.

    words: settings that may differ, as `device=cpu`; for a longer training, which is a run of its
    own, `trainer.epochs=N`. trust: see `RunSpec.of_run`.

    Raises UserError where there is nothing to go on with, or the data are not what they were,
    ConfigError for code that is not trusted.
    """
    changes, summary = _changes(words), run.summary
    longer = [key for key in LONGER if key in changes]
    name = shown_path(run.path)
    if summary.done:
        remove_gone(run.path)
        if not longer:
            raise UserError(
                f"{name} has {summary.status}: nothing is left to do (a run with "
                "checkpoint.keep=all trains on with trainer.epochs=...)"
            )
        return _train_on(run, summary, changes, trust)
    if longer:
        raise UserError(
            f"{name} has not finished (its status is {summary.status}): resume it without "
            f"{longer[0]}, and train on then"
        )
    spec = RunSpec.of_run(run, trust)
    claim = claimed_run(run.path)
    if summary.job is not None:
        spec = replace(spec, study=run.path.parent, job=summary.job)
        claim = claimed(claim_of_job(run.path.parent, spec.fingerprint))
    with claim as free:
        summary = run.summary  # as it is now that nobody else writes it
        _check_is_stopped(run, summary, free)
        experiment = build(replace(spec.as_begun(run), config=_with(spec.config, changes)))
        check_is_same(summary, spec, experiment)
        start = start_of(run, experiment)
        return run, execute(experiment, run, describe(experiment), start)


#: Seconds of silence after which a run of another machine is taken for killed.
SILENCE = 600


def _check_is_stopped(run: RunDirectory, summary: Summary, free: bool) -> None:
    """Raise UserError where a process is at the run, or may be.

    Of another machine, which may have gone, as a container has, only the last sign is known.
    """
    name, process = shown_path(run.path), summary.process
    where = "" if process is None else f" on {process.host} (process {process.pid})"
    if summary.done:
        raise UserError(f"{name} has {summary.status} meanwhile: nothing is left to do")
    if free and summary.status != "running":
        return
    silent = time.time() - last_sign(run.path)
    if not free or is_alive(process) or silent < SILENCE:
        way_out = "resume it once that has ended"
        if free and is_alive(process) is None:
            way_out += f", or once nothing was heard of it for {SILENCE // 60} minutes"
        raise UserError(f"{name} is running{where}: {way_out}")
    log.warning(
        "%s was running%s, of which nothing was heard for %d minutes: taken for killed",
        name, where, silent // 60,
    )  # fmt: skip


def _train_on(
    run: RunDirectory, summary: Summary, changes: Mapping[str, Any], trust: bool
) -> tuple[RunDirectory, Summary]:
    """Go on behind the end of a finished run, in a directory of its own."""
    name, before = shown_path(run.path), RunSpec.of_run(run, trust)
    if summary.status == "diverged":
        raise UserError(f"{name} has diverged: more training changes nothing")
    stored = StoredCheckpoint.of_run(run.path)
    if not stored:
        raise UserError(
            f"{name} has kept its weights alone: a run that is to be trained further needs "
            "checkpoint.keep=all from the start"
        )
    kept = [word for word in before.words if word.lstrip("+").partition("=")[0] not in changes]
    spec = replace(
        before.as_begun(run),
        config=_with(before.config, changes),
        words=(*kept, *(f"{key}={value}" for key, value in changes.items())),
    )
    experiment = build(spec)
    check_is_same(summary, before, experiment)
    contents, state, files = stored[0].read()
    checkpoint = Checkpoint.of(contents, state)
    _check_is_longer(experiment, before, checkpoint, name)
    line = f"trains {name} on, from {stored[0].place}"
    start = Start(checkpoint, line, run, summary, trains_on=True)
    title = "_".join(filter(None, [spec.title, spec.dials.name]))
    described = describe(experiment)
    described.continues = str(run.path)
    grown = run.grown(files)
    new = RunDirectory.create(title, spec.root, described, spec.config_text)
    with claimed_run(new.path):
        new.write_grown(grown)
        return new, execute(experiment, new, described, start)


def _check_is_longer(
    experiment: Experiment, before: RunSpec, checkpoint: Checkpoint, name: str
) -> None:
    """Raise UserError where a longer training would not have passed through the shorter one."""
    old: Trainer = settings.build(before.config, "trainer")
    now, task, model = experiment.trainer, experiment.task, experiment.model
    epoch_steps = now.feed(model, task, before.dials.seed, experiment.device).epoch_steps
    had, plan = old.plan(epoch_steps), now.plan(epoch_steps)
    unit = "steps" if old.steps is not None else "epochs"
    if checkpoint.fit.epochs < len(had) or now.has_ended(checkpoint.fit, [*plan, 0]):
        raise UserError(
            f"{name} was stopped after {checkpoint.fit.epochs} epochs "
            f"({old.why_early(checkpoint.fit)}): more of them change nothing"
        )
    if len(plan) <= len(had) or plan[: len(had)] != had:
        way_out = f"ask for more of them with trainer.{unit}"
        if unit == "steps" and sum(had) % ROW_STEPS:
            way_out = f"a longer training goes on from a multiple of {ROW_STEPS} alone"
        count = sum(had) if unit == "steps" else len(had)
        raise UserError(f"{name} has trained {count} {unit}: {way_out}")


def _changes(words: Sequence[str]) -> dict[str, Any]:
    """The settings in the words. Raises ConfigError for one that may not differ."""
    changes: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.lstrip("+").partition("=")
        if not equals:
            raise ConfigError(f"resume: '{word}' is no setting: write name=value")
        if key not in (*MAY_DIFFER, *LONGER):
            near = did_you_mean(key, (*MAY_DIFFER, *LONGER))
            raise ConfigError(
                f"resume: {key} is as it was when the run began; what may differ is "
                f"{', '.join((*MAY_DIFFER, *LONGER))}{near}"
            )
        if key == settings.LOGGER and value != settings.NONE:
            raise ConfigError(
                f"resume: {word}: a run goes on in the records that it was begun with, or in none "
                f"of them with {key}={settings.NONE}"
            )
        changes[key] = {} if key == settings.LOGGER else yaml.safe_load(value)
    return changes


def _with(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the settings changed, by dotted keys."""
    made = dict(config)
    for key, value in changes.items():
        section, _, last = key.rpartition(".")
        if section:
            made[section] = {**made.get(section, {}), last: value}
        else:
            made[last] = value
    return made
