"""The story of one run: train, test, record."""

import logging
import shlex
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import torch

from rnnexp import __version__, plugins
from rnnexp import config as settings
from rnnexp.data.base import Task
from rnnexp.dials import Checkpoints
from rnnexp.errors import StorageError, Terminated, first_line
from rnnexp.experiment.build import Experiment, facts_of
from rnnexp.experiment.data_lines import warn_once
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.experiment.environment import (
    describe_environment,
    environment_differences,
    peak_memory_mb,
)
from rnnexp.experiment.lines import (
    at_length_line,
    headlines_only,
    opening_line,
    other_scores_line,
    result_line,
    say_pieces,
    start_lines,
)
from rnnexp.experiment.logged import Logs
from rnnexp.experiment.start import Start
from rnnexp.probes.probe_set import ProbeSet
from rnnexp.regime import regime_of
from rnnexp.results import report
from rnnexp.results.jackknife import split_intervals
from rnnexp.results.liveness import this_process
from rnnexp.results.names import shown_path
from rnnexp.results.prose import GAP, Prose
from rnnexp.results.runs import RunDirectory
from rnnexp.results.statistics import UNBOUNDED, example_interval
from rnnexp.results.stops import asked_to_stop
from rnnexp.results.summary import AtLength, CellFacts, Reading, Status, Summary, TaskRecord, Tested
from rnnexp.training.epoch import Epoch, carried_out
from rnnexp.training.feed import Sampler
from rnnexp.training.fit import Fit
from rnnexp.training.lines import training_lines
from rnnexp.training.tensors import tensor_bytes, weights_of

log = logging.getLogger(__name__)

#: What keeps the log of the run whose story is being told: several may be, in turns.
_log_file: ContextVar[logging.Handler | None] = ContextVar("_log_file", default=None)


def execute(
    experiment: Experiment, run: RunDirectory, summary: Summary, start: Start | None = None
) -> Summary:
    """Train, test and record in a run's directory.

    summary: as `describe` made it; what comes out is added. start: where the training goes on.
    """
    with flushed_denormals():
        story = execution(experiment, run, summary, start)
        return carried_out(story, lambda epoch: experiment.trainer.train_epoch(*epoch))


def execution(
    experiment: Experiment, run: RunDirectory, summary: Summary, start: Start | None
) -> Generator[Epoch, None, Summary]:
    """`execute`, which leaves the training of each epoch to the caller."""
    task, model, trainer = experiment.task, experiment.model, experiment.trainer
    dials, device = experiment.spec.dials, experiment.device
    saving = settings.checkpoints(experiment.spec.config)
    environment = describe_environment(device, experiment.code)
    started = time.perf_counter()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with (
        _logged_to_file(run),
        Logs(experiment, run, summary, start) as logs,  # hear of the end once it is written
        _recorded(run, summary, start, environment),
    ):
        probes = ProbeSet(experiment.probes, model, task, dials.seed, device)
        if start is None or start.checkpoint is None or start.trains_on:
            run.write_environment(environment)
            run.write_task(task_record(experiment))
            run.write_beside_task(task.files())
            log.info("%s", opening_line(experiment, summary))
            log.info("run %s", shown_path(run.path))
            lines = training_lines(trainer, task, device, experiment.recipe.words)
            for line in [*start_lines(experiment, summary), *lines]:
                log.info("%s", line)
            warn_once(summary.data_report, in_study=headlines_only.get())
        regime = regime_of(model, probes.examples)  # of the initial weights
        summary.regime = {} if regime is None else regime.summary()
        if start is not None:
            _go_on(start, probes)
        elif regime is not None:
            for line in regime.lines():
                log.info("%s", line)
        checkpoint = None if start is None else start.checkpoint
        fit = yield from trainer.fitting(
            model,
            task,
            experiment.recipe,
            logs.recorder(probes),
            dials.seed,
            device,
            probes,
            checkpoint,
            saving,
        )
        summary.epochs, summary.steps = fit.epochs, fit.steps
        summary.best_epoch, summary.best_step = fit.best_epoch, fit.best_step
        summary.best_validation = fit.best_score
        summary.seconds = round(fit.seconds, 3)
        summary.tokens_per_second = round(fit.tokens / fit.seconds) if fit.seconds else None
        summary.validation = dict(fit.validation) if fit.validation is not None else None
        summary.probes = {name: dict(numbers) for name, numbers in probes.scalars().items()}
        summary.probe_seconds = round(probes.seconds, 3)
        summary.failed_probes = dict(probes.failures)
        if fit.status == "diverged":
            # a study has a line of its own for each job that has ended
            level = logging.INFO if headlines_only.get() else logging.WARNING
            log.log(level, "diverged: %s", fit.reason, extra={"kind": "fault"})
        else:
            run.report_progress("testing", fit.epochs, fit.epochs, fit.steps, fit.steps)
            summary.tested = _take_weights_to_test(experiment, fit)
            summary.test, summary.test_interval = _test(experiment, task, run, "test")
            log.info("%s", result_line(summary))
            if line := other_scores_line(summary):
                log.info("%s", line)
            _test_at_lengths(experiment, run, summary)
        _keep_weights(experiment, fit, run, saving)
        summary.wall_seconds = _and_since(summary.wall_seconds, started)
        summary.peak_memory_mb = peak_memory_mb(device)
        summary.status, summary.reason = fit.status, fit.reason
        run.finish(summary)
        if saving.keep != "all":
            run.drop_checkpoints()
        _show(run, plots=dials.plots)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return summary


def _go_on(start: Start, probes: ProbeSet) -> None:
    """Bring the probes to where the training goes on, and say where that is."""
    log.info("%s", start.line)
    if start.checkpoint is None or start.checkpoint.probes is None:
        return
    probes.restore(*start.checkpoint.probes, start.of.probe)
    if start.trains_on:
        probes.forget_last(start.checkpoint.fit.epochs)


def _keep_weights(experiment: Experiment, fit: Fit, run: RunDirectory, saving: Checkpoints) -> None:
    """The weights that were tested, which the model has; the best epoch's if they are wanted."""
    run.save_weights("weights", tensor_bytes(weights_of(experiment.model)))
    if saving.keep != "tested" and fit.best_weights is not None:
        run.save_weights("best", tensor_bytes(fit.best_weights))


def _show(run: RunDirectory, plots: bool) -> None:
    """Answer, tables, figures, page of a run that has its result, which nothing can take away."""
    places = [shown_path(run.path)]
    try:
        findings = report.run_findings(run)
        told = report.of_run(run, findings)
        say_pieces([GAP, *replace(told, places=[]).pieces()])  # figures take longer than words
        report.show_run(run, findings, plots)
        places = report.where(run.path)
    except Exception as error:
        log.warning("no tables or figures: %s: %s", type(error).__name__, first_line(error))
    say_pieces([GAP, *map(Prose, places)])


def _take_weights_to_test(experiment: Experiment, fit: Fit) -> Tested:
    """Give the model the weights that are to be tested; the model has the last ones."""
    if not experiment.trainer.tests_best or fit.best_epoch is None or fit.best_step is None:
        if fit.averaged_weights is not None:
            experiment.model.load_state_dict(fit.averaged_weights)
        return Tested(weights="last", epoch=fit.epochs, step=fit.steps)
    assert fit.best_weights is not None
    experiment.model.load_state_dict(fit.best_weights)
    return Tested(weights="best", epoch=fit.best_epoch, step=fit.best_step)


def _test(
    experiment: Experiment, task: Task, run: RunDirectory, name: str
) -> tuple[dict[str, float | None], dict[str, list[float | None]]]:
    """Loss and scores of the test split, and the scores' 95% intervals over its examples."""
    model, test = experiment.model, task.split("test")
    data = Sampler(test, experiment.device, trim=not model.reads_pads)
    evaluation = experiment.trainer.evaluate(model, task, data)
    targets, outputs = map(task.in_units, (test.targets.numpy(), evaluation.outputs))
    run.save_predictions(name, targets, outputs, evaluation.scores)
    bounds = {score.name: score.bounds for score in task.readings}
    intervals: dict[str, list[float | None]] = {
        name: list(example_interval(scores, bounds.get(name, UNBOUNDED)))
        for name, scores in evaluation.scores.items()
    }
    outputs, targets = evaluation.outputs, test.targets.numpy()
    intervals |= split_intervals(task.of_split, outputs, targets, bounds)
    intervals |= {name: list(ends) for name, ends in task.ends_of_split(outputs, targets).items()}
    return dict(evaluation.means), intervals


def _test_at_lengths(experiment: Experiment, run: RunDirectory, summary: Summary) -> None:
    tested: dict[str, AtLength] = {}
    for length, task in experiment.at_lengths.items():
        try:
            means, intervals = _test(experiment, task, run, f"test_T{length}")
        except (MemoryError, RuntimeError) as error:
            # the test at its own length is the result and stays one
            log.warning("at length %d: not tested (%s)", length, error)
            continue
        tested[str(length)] = AtLength(
            test=means, test_interval=intervals, chance=dict(task.chance)
        )
        log.info("%s", at_length_line(task.score, length, means))
    summary.at_lengths = tested


def describe(experiment: Experiment) -> Summary:
    """What a run is: names, choices, sizes. What comes out of it is added as it comes."""
    spec, task, model = experiment.spec, experiment.task, experiment.model
    cell = model.top_cell
    return Summary(
        status="running",
        started=datetime.now(UTC).isoformat(timespec="microseconds"),
        version=__version__,
        model=spec.choices["model"],
        data=spec.choices["data"],
        seq_len=spec.dials.seq_len,
        seed=spec.dials.seed,
        job=spec.job,
        fingerprint=spec.fingerprint,
        content=experiment.content,
        measured=spec.probes_fingerprint,
        code=experiment.code,
        choices=dict(spec.choices),
        overrides=spec.overrides,
        words=list(spec.words),
        config_dirs=[shown_path(folder) for folder in plugins.named()],
        process=this_process(),
        parameters=sum(p.numel() for p in model.parameters()),
        headline=task.headline.name,
        scores={score.name: Reading.of(score) for score in task.readings},
        chance=dict(task.chance),
        perfect={score.name: score.perfect for score in task.readings},
        solved_at=task.solved,
        synthetic=task.synthetic,
        memory=task.memory,
        monitor=experiment.trainer.monitored(task).name,
        unit="step" if experiment.trainer.steps or task.generates else "epoch",
        cell=None if cell is None else CellFacts(**cell.describe()),
        engine=experiment.engine,
        data_report=dict(task.report),
        embedding_report=dict(model.encoder.report),
        skipped_probes=dict(experiment.skipped_probes),
    )


def task_record(experiment: Experiment) -> TaskRecord:
    """What must be known of the data to load the model again and to ask it."""
    task, encoder = experiment.task, experiment.model.encoder
    facts = facts_of(task) | {"embedding_dim": encoder.output_size}
    return TaskRecord(**{**task.state(), **facts})


@contextmanager
def _logged_to_file(run: RunDirectory) -> Iterator[None]:
    """rnnexp.log says all that the run says."""
    package_log = logging.getLogger("rnnexp")
    handler = run.log_to_file()
    _log_file.set(handler)
    handler.addFilter(lambda record: _log_file.get() in (None, handler))
    package_log.addHandler(handler)
    try:
        yield
    finally:
        package_log.removeHandler(handler)
        handler.close()


@contextmanager
def _recorded(
    run: RunDirectory, summary: Summary, start: Start | None, environment: Mapping[str, Any]
) -> Iterator[None]:
    """summary.json says `running` first and at the end what happened."""
    differing = environment_differences(start.of.environment, environment) if start else []
    if start is not None and start.before.replicas != summary.replicas:
        counts = (before.replicas or 1 for before in (start.before, summary))
        differing.append("runs in its program {} before, {} now".format(*counts))
    if start is not None and not start.trains_on:
        before = start.before
        # it stays what it was begun as, whatever computes it now
        for name in ("started", "version", "fingerprint", "content", "code", "continues"):
            setattr(summary, name, getattr(before, name))
        summary.wall_seconds = before.wall_seconds
        summary.replicas = summary.replicas or before.replicas
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = "; ".join([start.line, *differing])
        summary.resumed = [*before.resumed, f"{now}: {line}"]
    began = time.perf_counter()
    run.write_summary(summary)
    if differing:
        log.warning(
            "not the same bytes as without the interruption, perhaps: %s", ", ".join(differing)
        )
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stop:
        summary.wall_seconds = _and_since(summary.wall_seconds, began)
        unwanted = asked_to_stop(run.path.parent, summary.fingerprint or "")
        if unwanted is not None and isinstance(stop, Terminated):
            _record_end(run, summary, "pruned", unwanted)
            log.info("pruned: %s", unwanted)
            raise
        _record_end(run, summary, "interrupted", type(stop).__name__)
        log.info("interrupted; rnnexp resume %s goes on", shlex.quote(shown_path(run.path)))
        raise
    except BaseException as error:
        summary.wall_seconds = _and_since(summary.wall_seconds, began)
        _record_end(run, summary, "failed", f"{type(error).__name__}: {error}")
        log.debug("the run failed", exc_info=True)
        error.add_note(f"{shown_path(run.path)}/rnnexp.log has it too")  # for what main tells
        raise


def _and_since(seconds: float | None, began: float) -> float:
    """Of all processes that a run was in, as far as they could tell."""
    return round((seconds or 0.0) + time.perf_counter() - began, 3)


def _record_end(run: RunDirectory, summary: Summary, status: Status, reason: str) -> None:
    """How a run ended that has no result. A full disk may not hold it: then the log says so."""
    if summary.sealed:  # it has its result, and what failed came after it
        return
    summary.status, summary.reason = status, reason
    try:
        run.write_summary(summary)
    except StorageError as error:
        log.warning("its status is not written: %s", error)
