"""A task: its splits, its samples, its chance level. Shapes: N examples, T steps."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnexp import config, plugins
from rnnexp.checks.chance import without_memory
from rnnexp.checks.suite import Check, Values
from rnnexp.data.base import IGNORED, Task
from rnnexp.data.generated import Generated
from rnnexp.types import SequenceDataset, Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")

#: Steps of a sequence, unless the settings say otherwise; examples that chance is estimated from.
STEPS, ESTIMATED = 20, 20_000


def checks(name: str, settings: Mapping[str, Any]) -> list[Check]:
    """Those of `data=name` with these settings, `seq_len` among them."""
    task = make(name, settings)
    found = [
        ("a split is the same when it is made again", 0.0, same_splits),
        ("inputs are tokens of its vocabulary, or numbers", 0.0, inputs),
        ("targets are what its outputs can be", 0.0, targets),
        ("lengths lie between 0 and the steps there are", 0.0, lengths),
        ("its loss is finite and has a gradient", 0.0, loss),
    ]
    if isinstance(task, Generated):
        found.append(("fresh samples follow from the generator alone", 0.0, fresh))
        found.append(("it can be made at another length", 0.0, longer))
        if not task.regression and task.vocabulary is not None:
            found.append(("chance is what the best answer without memory scores", 0.03, chance))
    return [
        Check(f"data/{name}: {what}", tolerance, False, partial(run, name, settings))
        for what, tolerance, run in found
    ]


def make(name: str, settings: Mapping[str, Any]) -> Task:
    """The task at its defaults but for `settings`. Raises ConfigError for what it cannot be."""
    own = {key: value for key, value in settings.items() if key != "seq_len"}
    node = {**plugins.settings_of("data", name), **own}
    seq_len = settings.get("seq_len", STEPS)
    task: Task = config.build({"data": node}, "data", seq_len=seq_len, seed=0)
    return task


def _splits(task: Task) -> list[SequenceDataset]:
    return [split for name in SPLITS if len(split := task.split(name))]


def _share(right: list[bool] | Tensor) -> tuple[Values, Values]:
    """All are expected to be right, and this share is."""
    return 1.0, float(np.mean(np.asarray(right)))


def same_splits(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    made = [_splits(make(name, settings)) for _ in range(2)]
    return _share(
        [
            torch.equal(first.inputs, second.inputs) and torch.equal(first.targets, second.targets)
            for first, second in zip(*made, strict=True)
        ]
    )


def inputs(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    task = make(name, settings)
    right = []
    for split in _splits(task):
        values = split.inputs
        if task.vocabulary is None:
            is_right = values.is_floating_point() and values.shape[2:] == (task.input_size,)
            right.append(is_right and bool(values.isfinite().all()))
        else:
            is_right = not values.is_floating_point() and task.input_size == len(task.vocabulary)
            right.append(is_right and bool(((values >= 0) & (values < task.input_size)).all()))
    return _share(right)


def targets(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    task = make(name, settings)
    right = []
    for split in _splits(task):
        values, shape = split.targets, split.inputs.shape
        if task.regression:
            right.append(bool(values.isfinite().all()) and values.shape[-1] == task.output_size)
            continue
        asked = values[values != IGNORED] if task.per_step else values
        right.append(values.shape == (shape[:2] if task.per_step else shape[:1]))
        right.append(bool(((asked >= 0) & (asked < task.output_size)).all()))
    return _share(right)


def lengths(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    return _share(
        [
            bool(((split.lengths >= 0) & (split.lengths <= split.inputs.shape[1])).all())
            for split in _splits(make(name, settings))
        ]
    )


def loss(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """On outputs that are drawn: of the loss, its gradient and the scores, all are finite."""
    task = make(name, settings)
    batch = _splits(task)[0].rows(0, 8).as_batch()
    steps = batch.inputs.shape[1:2] if task.per_step else ()
    outputs = torch.randn(len(batch), *steps, task.output_size, requires_grad=True)
    value = task.loss(outputs, batch)
    (gradient,) = torch.autograd.grad(value, outputs)
    scores = task.scores(outputs.detach(), batch)
    right = [bool(value.isfinite()), bool(gradient.isfinite().all()), bool(gradient.abs().sum())]
    right += [bool(score.isfinite().all()) for score in scores.values()]
    return _share([*right, task.headline.name in scores])


def fresh(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """Equal from equal generators, others from others."""
    task = make(name, settings)
    first, again, other = (task.fresh(50, np.random.default_rng(seed)).inputs for seed in (0, 0, 1))
    return _share([torch.equal(first, again), not torch.equal(first, other)])


def longer(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """At twice and three times its length, or one more, as it allows: its inputs are as long."""
    task = make(name, settings)
    steps = task.split("test").inputs.shape[1]
    length = settings.get("seq_len", STEPS)
    for other in (2 * length, 2 * length + 1, 3 * length):
        try:
            made = task.at_length(other)
        except ValueError:
            continue
        return _share([made.split("test").inputs.shape[1] > steps])
    return 1.0, 0.0


def chance(name: str, settings: Mapping[str, Any]) -> tuple[Values, Values]:
    """Its own statement, and the best answer by step and token read there, estimated."""
    task = make(name, settings)
    assert isinstance(task, Generated)
    measured = without_memory(task, ESTIMATED)
    names = [key for key in measured if key in task.chance]
    expected = np.array([task.chance[key] for key in names])
    return expected, np.array([measured[key] for key in names])
