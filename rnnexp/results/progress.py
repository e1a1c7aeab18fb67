"""progress.json: where a run stands while it goes on. Never imports torch.

For whoever looks on, and no part of the result: a finished run has none, and what was left by one
that died says how far it had come. The time of the file is the run's last sign of life.
"""

import json
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rnnexp.durable import json_text, write_bytes

log = logging.getLogger(__name__)

NAME = "progress.json"

Phase = Literal["training", "validation", "probes", "testing"]

#: Seconds between two reports, and between two where the phase is another one.
EVERY, EVERY_PHASE = 1.0, 0.1


class Progress(BaseModel):
    """How far a run has come.

    epoch: the one that is under way, of `epochs`. step: how many have been taken, of `steps`.
    share: of the training that is done. seconds: since the training began, or went on, in this
    process. seconds_left: of the training, None where no step has been taken yet.
    """

    model_config = ConfigDict(extra="allow")

    phase: Phase
    epoch: int
    epochs: int
    step: int
    steps: int
    share: float
    seconds: float
    seconds_left: float | None

    @classmethod
    def read(cls, run: Path) -> Self | None:
        """Of a run's directory; None where it has none that can be read."""
        try:
            return cls.model_validate(json.loads((run / NAME).read_bytes()))
        except (OSError, ValueError, ValidationError, RecursionError):
            return None


class ProgressWriter:
    """Writes a run's progress.json, at most about once a second; never raises."""

    def __init__(self, run: Path) -> None:
        self._path = run / NAME
        self._due = 0.0
        self._phase: Phase | None = None
        self._due_for_phase = 0.0
        self._began: tuple[float, int] | None = None  # when, and after how many steps

    def report(self, phase: Phase, epoch: int, epochs: int, step: int, steps: int) -> None:
        now = time.monotonic()
        if self._began is None:
            self._began = now, step
        if now < (self._due if phase == self._phase else self._due_for_phase):
            return
        began, first = self._began
        taken, seconds = step - first, now - began
        progress = Progress(
            phase=phase, epoch=epoch, epochs=epochs, step=step, steps=steps,
            share=round(step / steps, 4) if steps else 1.0,
            seconds=round(seconds, 1),
            seconds_left=round(seconds / taken * (steps - step), 1) if taken > 0 else None,
        )  # fmt: skip
        self._phase, self._due = phase, now + EVERY
        self._due_for_phase = now + EVERY_PHASE
        try:
            text = json_text(progress.model_dump())
            write_bytes(self._path, text.encode(), lasting=False)
        except Exception as error:  # a full disk is for the run's result to tell, not for this
            log.debug("no progress.json: %s", error)


def remove_progress(run: Path) -> None:
    """Of a run that has its result."""
    with suppress(OSError):
        (run / NAME).unlink(missing_ok=True)


def last_sign(run: Path) -> float:
    """When a run was last heard of, in seconds since 1970: it wrote how far it was, or began."""
    times = [0.0]
    for name in (NAME, "summary.json"):
        with suppress(OSError):
            times.append((run / name).stat().st_mtime)
    return max(times)
