"""A recorder that keeps everything in memory."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt


class MemoryRecorder:
    """What a training has given it, in the order of the calls."""

    def __init__(self) -> None:
        self.metrics: list[dict[str, float | None]] = []
        self.timings: list[dict[str, float]] = []
        self.probes: dict[str, dict[str, npt.NDArray[Any]]] = {}
        self.stood_at: list[tuple[str, int, int, int, int]] = []
        self.checkpoints: dict[str, tuple[Mapping[str, bytes], Mapping[str, Any]]] = {}

    def append_epoch(
        self, metrics: Mapping[str, float | None], timings: Mapping[str, float]
    ) -> None:
        self.metrics.append(dict(metrics))
        self.timings.append(dict(timings))

    def report_progress(self, phase: str, epoch: int, epochs: int, step: int, steps: int) -> None:
        self.stood_at.append((phase, epoch, epochs, step, steps))

    def save_probe(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.probes[name] = dict(arrays)

    def file_sizes(self) -> dict[str, int]:
        return {"metrics.csv": len(self.metrics)}

    def save_checkpoint(
        self, name: str, contents: Mapping[str, bytes], state: Mapping[str, Any], keep_all: bool
    ) -> None:
        self.checkpoints[name] = contents, state
