"""A probe: it measures numbers, the same when asked again, and the training does not notice."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from rnnexp import config, plugins
from rnnexp.checks.suite import Check, Values
from rnnexp.data.recall import Recall
from rnnexp.embedding.learned import Learned
from rnnexp.errors import ConfigError
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.base import Measurement, Probe, ProbeView

STEPS, PADS, EXAMPLES, HIDDEN = 24, 3, 48, 6
#: A cell with gates and one without: a probe may need either.
CELLS = ("lstm", "rnn")


def checks(name: str, settings: Mapping[str, Any]) -> list[Check]:
    """Those of `probes=name` with these settings, on a small network and texts of random symbols.

    Raises ConfigError for one that cannot measure there, with what it says it needs.
    """
    probe = make(name, settings)
    refusals = [_refusal(probe, cell) for cell in CELLS]
    if None not in refusals:
        raise ConfigError(
            f"probes/{name} {refusals[0]}: other settings may do, as in rnnexp verify "
            f"probes/{name} name=value"
        )
    cell = CELLS[refusals.index(None)]
    return [
        Check(f"probes/{name}: {what}", 0.0, False, partial(run, name, settings, cell))
        for what, run in (
            ("it measures numbers and float64 arrays", numbers),
            ("measured again, it is the same", again),
            ("weights and their gradients stay as they are", weights),
            ("no random numbers are drawn from torch's or numpy's state", randomness),
        )
    ]


def make(name: str, settings: Mapping[str, Any]) -> Probe:
    node = {**plugins.settings_of("probes", name).get(name, {}), **settings}
    probe: Probe = config.build({"probes": {name: node}}, f"probes.{name}")
    return probe


def _refusal(probe: Probe, cell: str) -> str | None:
    """Why the probe does not measure a network of that cell; None where it does."""
    view = _view(cell)
    try:
        probe.check(view.model, view.task)
    except ValueError as error:
        return str(error)
    return None


def _view(cell: str) -> ProbeView:
    """Of a network as it was drawn, after a first epoch of five steps."""
    torch.manual_seed(0)
    task = Recall(seq_len=STEPS, pads=PADS, classes=2, val_count=EXAMPLES, test_count=EXAMPLES)
    assert task.vocabulary is not None
    model = Unrolled(
        Learned(task.vocabulary, 4), task.output_size, cell=cell, hidden_size=HIDDEN,
        readout="last",
    )  # fmt: skip
    examples = task.split("val").as_batch()
    random = np.random.default_rng(0)
    names = ["loss", "norm_before", "norm_after", "fired", "nonfinite"]
    for when in ("before", "after"):
        names += [f"{when}.{parameter}" for parameter in model.recurrence_parameters()]
    steps = {step: random.uniform(0.1, 1.0, size=5) for step in names}
    return ProbeView(model, task, 1, examples, examples, steps)


def _measured(name: str, settings: Mapping[str, Any], view: ProbeView) -> Measurement:
    with np.errstate(all="ignore"):
        return make(name, settings).measure(view)


def numbers(name: str, settings: Mapping[str, Any], cell: str) -> tuple[Values, Values]:
    values = _measured(name, settings, _view(cell)).values()
    right = [
        isinstance(value, float | int)
        or (isinstance(value, np.ndarray) and value.dtype == np.float64)
        for value in values
    ]
    return 1.0, float(np.mean(right)) if right else 0.0


def again(name: str, settings: Mapping[str, Any], cell: str) -> tuple[Values, Values]:
    first, second = (_measured(name, settings, _view(cell)) for _ in range(2))
    right = [first.keys() == second.keys()]
    right += [
        key in second and np.array_equal(first[key], second[key], equal_nan=True) for key in first
    ]
    return 1.0, float(np.mean(right))


def weights(name: str, settings: Mapping[str, Any], cell: str) -> tuple[Values, Values]:
    view = _view(cell)
    model = view.model
    assert isinstance(model, Unrolled)
    before = {key: weight.detach().clone() for key, weight in model.named_parameters()}
    _measured(name, settings, view)
    right = [
        torch.equal(weight, before[key]) and weight.grad is None and weight.requires_grad
        for key, weight in model.named_parameters()
    ]
    return 1.0, float(np.mean([*right, model.training]))


def randomness(name: str, settings: Mapping[str, Any], cell: str) -> tuple[Values, Values]:
    """The training takes its random numbers from (seed, step); a user's own cell may not."""
    view = _view(cell)
    of_torch, of_numpy = torch.get_rng_state(), _numpy_state()
    _measured(name, settings, view)
    same = of_numpy == _numpy_state()
    return 1.0, float(torch.equal(of_torch, torch.get_rng_state()) and same)


def _numpy_state() -> str:
    """Of numpy's global generator, which a probe should not use."""
    return repr(np.random.get_state(legacy=False))  # noqa: NPY002
