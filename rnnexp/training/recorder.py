"""Where a training's results go, as the loop sees it: plain values in, nothing read back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt


class Recorder(Protocol):
    """What `Trainer.fit` writes to. `rnnexp.results.runs.RunDirectory` keeps it on disk.

    An implementation needs no torch: where torch writes a file, the recorder says to which path by
    calling `save(path)`, and decides what becomes of the file.
    """

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        """The epoch that has just ended.

        metrics: the same numbers whenever the run is repeated; the same keys in every epoch; None
            where there is no number. timings: seconds and rates, which differ each time.
        """

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """All that a probe has measured so far, a row per measurement; replaces what was there."""

    def save_checkpoint(self, epoch: int, save: Callable[[Path], None]) -> None:
        """The state after an epoch; see `rnnexp.training.checkpoint`."""

    def save_best(self, save: Callable[[Path], None]) -> None:
        """The weights with the lowest validation loss so far; replaces those there were."""
