"""The story of one run: build task and model, train, test, record."""

import functools
import hashlib
import json
import logging
import math
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rnnexp import config as settings
from rnnexp.config import Dials
from rnnexp.errors import ConfigError
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.results.runs import RunDirectory, safe_name
from rnnexp.results.summary import SCHEMA_VERSION, CellFacts, Reading, Summary, TaskRecord

# torch takes seconds to import: what needs it is imported inside the functions that use it.

log = logging.getLogger(__name__)

#: Lines that a sweep shows too; all others go to each run's own rnnexp.log.
HEADLINE = {"headline": True}


class Terminated(BaseException):
    """SIGTERM: end in order, as with Ctrl-C."""


@dataclass(frozen=True)
class Experiment:
    """A run that is ready: every setting checked, every component built."""

    config: Mapping[str, Any]
    dials: Dials
    device: Any
    task: Any
    #: the same task at the other lengths that the trained network is tested at
    at_lengths: Mapping[int, Any]
    model: Any
    clip: Any
    trainer: Any
    probes: Mapping[str, Any]
    skipped_probes: Mapping[str, str]

    @property
    def content(self) -> str:
        """A hash of what a result stands on beside its settings: the files' content, the probes."""
        probes = self.config.get(settings.PROBES) or {}
        contents = f"{self.task.content}\n{self.model.encoder.content}\n{json.dumps(probes)}"
        return hashlib.sha256(contents.encode()).hexdigest()[:16]


def run(cfg: DictConfig) -> None:
    """One run from a composed configuration: what `rnnexp` does, alone or as a job of a sweep."""
    with flushed_denormals():  # here and not in the command: a launcher's worker comes in here too
        _run(settings.plain(cfg))


def _run(config: Mapping[str, Any]) -> None:
    if not in_sweep():
        words = HydraConfig.get().overrides.task if HydraConfig.initialized() else ()
        experiment = prepare(config, words)
        parts = [run_title(config), experiment.dials.name]
        execute(experiment, RunDirectory.create("_".join(filter(None, parts))))
        return
    job = SweepJob.current(config)
    with job.claimed() as free:
        if not free:
            log.info("%s  runs in another process", job, extra=HEADLINE)
            return
        try:
            experiment = prepare(config, HydraConfig.get().overrides.task)
        except Exception as error:
            job.record_failure(config, error)
            raise
        if (done := job.result(experiment.content)) is not None:
            log.info("%s  done before: %s", job, _result_line(done.model_dump()), extra=HEADLINE)
        else:
            summary = execute(experiment, RunDirectory.create_at(job.path))
            log.info("%s  %s", job, _result_line(summary), extra=HEADLINE)


def prepare(config: Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """Check every setting and build every component; nothing is written but the corpus cache.

    overrides: the words of the command line, which say which probes are insisted on.
    """
    import torch

    from rnnexp.embedding.features import Features
    from rnnexp.streams import stream_seed

    dials = settings.dials(config)
    for group in settings.GROUPS:  # a wrong name or type is told before any file is read
        settings.arguments(config, group)
    for name in settings.probe_names(config):
        settings.arguments(config, f"{settings.PROBES}.{name}")
    _default_threads()
    trainer = settings.build(config, "trainer")
    clip = settings.build(config, "clip")
    init = settings.build(config, "init", seq_len=dials.seq_len)
    device = pick_device(dials.device)
    torch.set_num_threads(dials.threads or _default_threads())
    task = _task(config, dials)
    at_lengths = _at_lengths(task)
    _held(task, at_lengths)
    _prefixed("trainer", trainer.check, task, device)
    # Weights are drawn on the CPU whatever the device, so that a seed means the same everywhere.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(dials.seed, "weights"))
        if task.vocabulary is None:
            encoder = Features(task.input_size)
        else:
            encoder = settings.build(config, "embedding", vocabulary=task.vocabulary)
        model = settings.build(
            config,
            "model",
            encoder=encoder,
            output_size=task.output_size,
            regression=task.regression,
            per_step=task.per_step,
        )
    generator = torch.Generator().manual_seed(stream_seed(dials.seed, "init"))
    _prefixed("", init, model, generator)
    if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
        raise ConfigError("the initial weights are not finite: lower what init or embedding scale")
    probes, skipped = _probes(config, model, task, overrides)
    return Experiment(
        config, dials, device, task, at_lengths, model.to(device), clip, trainer, probes, skipped
    )


def _held(task: Any, at_lengths: Mapping[int, Any]) -> None:
    """What is to be validated and tested on, made before the training and not after it."""
    try:
        for one in (task, *at_lengths.values()):
            one.split("test")
        task.split("val")
    except (MemoryError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"there is no memory for so many or so long validation and test examples: lower their "
            f"number, seq_len or data.eval_lengths ({reason})"
        ) from None


def _at_lengths(task: Any) -> dict[int, Any]:
    """The task at each of its `eval_lengths`, made now so that a wrong one is told before a run."""
    found = {}
    for length in task.eval_lengths:
        try:
            found[length] = task.at_length(length)
        except ValueError as error:
            raise ConfigError(f"data.eval_lengths={list(task.eval_lengths)}: {error}") from None
    return found


def _probes(
    config: Mapping[str, Any], model: Any, task: Any, overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The probes that can be measured here, and why others cannot: refused, if asked for."""
    probes, skipped = {}, {}
    for name in settings.probe_names(config):
        probe = settings.build(config, f"{settings.PROBES}.{name}")
        try:
            probe.check(model, task)
            probes[name] = probe
        except ValueError as error:
            if _asked_for(name, overrides):
                raise ConfigError(f"probe '{name}' {error}") from None
            skipped[name] = str(error)
    return probes, skipped


def _asked_for(name: str, overrides: Sequence[str]) -> bool:
    """Whether the command or the preset named the probe, rather than the default or `all`."""
    chosen = [
        word.partition("=")[2].strip("[]").replace(" ", "").split(",")
        for word in overrides
        if word.lstrip("+").partition("=")[0] == settings.PROBES
    ]
    if any(name in names for names in chosen):
        return True
    return name not in settings.DEFAULT_PROBES and not any("all" in names for names in chosen)


def execute(experiment: Experiment, run: RunDirectory) -> dict[str, Any]:
    """Train, test and record in a directory made for it; returns what summary.json holds."""
    import torch

    from rnnexp.experiment.environment import describe_environment, peak_memory_mb
    from rnnexp.probes.probe_set import ProbeSet
    from rnnexp.regime import regime_of
    from rnnexp.results.report import draw, run_findings, text

    task, model, trainer = experiment.task, experiment.model, experiment.trainer
    dials, device = experiment.dials, experiment.device
    probes = ProbeSet(experiment.probes, model, task, dials.seed, device)
    summary: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "status": "running",
        "reason": None,
        "started": datetime.now(UTC).isoformat(timespec="microseconds"),
        **describe(experiment),
        "chance": dict(task.chance),
        "perfect": {score.name: score.perfect for score in task.readings},
        "scores": {score.name: Reading.of(score).model_dump() for score in task.readings},
        "solved_at": task.solved,
        "regime": {},
        "probes": {},
        "skipped_probes": dict(experiment.skipped_probes),
    }
    started = time.perf_counter()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with _recorded(run, summary):
        run.write_config(_config_text(experiment.config))
        run.write_environment(describe_environment(device))
        run.write_task(
            TaskRecord.model_validate({**task.state(), "embedding_dim": model.encoder.output_size})
        )
        _log_start(experiment, summary, run)
        if (regime := regime_of(model, probes.examples)) is not None:
            summary["regime"] = regime.summary()
            for line in regime.lines():
                log.info("%s", line)

        fit = trainer.fit(model, task, experiment.clip, run, dials.seed, device, probes)
        summary |= {
            "epochs": fit.epochs,
            "steps": fit.steps,
            "best_epoch": fit.best_epoch,
            "seconds": round(fit.seconds, 3),
            "tokens_per_second": round(fit.tokens / fit.seconds) if fit.seconds else None,
            "probes": probes.scalars(),
            "probe_seconds": round(probes.seconds, 3),
        }
        if fit.status == "diverged":
            log.warning("diverged: %s", fit.reason)
        else:
            if trainer.patience is not None and fit.best_epoch is not None:
                from safetensors.torch import load_model

                load_model(model, str(run.best_weights), device=str(device))
            summary["test"], summary["test_interval"] = _test(experiment, task, run, "test")
            log.info("%s", _result_line(summary | {"status": "finished"}))
            summary["at_lengths"] = {}
            for length, other in experiment.at_lengths.items():
                try:
                    means, intervals = _test(experiment, other, run, f"test_T{length}")
                except (MemoryError, RuntimeError) as error:
                    # the test at its own length is the result and stays one
                    log.warning("at length %d: not tested (%s)", length, error)
                    continue
                summary["at_lengths"][str(length)] = {
                    "test": means,
                    "test_interval": intervals,
                    "chance": dict(other.chance),
                }
                log.info("at length %d: %s", length, _score_line(task, means, other.chance))
        summary["wall_seconds"] = round(time.perf_counter() - started, 3)
        summary["peak_memory_mb"] = peak_memory_mb(device)
        summary |= {"status": fit.status, "reason": fit.reason}
        run.write_summary(Summary.model_validate(summary))
        findings = run_findings(run)
        for block in text(findings):
            for line in block.splitlines():
                log.info("%s", line)
        if dials.plots:
            draw(findings, run.plots)
    log.info("%s", run.path)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return summary


def _test(
    experiment: Experiment, task: Any, run: RunDirectory, name: str
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Loss and scores of the test split, and the scores' bootstrap intervals over its examples."""
    from rnnexp.results.statistics import bootstrap_interval
    from rnnexp.training.feed import Sampler

    model, test = experiment.model, task.split("test")
    data = Sampler(test, experiment.device, trim=not model.reads_pads)
    found = experiment.trainer.evaluate(model, task, data)
    run.save_predictions(name, test.targets.numpy(), found.outputs, found.scores)
    intervals = {key: list(bootstrap_interval(scores)) for key, scores in found.scores.items()}
    return found.means, intervals


def describe(experiment: Experiment) -> dict[str, Any]:
    """What a run is, for summary.json: names, choices, sizes."""
    choices = group_choices()
    return {
        "model": choices.get("model") or type(experiment.model).__name__.lower(),
        "data": choices.get("data") or type(experiment.task).__name__.lower(),
        "seq_len": experiment.dials.seq_len,
        "seed": experiment.dials.seed,
        "fingerprint": settings.fingerprint(experiment.config),
        "content": experiment.content,
        "choices": choices,
        "overrides": task_overrides(),
        "parameters": sum(p.numel() for p in experiment.model.parameters()),
        "headline": experiment.task.headline.name,
        "synthetic": experiment.task.synthetic,
        "memory": experiment.task.memory,
        "unit": "step" if experiment.trainer.steps or experiment.task.generates else "epoch",
        "data_report": dict(experiment.task.report),
        "embedding_report": dict(experiment.model.encoder.report),
        "cell": _cell_facts(experiment.model),
    }


def _cell_facts(model: Any) -> CellFacts | None:
    """What summary.json says of the top layer's cell; None of a model without a gated one."""
    layers = model.recurrences()
    if not layers or layers[-1].cell.carry is None:
        return None
    cell = layers[-1].cell
    candidate = {"forget": "cell", "update": "new"}.get(cell.carry)
    return CellFacts(
        gates=list(cell.gates), carry=cell.carry, candidate=candidate,
        has_cell_state=cell.has_cell_state,
    )  # fmt: skip


@contextmanager
def _recorded(run: RunDirectory, summary: dict[str, Any]) -> Iterator[None]:
    """summary.json says `running` first and at the end what happened; rnnexp.log says all of it."""
    run.write_summary(Summary.model_validate(summary))
    package_log = logging.getLogger("rnnexp")
    handler = run.log_to_file()
    package_log.addHandler(handler)
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stop:
        summary |= {"status": "interrupted", "reason": type(stop).__name__}
        log.info("interrupted")
        raise
    except BaseException as error:
        summary |= {"status": "failed", "reason": f"{type(error).__name__}: {error}"}
        log.debug("the run failed", exc_info=True)
        raise
    finally:
        run.write_summary(Summary.model_validate(summary))
        package_log.removeHandler(handler)
        handler.close()


@dataclass(frozen=True)
class SweepJob:
    """A job of a sweep: its place in the study's directory, the same whenever it is run.

    The hash in its name tells jobs apart; the words before it are for people.
    """

    path: Path

    @classmethod
    def current(cls, config: Mapping[str, Any]) -> "SweepJob":
        """The job that Hydra is running."""
        study = Path(HydraConfig.get().sweep.dir)
        key = settings.fingerprint(config)[:8]
        # The same settings may have been spelled in other words before.
        for there in study.glob(f"*_{key}"):
            return cls(there)
        shown = ("experiment", "model", "seq_len", "seed", *settings.LABELS)
        others = [
            f"{key}={value}"
            for key, value in task_overrides().items()
            if key not in shown and key.lstrip("~").partition(".")[0] != settings.PROBES
        ]
        readable = safe_name("_".join([run_title(config), *others]))[:100]
        return cls(study / f"{readable}_{key}")

    def __str__(self) -> str:
        return f"#{HydraConfig.get().job.num + 1} {self.path.name.rpartition('_')[0]}"

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Whether this process alone may run the job; the claim ends with the process."""
        locks = self.path.parent / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{self.path.name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def ended(self) -> Summary | None:
        """The summary of an earlier attempt that came to its end."""
        if not (self.path / "summary.json").is_file():
            return None
        summary = RunDirectory.open(self.path).summary
        return summary if summary.done else None

    def result(self, content: str) -> Summary | None:
        """The summary of an earlier attempt that came to its end, on the same content of files."""
        summary = self.ended()
        if summary is not None and summary.content != content:
            log.warning("%s  the data or the probes have changed since it was run: run again", self)
            return None
        return summary

    def record_failure(self, config: Mapping[str, Any], error: Exception) -> None:
        """A row for the study of a job that could not begin, unless it has a result."""
        if self.ended() is not None:
            return
        run = RunDirectory.create_at(self.path)
        run.write_config(_config_text(config))
        choices = group_choices()
        run.write_summary(
            Summary(
                status="failed",
                reason=f"{type(error).__name__}: {error}",
                started=datetime.now(UTC).isoformat(timespec="microseconds"),
                model=choices.get("model"),
                data=choices.get("data"),
                seq_len=config.get("seq_len"),
                seed=config["seed"],
                fingerprint=settings.fingerprint(config),
                choices=choices,
                overrides=task_overrides(),
            )
        )


_TASKS: dict[str, Any] = {}
_TASKS_KEPT = 4


def _task(config: Mapping[str, Any], dials: Dials) -> Any:
    """The task; those built last are kept, since the jobs of a sweep share a few of them."""
    cls, arguments = settings.arguments(config, "data", seq_len=dials.seq_len, seed=dials.seed)
    key = repr((cls, sorted(arguments.items())))
    if key not in _TASKS:
        task = settings.build(config, "data", seq_len=dials.seq_len, seed=dials.seed)
        while len(_TASKS) >= _TASKS_KEPT:
            _TASKS.pop(next(iter(_TASKS)))
        _TASKS[key] = task
    return _TASKS[key]


def forget_tasks() -> None:
    """Their files may change before the next command of this process."""
    _TASKS.clear()


def _prefixed(group: str, check: Any, *arguments: Any) -> None:
    """Run a check whose ValueError is the user's to put right."""
    try:
        check(*arguments)
    except ValueError as error:
        raise ConfigError(f"{group}.{error}" if group else str(error)) from None


@functools.cache
def _default_threads() -> int:
    """torch's own choice: an earlier job of the sweep may have set another."""
    import torch

    return torch.get_num_threads()


def pick_device(name: str) -> Any:
    """The torch device of that name; `auto` takes CUDA, else MPS, else the CPU."""
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise ConfigError(f"device must be auto, cpu, cuda, cuda:N or mps (got {name})")
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and int(index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there[kind]:
        raise ConfigError(f"device={name} is not there: use device=cpu or device=auto")
    if kind == "cuda":
        # The same bytes for the same seed; cuBLAS reads the variable when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.device(name)


def in_sweep() -> bool:
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def group_choices() -> dict[str, str]:
    """The option chosen in each group, as Hydra knows it."""
    if not HydraConfig.initialized():
        return {}
    choices = HydraConfig.get().runtime.choices
    return {group: str(choices[group]) for group in settings.GROUPS if choices.get(group)}


def task_overrides() -> dict[str, str]:
    """What the command line (and a preset's sweep) set, by key."""
    if not HydraConfig.initialized():
        return {}
    pairs = (o.lstrip("+").partition("=") for o in HydraConfig.get().overrides.task)
    return {key: value for key, _, value in pairs}


def run_title(config: Mapping[str, Any]) -> str:
    """`lstm_T400_s0`"""
    model = group_choices().get("model") or config["model"]["_target_"].rpartition(".")[2].lower()
    return f"{model}_T{config['seq_len']}_s{config['seed']}"


def _config_text(config: Mapping[str, Any]) -> str:
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return f"# {shlex.join(['rnnexp', *words])}\n" + OmegaConf.to_yaml(
        OmegaConf.create(dict(config))
    )


def _log_start(experiment: Experiment, summary: Mapping[str, Any], run: RunDirectory) -> None:
    for name, reason in experiment.skipped_probes.items():
        log.info("probe %s left out: it %s", name, reason)
    report, task = summary["data_report"], experiment.task
    training = f"{report['train']} training" if "train" in report else "fresh training samples"
    log.info(
        "data %s%s: %s, %d validation, %d test; vocabulary %s; chance %s",
        summary["data"], " (synthetic)" if task.synthetic else "", training,
        report.get("val", 0), report.get("test", 0), report.get("vocabulary", "none"),
        task.score.show(task.score.chance),
    )  # fmt: skip
    repeated = report.get("test_duplicates_of_train", 0)
    if repeated:
        log.info("%d of the test texts also stand in the training split", repeated)
    width = task.split("test").inputs.shape[1]
    log.info(
        "model %s: %d parameters, %d steps, read at %s, pads %s, on %s",
        summary["model"], summary["parameters"], width,
        "every step" if task.per_step else experiment.model.readout,
        report.get("padding", "behind" if report.get("pads") else "none"), experiment.device,
    )  # fmt: skip
    if found := summary["embedding_report"]:
        log.info("Found embeddings for %d / %d words", found["matched"], found["words"])


def _result_line(summary: Mapping[str, Any]) -> str:
    if summary["status"] == "diverged":
        return f"diverged: {summary['reason']}"
    score = Summary.model_validate(summary).score()
    assert score is not None
    interval = summary.get("test_interval", {}).get(score.name)
    shown = score.show(summary["test"][score.name])
    if interval is not None and all(end is not None and math.isfinite(end) for end in interval):
        low, high = (score.show(end) for end in interval)
        shown += f" (95% over examples: {low} to {high})"
    against = f", chance {score.show(score.chance)}" if score.chance is not None else ""
    return f"test {score.name} {shown}{against}; {summary['seconds']:.1f} s of training"


def _score_line(task: Any, means: Mapping[str, float], chance: Mapping[str, float]) -> str:
    score = task.headline
    shown, at_chance = score.show(means[score.name]), score.show(chance[score.name])
    return f"test {score.name} {shown}, chance {at_chance}"
