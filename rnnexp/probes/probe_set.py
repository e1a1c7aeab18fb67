"""The probes of a run: asking them when they are due, and keeping what they measure."""

import itertools
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rnnexp.probes.base import Array, Observed, Probe, ProbeView, Source
from rnnexp.probes.examples import example_rows
from rnnexp.probes.history import History, Row, rows_of
from rnnexp.streams import stream_seed
from rnnexp.types import Split

log = logging.getLogger(__name__)


class ProbeSet:
    """The probes of a run, what they have measured, and the seconds it took.

    A probe that raises an error loses that measurement and no more: a warning says so, `failures`
    keeps it, the other probes and the training go on.
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
        """examples: how many of a split each of the two sets that probes may look at has."""
        self.probes, self.model, self.task = probes, model, task
        self.seconds = 0.0
        self._histories = {name: History() for name in probes}
        self._missed: dict[str, list[str]] = {}
        # Without a validation split the training examples serve: the test split is for the end,
        # and serves only where there is no other.
        splits: tuple[Split, ...] = ("val", "train", "test")
        dataset = next(data for name in splits if len(data := task.split(name)))
        rows = example_rows(dataset, examples, np.random.default_rng(stream_seed(seed, "probes")))
        self.examples, self.longest = (
            dataset.batch(torch.from_numpy(chosen)).to(device) for chosen in rows
        )

    @property
    def state_distances(self) -> Sequence[int]:
        """Steps before the readout at which each training step notes the states' gradients."""
        width = self.examples.inputs.shape[1]
        asked = {d for probe in self.probes.values() for d in probe.state_distances(width)}
        return sorted(asked)

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

        epoch 0 is before the first step; step: how many have been taken; last: nothing follows.
        save: writes all that a probe has measured, arrays with a row per measurement.
        steps: of the epoch just trained, see `ProbeView`.
        After a divergence nothing is rolled out: what the steps were is all there is to know.
        """
        started = time.perf_counter()
        view = ProbeView(self.model, self.task, epoch, self.examples, self.longest, steps or {})
        for name, probe in self.probes.items():
            history = self._histories[name]
            if probe.due(epoch, last) and not (diverged and probe.rolls_out):
                self._ask(name, probe, view, step)
            # A file holds all measurements so far: written each time, long runs would do nothing
            # else in the end.
            if history.unsaved > (0 if last else len(history.rows) // 10):
                save(name, history.arrays())
                history.unsaved = 0
        seconds = time.perf_counter() - started
        self.seconds += seconds
        return seconds

    def _ask(self, name: str, probe: Probe, view: ProbeView, step: int) -> None:
        """Add what the probe measures to its history; whatever error it raises is told, no more."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                # what is not finite is kept as such: it needs no warning of each sum it enters
                warnings.simplefilter("ignore", RuntimeWarning)
                measurement = probe.measure(view)
            if measurement:
                self._histories[name].add(view.epoch, step, measurement)
        except Exception as error:
            message = str(error).partition("\n")[0]
            reason = f"epoch {view.epoch}: {type(error).__name__}: {message}"
            self._missed.setdefault(name, []).append(reason)
            log.warning("probe %s measured nothing at %s", name, reason)
            log.debug("probe %s failed", name, exc_info=True)

    @property
    def failures(self) -> dict[str, str]:
        """The probes that an error has cost a measurement: `epoch 3: ValueError: ...`."""
        return {
            name: reasons[0] + (f" (the first of {len(reasons)})" if len(reasons) > 1 else "")
            for name, reasons in self._missed.items()
        }

    def scalars(self) -> dict[str, dict[str, float]]:
        """The numbers of each probe's last measurement that did not fail."""
        histories = self._histories.items()
        return {name: history.scalars() for name, history in histories if history.rows}

    def numbers(self, after: int) -> dict[tuple[int, int], dict[str, float]]:
        """The numbers, not the arrays, that were measured later than epoch `after`.

        By epoch and step, in their order; each under the probe's name, `gates/mean_forget`.
        """
        measured: dict[tuple[int, int], dict[str, float]] = {}
        for name, history in self._histories.items():
            for row in itertools.takewhile(lambda row: row.epoch > after, reversed(history.rows)):
                numbers = measured.setdefault((row.epoch, row.step), {})
                for key, value in row.values.items():
                    if np.ndim(value) == 0:
                        numbers[f"{name}/{key}"] = float(value)
        return dict(sorted(measured.items()))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """For a checkpoint: what the probes' files lack, so that both together hold everything.

        Of each probe the measurements since its file was last written, and always the last, which
        `scalars` needs exactly; how many there are before them; seconds and failures. Not all of
        them: a measurement can take 100 kB, and every epoch may have its checkpoint.

        The values are the tensors `0`, `1`, ..., all else JSON values.
        """
        values: list[float | Array] = []
        latest: dict[str, list[Any]] = {}
        for name, history in self._histories.items():
            latest[name] = [[row.epoch, row.step, list(row.values)] for row in history.latest]
            values += [value for row in history.latest for value in row.values.values()]
        tensors = {str(n): torch.from_numpy(np.asarray(value)) for n, value in enumerate(values)}
        return tensors, {
            "seconds": self.seconds,
            "missed": {name: list(reasons) for name, reasons in self._missed.items()},
            "in_file": {name: len(h.rows) - len(h.latest) for name, h in self._histories.items()},
            "latest": latest,
        }

    def restore(
        self,
        tensors: Mapping[str, Tensor],
        state: Mapping[str, Any],
        read: Callable[[str], Mapping[str, npt.NDArray[Any]] | None],
    ) -> None:
        """Go on from `state`, as if there had been no interruption.

        read: gives the arrays of a probe's file, None where there is none. A file may have been
        written after the state was taken: what was measured later is measured again. Raises
        ValueError where a file lacks what the state says that it holds.
        """
        self.seconds = state["seconds"]
        self._missed = {name: list(reasons) for name, reasons in state["missed"].items()}
        values = (tensors[str(n)].numpy() for n in range(len(tensors)))
        for name, latest in state["latest"].items():
            count = state["in_file"][name]
            rows = rows_of(read(name) or {})[:count] if count else []
            if len(rows) < count:
                raise ValueError(
                    f"probe {name}: its file holds {len(rows)} of {count} measurements that were "
                    "made before the checkpoint"
                )
            for epoch, step, keys in latest:
                measured = {key: next(values) for key in keys}
                rows.append(
                    Row(epoch, step, {k: v if v.ndim else float(v) for k, v in measured.items()})
                )
            if name in self.probes:
                self._histories[name] = History(rows)

    def forget_last(self, epoch: int) -> None:
        """Take back what was measured, or not, only because the training ended with that epoch."""
        for name, probe in self.probes.items():
            if probe.due(epoch, last=False):
                continue
            rows = [row for row in self._histories[name].rows if row.epoch != epoch]
            self._histories[name] = History(rows)
            missed = self._missed.pop(name, [])
            if kept := [reason for reason in missed if not reason.startswith(f"epoch {epoch}: ")]:
                self._missed[name] = kept
