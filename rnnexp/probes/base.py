"""The interface of a probe: when it looks, at what, and what it returns.

Shapes: T time, B batch, E features, H hidden.
"""

import logging
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.ranges import at_least
from rnnexp.streams import stream_seed
from rnnexp.types import Batch, Rollout, SequenceDataset, Split

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]
Measurement = dict[str, float | Array]

#: Rolled out at a time: steps x examples x rows of recurrent weights. About 300 MB, and twice that
#: while one part follows the other.
ROLLOUT_SIZE = 2000 * 8 * 512


class Observed(Protocol):
    """What a probe needs of a model."""

    @property
    def reads_pads(self) -> bool: ...
    @property
    def reads_one_step(self) -> bool: ...
    @property
    def gate_names(self) -> tuple[str, ...]: ...
    def recurrent_weights(self) -> Mapping[str, Tensor]: ...
    def rollout(self, batch: Batch) -> Rollout: ...


class Source(Protocol):
    """What a probe needs of a task."""

    def split(self, name: Split) -> SequenceDataset: ...
    def whole_lengths(self, name: Split) -> Tensor: ...
    def whole(self, name: Split, rows: Sequence[int]) -> Batch: ...
    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor: ...


@dataclass(frozen=True)
class ProbeView:
    """What a probe may look at. Nothing it does reaches the training.

    examples: a random sample of the validation split, the same all through the run.
    longest: the validation examples that come nearest to filling all steps: where all of them do,
        a time step has the same distance from the readout in every example.
    steps: per step of the epoch just trained: norms, loss, ...; empty before the first.
    """

    model: Observed
    task: Source
    epoch: int
    examples: Batch
    longest: Batch
    steps: Mapping[str, Array]

    def rollouts(self, batch: Batch) -> Iterator[tuple[Rollout, Batch]]:
        """`batch` in parts that fit into memory, each rolled out, with its examples."""
        rows = sum(len(weight) for weight in self.model.recurrent_weights().values())
        size = max(1, ROLLOUT_SIZE // (batch.inputs.shape[1] * rows))
        for start in range(0, len(batch), size):
            part = batch.rows(start, start + size)
            yield self.model.rollout(part), part

    def total_loss(self, rollout: Rollout, batch: Batch) -> Tensor:
        """The sum of the examples' losses: each example's gradient is then its own, not 1/B.

        Of a task that answers at every step, the losses of its last answer.
        """
        return self.task.followed_loss(rollout.outputs, batch.to(rollout.outputs.device))


class Probe(ABC):
    """A measurement on a schedule.

    rolls_out: whether it rolls the network out, and needs it to be finite.
    at_start: before the first step. every: after every n-th epoch, 0 for none. at_end: after the
    last epoch.
    """

    rolls_out: ClassVar[bool] = True

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        at_least("every", every, 0)
        self.at_start, self.every, self.at_end = at_start, every, at_end

    def due(self, epoch: int, last: bool) -> bool:
        if epoch == 0:
            return self.at_start or (last and self.at_end)
        return (self.every > 0 and epoch % self.every == 0) or (last and self.at_end)

    def check(self, model: Observed, task: Source) -> None:
        """Raise ValueError, `needs ...`, where the probe cannot be measured. All need states."""
        if not model.recurrent_weights():
            raise ValueError(
                f"needs a recurrent model; model={type(model).__name__.lower()} has none"
            )

    @abstractmethod
    def measure(self, view: ProbeView) -> Measurement:
        """Plain numbers and arrays, float64; numbers also go to summary.json."""


def example_rows(
    dataset: SequenceDataset, count: int, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of `count` random examples, and of the `count` longest (the first among equals)."""
    size = min(count, len(dataset))
    random = np.sort(generator.permutation(len(dataset))[:size])
    longest = np.sort(np.argsort(-dataset.lengths.numpy(), kind="stable")[:size])
    return random, longest


class ProbeSet:
    """The probes of a run, what they have measured, and the seconds it took.

    save: writes a probe's arrays, each measurement a row, with the row of epochs.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        model: Observed,
        task: Source,
        seed: int,
        device: torch.device,
        examples: int = 32,
    ) -> None:
        self.probes, self.model, self.task = probes, model, task
        self.seconds = 0.0
        self._history: dict[str, list[tuple[int, int, Measurement]]] = {n: [] for n in probes}
        self._unsaved = dict.fromkeys(probes, 0)
        # Without a validation split the training examples serve: the test split is for the end,
        # and serves only where there is no other.
        splits: tuple[Split, ...] = ("val", "train", "test")
        dataset = next(found for name in splits if len(found := task.split(name)))
        rows = example_rows(dataset, examples, np.random.default_rng(stream_seed(seed, "probes")))
        self.examples, self.longest = (
            dataset.batch(torch.from_numpy(chosen)).to(device) for chosen in rows
        )

    def measure(
        self,
        epoch: int,
        step: int,
        last: bool,
        save: Callable[[str, Mapping[str, npt.NDArray[Any]]], None],
        steps: Mapping[str, Array] | None = None,
        diverged: bool = False,
    ) -> float:
        """Ask every probe that is due; returns the seconds that it took.

        epoch 0 is before the first step; step: those taken.

        After a divergence nothing is rolled out: what the steps were is all there is to know.
        """
        started = time.perf_counter()
        view = ProbeView(self.model, self.task, epoch, self.examples, self.longest, steps or {})
        for name, probe in self.probes.items():
            history = self._history[name]
            due = probe.due(epoch, last) and not (diverged and probe.rolls_out)
            if due and (found := _measured(name, probe, view)):
                history.append((epoch, step, found))
                self._unsaved[name] += 1
            # A file holds all measurements so far: written each time, long runs would do nothing
            # else in the end.
            if self._unsaved[name] > (0 if last else len(history) // 10):
                save(name, stacked(history))
                self._unsaved[name] = 0
        seconds = time.perf_counter() - started
        self.seconds += seconds
        return seconds

    def scalars(self) -> dict[str, dict[str, float]]:
        """The numbers of each probe's last measurement."""
        return {
            name: {k: float(v) for k, v in history[-1][2].items() if np.ndim(v) == 0}
            for name, history in self._history.items()
            if history
        }


def _measured(name: str, probe: Probe, view: ProbeView) -> Measurement:
    """What the probe finds; nothing where states that are not finite have no such number."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            # what is not finite is kept as such: it needs no warning of each sum that it enters
            warnings.simplefilter("ignore", RuntimeWarning)
            return probe.measure(view)
    except (np.linalg.LinAlgError, torch.linalg.LinAlgError) as error:  # type: ignore[attr-defined]
        log.warning("probe %s measured nothing at epoch %d: %s", name, view.epoch, error)
        return {}


def stacked(history: Sequence[tuple[int, int, Measurement]]) -> dict[str, npt.NDArray[Any]]:
    """A row per measurement, (epoch, step, what was found); NaN fills the end of shorter ones."""
    columns: dict[str, npt.NDArray[Any]] = {
        "epoch": np.array([epoch for epoch, _, _ in history]),
        "step": np.array([step for _, step, _ in history]),
    }
    measurements = [found for _, _, found in history]
    for key in dict.fromkeys(key for found in measurements for key in found):
        values = [np.asarray(found.get(key, np.nan), dtype=np.float64) for found in measurements]
        shape = np.max([value.shape for value in values if value.ndim == values[-1].ndim], axis=0)
        table = np.full((len(values), *np.atleast_1d(shape).astype(int)), np.nan)
        for row, value in enumerate(values):
            here: tuple[int | slice, ...] = (row, *(slice(size) for size in value.shape))
            table[here] = value
        columns[key] = table
    return columns


def class_of(dataset: SequenceDataset) -> npt.NDArray[np.int64]:
    """The class of each example; one for all where the targets are numbers, or one per step."""
    if dataset.targets.dim() == 1 and not dataset.targets.is_floating_point():
        return dataset.targets.numpy()
    return np.zeros(len(dataset), np.int64)


def text_alone(batch: Batch) -> Batch:
    """Cut to the shortest of the examples, so that none has pads."""
    width = max(int(batch.lengths.min()), 1)
    if batch.padding == "post":
        return batch.cut(width)
    return replace(
        batch, inputs=batch.inputs[:, -width:], lengths=torch.full_like(batch.lengths, width)
    )


def l2_norm(x_BE: Tensor) -> Tensor:
    """L2 norm of each row, right down to the smallest float64 numbers.

    The plain sum of squares underflows to 0 below 1e-162 and overflows above 1e154.
    """
    largest_B1 = x_BE.abs().amax(dim=-1, keepdim=True)
    scale_B1 = torch.where((largest_B1 > 0) & largest_B1.isfinite(), largest_B1, 1.0)
    norm_B: Tensor = torch.linalg.vector_norm(x_BE / scale_B1, dim=-1) * scale_B1[..., 0]
    return norm_B


def mean_where(values_TB: Array, mask_TB: npt.NDArray[np.bool_]) -> Array:
    """Mean over the examples of the mask, NaN at steps that none has."""
    count_T = mask_TB.sum(axis=1)
    total_T = np.where(mask_TB, values_TB, 0.0).sum(axis=1)
    return np.where(count_T > 0, total_T / np.maximum(count_T, 1), np.nan)
