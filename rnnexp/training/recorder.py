"""Where a training's results go, as the loop sees it: plain values in, nothing read back."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy.typing as npt


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
