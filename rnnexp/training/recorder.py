"""Where a training's results go, and who looks on, as the loop sees it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy.typing as npt
from torch import Tensor


class Probes(Protocol):
    """What looks at the network between epochs; `rnnexp.probes.probe_set.ProbeSet`."""

    def measure(
        self,
        epoch: int,
        step: int,
        last: bool,
        save: Callable[[str, Mapping[str, npt.NDArray[Any]]], None],
        steps: Mapping[str, npt.NDArray[Any]] | None = None,
        diverged: bool = False,
    ) -> float:
        """Measure what is due and return the seconds that it took. Never changes the training."""

    @property
    def state_distances(self) -> Sequence[int]:
        """Steps before the readout at which each training step notes the states' gradients."""

    def state(self) -> tuple[Mapping[str, Tensor], Mapping[str, Any]]:
        """What has been measured, for a checkpoint: tensors, and JSON values."""


class Recorder(Protocol):
    """What `Trainer.fit` writes to. `rnnexp.results.runs.RunDirectory` keeps it on disk.

    An implementation needs no torch: weights come to it as bytes.
    """

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        """The epoch that has just ended.

        metrics: the same numbers whenever the run is repeated; the same keys in every epoch; None
            where there is no number. timings: seconds and rates, which differ each time.
        """

    def report_progress(
        self,
        phase: Literal["training", "validation", "probes", "testing"],
        epoch: int,
        epochs: int,
        step: int,
        steps: int,
    ) -> None:
        """Where the training stands, after every step and where its phase changes. Never raises.

        epoch: the one that is under way, of `epochs`, 0 before the first. step: how many have been
        taken, of `steps`.
        """

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """All that a probe has measured so far, a row per measurement; replaces what was there."""

    def save_checkpoint(
        self, name: str, contents: Mapping[str, bytes], state: Mapping[str, Any], keep_all: bool
    ) -> None:
        """A training that can be gone on with; see `rnnexp.training.checkpoint`.

        name: later ones come later in the alphabet. contents: files by name. state: JSON values.
        """

    def file_sizes(self) -> dict[str, int]:
        """The bytes of the files that `append_epoch` adds to."""
