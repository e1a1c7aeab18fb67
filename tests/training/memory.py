"""A recorder that keeps everything in memory."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt


class MemoryRecorder:
    """What a training has given it, in the order of the calls."""

    def __init__(self) -> None:
        self.metrics: list[dict[str, float | None]] = []
        self.timings: list[dict[str, float]] = []
        self.probes: dict[str, dict[str, npt.NDArray[Any]]] = {}
        self.checkpoints: dict[int, bytes] = {}
        self.best: bytes | None = None

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        self.metrics.append(dict(metrics))
        self.timings.append(dict(timings))

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.probes[name] = dict(arrays)

    def save_checkpoint(self, epoch: int, save: Callable[[Path], None]) -> None:
        self.checkpoints[epoch] = _content(save)

    def save_best(self, save: Callable[[Path], None]) -> None:
        self.best = _content(save)


def _content(save: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "file")
        return (Path(folder) / "file").read_bytes()
