"""A training that is saved, so that another process can go on with it to the same bytes.

Tensors are safetensors, the rest is JSON: nothing that is read is ever executed, as pickle would.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from rnnexp.dials import Checkpoints
from rnnexp.errors import StorageError, Terminated
from rnnexp.interrupts import Pending, deferred
from rnnexp.model.base import SequenceModel
from rnnexp.training.feed import Feed
from rnnexp.training.fit import Fit
from rnnexp.training.recorder import Probes, Recorder
from rnnexp.training.steps import Clock, EpochSteps
from rnnexp.training.tensors import (
    optimizer_state,
    restore_optimizer,
    tensor_bytes,
    tensors_of,
    weights_of,
)
from rnnexp.training.update import Update
from rnnexp.types import Batch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A training that can be gone on with, to the same bytes.

    It holds no state of a random generator: batches, samples and dropout are functions of the seed
    and of the step.

    fit: what came of the epochs that have ended. weights: now. optimizer: see `optimizer_state`.
    steps: of the epoch under way, see `EpochSteps.state`; None between two epochs.
    probes: what the probes have measured, see `ProbeSet.state`; None of a run without probes.
    feed: what the feed has learned of the training, see `Feed.state`.
    averages: of the weights, see `Average.state`; None of a training without.
    carried: the flat states of a stateful model, by layer; None without.
    files: the sizes of the files that grow, when the last epoch had been recorded.
    """

    fit: Fit
    weights: Mapping[str, Tensor]
    optimizer: tuple[Mapping[str, Tensor], Mapping[str, Any]]
    steps: tuple[Mapping[str, Tensor], Mapping[str, Any]] | None
    probes: tuple[Mapping[str, Tensor], Mapping[str, Any]] | None
    feed: Mapping[str, Any]
    files: Mapping[str, int]
    averages: Mapping[str, Tensor] | None = None
    carried: Mapping[str, Tensor] | None = None

    @property
    def name(self) -> str:
        """`epoch_000002_step_000000340`: epochs that have ended, and steps. It sorts by time."""
        taken = len(self.steps[1]["sizes"]) if self.steps is not None else 0
        return f"epoch_{self.fit.epochs:06d}_step_{self.fit.steps + taken:09d}"

    def contents(self) -> dict[str, bytes]:
        """Its files, by name: tensors as safetensors."""
        best = self.fit.best_weights
        parts = {
            "weights": self.weights,
            "optimizer": self.optimizer[0],
            **({"steps": self.steps[0]} if self.steps is not None else {}),
            **({"probes": self.probes[0]} if self.probes is not None else {}),
            **({"best": best} if best is not None else {}),
            **({"averages": self.averages} if self.averages is not None else {}),
            **({"carried": self.carried} if self.carried is not None else {}),
        }
        return {f"{name}.safetensors": tensor_bytes(tensors) for name, tensors in parts.items()}

    def state(self) -> dict[str, Any]:
        """The rest, as JSON values."""
        return {
            "fit": self.fit.state(),
            "optimizer": self.optimizer[1],
            "steps": None if self.steps is None else self.steps[1],
            "probes": None if self.probes is None else self.probes[1],
            "feed": dict(self.feed),
            "files": dict(self.files),
        }

    def restore(self, model: SequenceModel, update: Update, feed: Feed, keep_best: bool) -> Fit:
        """Bring model, update and feed here; returns how far the training has come.

        keep_best: whether the best epoch's weights are wanted.
        """
        model.load_state_dict(self.weights)
        restore_optimizer(update.optimizer, *self.optimizer)
        if self.carried is not None:
            model.carry([self.carried[f"l{number}"] for number in range(len(self.carried))])
        if update.average is not None and self.averages is not None:
            update.average.restore(self.averages)
        feed.restore(self.feed)
        return self.fit if keep_best else replace(self.fit, best_weights=None)

    @property
    def lacks_best(self) -> bool:
        """Whether there was a best epoch whose weights it does not hold."""
        return self.fit.best_epoch is not None and self.fit.best_weights is None

    @classmethod
    def of(cls, contents: Mapping[str, bytes], state: Mapping[str, Any]) -> "Checkpoint":
        """The reverse of `contents` and `state`."""
        tensors = {
            name.removesuffix(".safetensors"): tensors_of(content)
            for name, content in contents.items()
        }

        def part(name: str) -> tuple[Mapping[str, Tensor], Mapping[str, Any]] | None:
            return None if state[name] is None else (tensors[name], state[name])

        return cls(
            fit=Fit.of_state(state["fit"], tensors.get("best")),
            weights=tensors["weights"],
            optimizer=(tensors["optimizer"], state["optimizer"]),
            steps=part("steps"),
            probes=part("probes"),
            feed=state.get("feed", {}),  # no part of one written by version 0.5
            files=state["files"],
            averages=tensors.get("averages"),
            carried=tensors.get("carried"),
        )


@dataclass(frozen=True)
class _Place:
    """Where a training is, but for what changes with every step; see `Checkpoint`."""

    fit: Fit
    files: Mapping[str, int]
    probes: tuple[Mapping[str, Tensor], Mapping[str, Any]] | None
    steps: EpochSteps | None = None


class Saver:
    """Saves a training when it is time to.

    settings: how often, and whether all checkpoints are kept.
    """

    def __init__(
        self,
        recorder: Recorder,
        settings: Checkpoints,
        model: SequenceModel,
        update: Update,
        feed: Feed,
        probes: Probes | None,
        saved: str = "",
    ) -> None:
        """saved: the name of the checkpoint that the training goes on from, which is there."""
        self._recorder, self._settings = recorder, settings
        self._model, self._update, self._feed = model, update, feed
        self._probes = probes
        self._saved_at, self._saved_name = time.monotonic(), saved
        self._place: _Place
        self._is_whole = True

    def epoch_ended(self, fit: Fit) -> None:
        """The last epoch has been measured and recorded: that is what a checkpoint builds on."""
        measured = None if self._probes is None else self._probes.state()
        # in one assignment: a signal may come between two
        self._place = _Place(fit, self._recorder.file_sizes(), measured)

    def epoch_begins(self, steps: EpochSteps) -> None:
        """The steps that are taken from here on are no part of an epoch that has ended."""
        self._place = replace(self._place, steps=steps)

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._saved_at >= self._settings.every_seconds

    def save_if_due(self) -> None:
        if self.is_due:
            self.save()

    @contextmanager
    def step_under_way(self) -> Iterator[None]:
        """What is in memory inside the block, or was left by an error there, is never saved.

        It is no state that the training would have had otherwise.
        """
        self._is_whole = False
        yield
        self._is_whole = True

    def between_steps(
        self, batches: Iterable[Batch], signals: Pending, clock: Clock
    ) -> Iterator[Batch]:
        """The batches; between two steps the training is saved if it is time to.

        And before a signal that has come is delivered.
        """
        for batch in batches:
            with self.step_under_way():
                yield batch
            if signals or self.is_due:
                with clock.stopped():
                    self.save()
                    signals.deliver()

    @contextmanager
    def saved_when_stopped(self) -> Iterator[None]:
        """Save the training where a signal ends the process inside the block."""
        try:
            yield
        except (KeyboardInterrupt, Terminated, SystemExit):
            if self._is_whole:
                try:
                    self.save()
                except StorageError as error:
                    log.warning("the training is not saved: %s", error)
            raise

    def save(self) -> None:
        """Write a checkpoint of the training as it is now; between two steps, or two epochs.

        A signal waits until it is written.
        """
        with deferred(patience=None):
            self._save()

    def _save(self) -> None:
        place = self._place
        steps = place.steps.state() if place.steps is not None and len(place.steps) else None
        checkpoint = Checkpoint(
            place.fit,
            weights_of(self._model),
            optimizer_state(self._update.optimizer),
            steps,
            place.probes,
            self._feed.state(),
            place.files,
            None if self._update.average is None else self._update.average.state(),
            _carried(self._model),
        )
        if checkpoint.name == self._saved_name:
            return
        self._recorder.save_checkpoint(
            checkpoint.name,
            checkpoint.contents(),
            checkpoint.state(),
            keep_all=self._settings.keep == "all",
        )
        self._saved_at, self._saved_name = time.monotonic(), checkpoint.name


def _carried(model: SequenceModel) -> dict[str, Tensor] | None:
    if model.carried is None:
        return None
    return {f"l{number}": state.flat for number, state in enumerate(model.carried)}
