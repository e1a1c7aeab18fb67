"""What the training steps of an epoch were: loss, scores and gradient norms of each."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rnnexp.clip.base import norms_of
from rnnexp.training.state_gradients import StateGradients
from rnnexp.types import Batch, ClipReport, wide


class WatchedNorms:
    """The gradient norms of single parameters, before and after clipping, a row per step.

    parameters: by their names; one without a gradient has the norm NaN.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self._parameters = parameters
        self._rows: list[Tensor] = []

    def measure(self) -> None:
        """Note the norms as they are now: called before clipping and after it, in turns."""
        gradients = [
            torch.full_like(parameter, torch.nan) if parameter.grad is None else parameter.grad
            for parameter in self._parameters.values()
        ]
        if gradients:
            self._rows.append(norms_of(gradients))

    def state(self, count: int) -> Tensor:
        """The rows of the first `count` steps, on the CPU; `restore` takes them back."""
        rows = self._rows[: 2 * count]
        return torch.stack(rows).cpu() if rows else torch.empty(0)

    def restore(self, state: Tensor, device: torch.device) -> None:
        """Go on behind the rows of `state`."""
        self._rows = list(state.to(device).unbind())

    def by_step(self, count: int) -> dict[str, npt.NDArray[np.float64]]:
        """Of the first `count` steps: `before.NAME` and `after.NAME` of each parameter."""
        if not self._rows:
            return {}
        norms = torch.stack(self._rows).cpu().numpy().astype(np.float64)
        return {
            f"{when}.{name}": norms[first::2, column][:count]
            for first, when in enumerate(("before", "after"))
            for column, name in enumerate(self._parameters)
        }


class Part(NamedTuple):
    """What of a step was computed at once.

    examples: how many. share: of the step's loss. loss: of the task, the mean over the part.
    metrics: as the loss. penalty: of a regulariser, see `EpochSteps.add`.
    """

    examples: int
    share: float | Tensor
    loss: Tensor
    metrics: Mapping[str, Tensor]
    penalty: Tensor | None


def mean_of_parts(parts: Sequence[Part]) -> tuple[Tensor, Mapping[str, Tensor], Tensor | None]:
    """Loss, metrics and penalty of a whole step."""
    if len(parts) == 1:
        return parts[0].loss, parts[0].metrics, parts[0].penalty
    examples = sum(part.examples for part in parts)

    def mean(values: Iterable[Tensor | None]) -> Tensor:
        pairs = zip(values, parts, strict=True)
        weighted = [
            value * (part.examples / examples) for value, part in pairs if value is not None
        ]
        return torch.stack(weighted).sum()

    metrics = {name: mean(part.metrics[name] for part in parts) for name in parts[0].metrics}
    penalty = None if parts[0].penalty is None else mean(part.penalty for part in parts)
    return mean(part.loss for part in parts), metrics, penalty


class Clock:
    """Counts the seconds inside `with clock:`, over several such blocks."""

    def __init__(self) -> None:
        self._before = 0.0
        self._started: float | None = None

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._before, self._started = self.seconds, None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Inside it a running clock stands still."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    @property
    def seconds(self) -> float:
        since = 0.0 if self._started is None else time.perf_counter() - self._started
        return self._before + since

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._before = seconds


class EpochSteps:
    """Loss, scores and clip report of each step of an epoch.

    They stay on the device until `read` fetches them all at once, so that no step waits for the
    host; whatever follows needs `read` first.

    watched: norms of single parameters' gradients, beside those of all that the clip reports.
    states: norms of the states' gradients, where they are asked for.
    clock: the seconds that the steps have taken.
    metrics: the names of the scores.
    before: steps that the training took before this epoch.
    penalised: whether a regulariser's penalty is noted.
    nonfinite_seen: 1.0 from the first step on whose loss or gradient is not finite, else 0.0.
    """

    def __init__(self, watched: WatchedNorms, states: StateGradients, before: int = 0) -> None:
        self.watched, self.states, self.before = watched, states, before
        self.penalised = False
        self.clock = Clock()
        self._rows: list[Tensor] = []
        self._sizes: list[int] = []
        self.metrics: tuple[str, ...] = ()
        self.nonfinite_seen = torch.zeros(())

    def __len__(self) -> int:
        """Steps added so far."""
        return len(self._rows)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """For a checkpoint inside an epoch: tensors on the CPU, and JSON values."""
        table = torch.stack(self._rows).cpu() if self._rows else torch.empty(0)
        watched, states = self.watched.state(len(self)), self.states.state()
        return {"table": table, "watched": watched, "states": states}, {
            "sizes": self._sizes,
            "metrics": self.metrics,
            "penalised": self.penalised,
            "nonfinite_seen": self.nonfinite_seen.item(),
            "seconds": self.clock.seconds,
        }

    def restore(
        self, tensors: Mapping[str, Tensor], rest: Mapping[str, Any], device: torch.device
    ) -> None:
        """Go on behind the steps of `state`."""
        self._rows = list(tensors["table"].to(device).unbind())
        self.watched.restore(tensors["watched"], device)
        self.states.restore(tensors.get("states"), len(self._rows), device)
        self._sizes, self.metrics = list(rest["sizes"]), tuple(rest["metrics"])
        self.penalised = rest.get("penalised", False)
        self.nonfinite_seen = torch.tensor(rest["nonfinite_seen"], device=device)
        self.clock.seconds = rest["seconds"]

    def add(
        self,
        loss: Tensor,
        metrics: Mapping[str, Tensor],
        penalty: Tensor | None,
        clip: ClipReport,
        batch: Batch,
    ) -> None:
        """A step's loss and metrics, 0-dim each, and what clipping reported of its gradients.

        penalty: of a regulariser, NaN at a step that has none; None without a regulariser.
        """
        self.metrics, self.penalised = tuple(metrics), penalty is not None
        numbers = (
            batch.lengths.sum(), loss, *metrics.values(),
            *(() if penalty is None else (penalty,)),
            clip.norm_before, clip.norm_after, clip.fired, clip.nonfinite,
        )  # fmt: skip
        self._rows.append(torch.stack([number.to(wide(loss.device)) for number in numbers]))
        self._sizes.append(len(batch))
        nonfinite = ~(loss.isfinite() & clip.norm_before.isfinite())
        seen = self.nonfinite_seen.to(loss.device, non_blocking=True)
        self.nonfinite_seen = torch.maximum(seen, nonfinite.float())

    def recent(self, metric: str, count: int) -> float:
        """The mean of a score over the last `count` steps, for which the host waits."""
        column = 2 + self.metrics.index(metric)
        return float(torch.stack([row[column] for row in self._rows[-count:]]).mean())

    @property
    def mean_length(self) -> float:
        """Real steps per sequence."""
        return self.tokens / sum(self._sizes)

    def read(self) -> None:
        """Bring everything to the CPU and look for the first step that was not finite."""
        tokens, table = np.split(torch.stack(self._rows).cpu().numpy(), [1], axis=1)
        nonfinite = ~np.isfinite(table[:, 0]) | ~np.isfinite(table[:, -4])
        #: index of the first step that was not finite, None where all were
        self.diverged_at = int(nonfinite.argmax()) if nonfinite.any() else None
        #: steps taken, the one that was not finite included
        self.count = len(table) if self.diverged_at is None else self.diverged_at + 1
        #: real steps of all sequences, of the steps behind a divergence too
        self.tokens = int(tokens.sum())
        self._table = table
        self._finite = slice(0, self.diverged_at)

    def means(self) -> dict[str, float | None]:
        """The training part of the epoch's row of metrics.csv, over the steps that were finite.

        train_*: means over examples, each at the weights of its step. grad_norm: mean over steps of
        the total norm before clipping, grad_norm_max: the largest; grad_norm_clipped: mean after
        clipping; clipped_fraction: share of steps on which clipping changed a gradient. All None
        where no step was finite. train_loss is the task's alone; train_penalty, of a run with a
        regulariser, is the mean over the steps that had one, None where none had.
        """
        names = (
            "train_loss", *(f"train_{name}" for name in self.metrics),
            *(("train_penalty",) if self.penalised else ()),
            "grad_norm", "grad_norm_max", "grad_norm_clipped", "clipped_fraction",
        )  # fmt: skip
        table = self._table[self._finite]
        if not len(table):
            return dict.fromkeys(names)
        sizes = self._sizes[self._finite]
        *scores, before, after, fired, _ = table.T
        penalties = [_mean_of_known(scores.pop())] if self.penalised else []
        means = (
            *(float(np.average(score, weights=sizes)) for score in scores), *penalties,
            float(before.mean()), float(before.max()), float(after.mean()), float(fired.mean()),
        )  # fmt: skip
        return dict(zip(names, means, strict=True))

    def by_step(self) -> dict[str, npt.NDArray[np.float64]]:
        """Loss, clip report and norms of each step, one that was not finite included."""
        table = self._table[: self.count]
        names = ("norm_before", "norm_after", "fired", "nonfinite")
        columns = dict(zip(names, table[:, -4:].T, strict=True))
        norms = self.watched.by_step(self.count) | self.states.by_step(self.count)
        return {"loss": table[:, 0], **columns, **norms}

    def divergence(self, step: int) -> str:
        """One line on the step that was not finite; step: its number in the run."""
        assert self.diverged_at is not None
        row = self._table[self.diverged_at]
        penalty = f"penalty {row[-5]:g}, " if self.penalised else ""
        return (
            f"step {step} is not finite: loss {row[0]:g}, {penalty}total gradient norm "
            f"{row[-4]:g}, {row[-1]:.0f} gradient elements infinite or NaN"
        )


def _mean_of_known(values: npt.NDArray[np.float64]) -> float | None:
    """The mean of those that are no NaN; None where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
