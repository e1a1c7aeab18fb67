"""From a spec to components: every setting checked, everything built.

The one thing written is the cache of tokenised texts.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, get_args

import torch

from rnnexp import bounds
from rnnexp import config as settings
from rnnexp.data.base import Task
from rnnexp.embedding.base import Encoder
from rnnexp.embedding.features import Features
from rnnexp.errors import ConfigError, UserError, first_line
from rnnexp.experiment.code import code_of
from rnnexp.experiment.denormals import flushed_denormals
from rnnexp.experiment.devices import pick_device
from rnnexp.experiment.identity import files_fingerprint
from rnnexp.experiment.room import bytes_of_weight, check_states
from rnnexp.experiment.spec import RunSpec
from rnnexp.experiment.work import Work, work_of
from rnnexp.init.base import Init
from rnnexp.logger.base import Logger
from rnnexp.model.base import SequenceModel
from rnnexp.model.engine import Engine
from rnnexp.probes.base import Probe
from rnnexp.results.reuse import Identity
from rnnexp.streams import stream_seed
from rnnexp.training.contradictions import check_data, check_segments
from rnnexp.training.recipe import Recipe
from rnnexp.training.trainer import Trainer


@dataclass(frozen=True)
class Experiment:
    """A run that is ready: every setting checked, every component built.

    at_lengths: the task at the other lengths that the trained network is tested at.
    skipped_probes: why a probe that nobody named is not measured, by its name.
    work: how much its training computes. threads: of the CPU, as they were set or chosen.
    """

    spec: RunSpec
    device: torch.device
    task: Task
    at_lengths: Mapping[int, Task]
    model: SequenceModel
    recipe: Recipe
    trainer: Trainer
    probes: Mapping[str, Probe]
    skipped_probes: Mapping[str, str]
    work: Work
    threads: int
    loggers: Mapping[str, Logger]

    @property
    def contents(self) -> tuple[str, str]:
        """Digests of the files that the task and the encoder read; empty where they read none."""
        return self.task.content, self.model.encoder.content

    @property
    def contents_before(self) -> list[tuple[str, str]]:
        """What earlier versions had for `contents` of the same files, where it was otherwise."""
        return [(content, self.model.encoder.content) for content in self.task.contents_before()]

    @property
    def engine(self) -> str | None:
        """What computes the recurrence; see `rnnexp.model.engine`."""
        return self.model.engine_on(self.device, self.trainer.precision != "float32")

    @property
    def content(self) -> str:
        """A hash of `contents`, for summary.json."""
        return files_fingerprint(*self.contents)

    @cached_property
    def code(self) -> str | None:
        """Digests of the source of the user's own components, for summary.json; see code.py."""
        config, model = self.spec.config, self.model
        code = code_of(
            [settings.arguments(config, group)[0] for group in settings.GROUPS],
            [type(probe) for probe in self.probes.values()],
            [type(part) for part in (*model.modules(), *(r.cell for r in model.recurrences()))],
        )
        return None if code is None else str(code)

    @cached_property
    def identity(self) -> Identity:
        """What tells whether a run on disk is this one."""
        return Identity(
            self.spec.fingerprint,
            self.content,
            self.spec.probes_fingerprint,
            self.code,
            tuple(files_fingerprint(*contents) for contents in self.contents_before),
        )


def build(spec: RunSpec) -> Experiment:
    """Check every setting and build every component."""
    with flushed_denormals():  # torch may start its threads here, and they keep the mode
        return _build(spec)


def _build(spec: RunSpec) -> Experiment:
    config, dials = spec.settled, spec.dials
    for group in settings.GROUPS:  # a wrong name or type is told before any file is read
        settings.arguments(config, group)
    for group in settings.LISTS:
        for name in settings.names_in(config, group):
            settings.arguments(config, f"{group}.{name}")
    default_threads()
    trainer: Trainer = settings.build(config, "trainer")
    recipe = Recipe(
        **{name: settings.build(config, name) for name in (field.name for field in fields(Recipe))}
    )
    init: Init = settings.build(config, "init", seq_len=dials.seq_len)
    loggers = _loggers(config)
    device = pick_device(dials.device)
    _check_threads(config.get("threads"))
    # one thread, so that weights that are computed, as orthogonal ones, are the same for any number
    torch.set_num_threads(1)
    task = _task(spec)
    at_lengths = _at_lengths(task)
    _make_splits(task, at_lengths)
    _checked(config, "trainer", check_data, trainer, task, device)
    _checked(config, "loss", recipe.loss.check, task)
    # Weights are drawn on the CPU whatever the device, so that a seed means the same everywhere.
    with (
        torch.random.fork_rng(devices=[]),
        bounds.weighing(bytes_of_weight(recipe.optimizer, trainer.ema)),
    ):
        torch.manual_seed(stream_seed(dials.seed, "weights"))
        encoder: Encoder
        if task.vocabulary is None:
            if dropout := config["embedding"].get("dropout"):
                raise ConfigError(
                    f"embedding.dropout={dropout} drops features of word vectors, and this data "
                    "has numbers in their place: use embedding.dropout=0"
                )
            encoder = Features(task.input_size)
        else:
            encoder = settings.build(config, "embedding", vocabulary=task.vocabulary)
        model = build_model(
            config, encoder, task.output_size, regression=task.regression, per_step=task.per_step
        )
    generator = torch.Generator().manual_seed(stream_seed(dials.seed, "init"))
    _checked(config, "init", init, model, generator)
    if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
        raise ConfigError("the initial weights are not finite: lower what init or embedding scale")
    _checked(config, "model", check_directions, model, task)
    _checked(config, "trainer", check_segments, trainer, model, task)
    _checked(config, "trainer", check_states, trainer, model, task, device)
    plan = trainer.plan(trainer.feed(model, task, dials.seed, device).epoch_steps)
    _checked(config, "regulariser", recipe.regulariser.check, model, sum(plan))
    _checked(config, "schedule", check_schedule, recipe, task, plan)
    probes, skipped = _probes(spec, model, task)
    work = work_of(trainer, model, task, dials.seed)
    threads = config.get("threads") or work.threads(bounds.own_cores(), default_threads())
    torch.set_num_threads(threads)
    experiment = Experiment(
        spec, device, task, at_lengths, model.to(device), recipe, trainer, probes, skipped, work,
        threads, loggers,
    )  # fmt: skip
    _check_engine(experiment)
    return experiment


def check_directions(model: SequenceModel, task: Task) -> None:
    """Raise ValueError where one of two directions would read the answers."""
    if task.foretells and model.directions > 1:
        raise ValueError(
            "bidirectional=true has a direction that reads what is to be foretold: use "
            "model.bidirectional=false"
        )


def check_schedule(recipe: Recipe, task: Task, plan: Sequence[int]) -> None:
    """Raise ValueError where it has nothing to go by, or nothing to do in the plan's epochs."""
    schedule = recipe.schedule
    if schedule.varies and not plan:
        raise ValueError("schedule is of a training and epochs=0 has none: use schedule=none")
    if schedule.watches and not len(task.split("val")):
        way_out = "data.val_count=1000" if task.generates else "data.split=80/10/10"
        raise ValueError(
            f"schedule watches the validation split and the data has none: use {way_out}, or "
            "schedule=none"
        )
    schedule.check(sum(plan), len(plan), recipe.optimizer.lr)


def _check_engine(experiment: Experiment) -> None:
    """Raise ConfigError for an engine that was asked for, or is needed, and would not compute."""
    config, there = experiment.spec.config, experiment.engine
    model, precision = experiment.model, experiment.trainer.precision
    asked = config["model"].get("engine", "auto")
    if asked in get_args(Engine) and asked != there:
        raise ConfigError(
            f"model.engine={asked} computes in float32 and trainer.precision={precision} does not: "
            "use model.engine=auto"
        )
    width = experiment.task.split("test").inputs.shape[1]
    noting = [name for name, probe in experiment.probes.items() if probe.state_distances(width)]
    whole = experiment.trainer.truncate is None and experiment.trainer.accumulate == 1
    if noting and not whole:
        raise ConfigError(
            "probes.gradient_flow.every_step=true notes the gradients of a whole batch over all "
            "steps: use trainer.truncate=null and trainer.accumulate=1, or leave every_step out"
        )
    if noting and there != "bptt":
        can_be = model.can_bptt and precision == "float32" and "engine" in config["model"]
        way_out = "add model.engine=bptt" if can_be else "use model=rnn or model=gru in float32"
        way_out = "use model.recurrent_dropout=0" if model.recurrent_dropout else way_out
        raise ConfigError(
            f"probes.gradient_flow.every_step=true notes what engine=bptt comes by, and this run "
            f"computes with engine={there}: {way_out}, or leave every_step out"
        )


def build_model(
    config: Mapping[str, Any],
    encoder: Encoder,
    output_size: int,
    *,
    regression: bool,
    per_step: bool,
) -> SequenceModel:
    """The configured model for a task of that kind."""
    model: SequenceModel = settings.build(
        config,
        "model",
        encoder=encoder,
        output_size=output_size,
        regression=regression,
        per_step=per_step,
    )
    return model


def facts_of(task: Task) -> dict[str, Any]:
    """What `build_model` must know of a task, in plain values: task.json keeps it."""
    return {
        "vocabulary": None if task.vocabulary is None else list(task.vocabulary),
        "input_size": task.input_size,
        "output_size": task.output_size,
        "regression": task.regression,
        "per_step": task.per_step,
    }


_tasks: dict[tuple[type[Task], str], Task] = {}
_TASKS_KEPT = 4


def _task(spec: RunSpec) -> Task:
    """The task; those built last are kept, since the jobs of a study share a few of them.

    One that is kept serves again as long as the files that it was made from hold what they held.
    """
    offered = {"seq_len": spec.dials.seq_len, "seed": spec.dials.seed}
    cls, arguments = settings.arguments(spec.config, "data", **offered)
    key = cls, repr(sorted(arguments.items()))
    kept = _tasks.pop(key, None)
    if kept is None or kept.current_content() != kept.content:
        kept = settings.build(spec.config, "data", **offered)
        while len(_tasks) >= _TASKS_KEPT:
            _tasks.pop(next(iter(_tasks)))
    _tasks[key] = kept
    return kept


def _at_lengths(task: Task) -> dict[int, Task]:
    """The task at each of its `eval_lengths`, made now so that a wrong one is told before a run."""
    tasks = {}
    for length in task.eval_lengths:
        try:
            tasks[length] = task.at_length(length)
        except ValueError as error:
            raise ConfigError(f"data.eval_lengths={list(task.eval_lengths)}: {error}") from None
    return tasks


def _make_splits(task: Task, at_lengths: Mapping[int, Task]) -> None:
    """What is to be validated and tested on, made before the training and not after it."""
    try:
        for tested in (task, *at_lengths.values()):
            tested.split("test")
        task.split("val")
    except (MemoryError, RuntimeError) as error:
        reason = first_line(error) or type(error).__name__
        raise ConfigError(
            f"there is no memory for so many or so long validation and test examples: lower their "
            f"number, seq_len or data.eval_lengths ({reason})"
        ) from None


def _loggers(config: Mapping[str, Any]) -> dict[str, Logger]:
    """Raises ConfigError for one that could not log, as where its package is not installed."""
    loggers: dict[str, Logger] = {}
    for name in settings.names_in(config, settings.LOGGER):
        loggers[name] = settings.build(config, f"{settings.LOGGER}.{name}")
        _checked(config, f"{settings.LOGGER}.{name}", loggers[name].check)
    return loggers


def _probes(
    spec: RunSpec, model: SequenceModel, task: Task
) -> tuple[dict[str, Probe], dict[str, str]]:
    """The probes that can be measured here, and why others cannot.

    Raises ConfigError for one that cannot and that the command or the preset names.
    """
    probes: dict[str, Probe] = {}
    skipped: dict[str, str] = {}
    for name in settings.probe_names(spec.config):
        probe: Probe = settings.build(spec.config, f"{settings.PROBES}.{name}")
        try:
            probe.check(model, task)
            probes[name] = probe
        except ValueError as error:
            if spec.asks_for_probe(name):
                raise ConfigError(f"probe '{name}' {error}") from None
            skipped[name] = str(error)
            continue
        for also, companion in probe.companions().items():  # which a setting asks for
            try:
                companion.check(model, task)
            except ValueError as error:
                raise ConfigError(f"probe '{name}' {error}") from None
            probes[also] = companion
    return probes, skipped


def _checked(
    config: Mapping[str, Any], group: str, check: Callable[..., None], *arguments: Any
) -> None:
    """Run a check of a component whose ValueError is the user's to put right."""
    try:
        check(*arguments)
    except UserError:
        raise
    except ValueError as error:
        own = settings.node_of(config, group)
        raise ConfigError(settings.with_group(str(error), group, own)) from None


def _check_threads(threads: int | None) -> None:
    if threads is None:
        return
    try:
        bounds.threads(threads)
    except ValueError as error:
        raise ConfigError(str(error)) from None


@functools.cache
def default_threads() -> int:
    """As many as there may be: torch's number before the first job, which is that of the cores or
    what OMP_NUM_THREADS says. A job may set another."""
    return torch.get_num_threads()
