"""The interface of a probe: when it looks, at what, and what it returns.

Shapes: T time, B batch, E features, H hidden.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rnnexp.ranges import at_least
from rnnexp.types import Batch, Rollout, SequenceDataset, Split

Array = npt.NDArray[np.float64]
Measurement = dict[str, float | Array]

#: Rolled out at a time: steps x examples x numbers of each. About 300 MB, and twice that
#: while one part follows the other.
ROLLOUT_SIZE = 2000 * 8 * 512


class Gated(Protocol):
    """What a probe needs of a cell; see `rnnexp.model.cells.base.Cell`."""

    @property
    def gates(self) -> tuple[str, ...]: ...
    @property
    def carry(self) -> str | None: ...
    @property
    def rests(self) -> bool: ...
    @property
    def is_plain(self) -> bool: ...


class Observed(Protocol):
    """What a probe may ask of a model; see `rnnexp.model.base.SequenceModel`."""

    @property
    def called(self) -> str: ...
    @property
    def directions(self) -> int: ...
    @property
    def numbers_per_step(self) -> int: ...
    @property
    def reads_pads(self) -> bool: ...
    @property
    def reads_one_step(self) -> bool: ...
    @property
    def truncate(self) -> int | None: ...
    @property
    def top_cell(self) -> Gated | None: ...
    def recurrent_weights(self) -> Mapping[str, Tensor]: ...
    def rollout(self, batch: Batch) -> Rollout: ...


class Source(Protocol):
    """What a probe may ask of a task; see `rnnexp.data.base.Task`."""

    @property
    def eval_lengths(self) -> Sequence[int]: ...
    def at_length(self, seq_len: int) -> Self: ...
    @property
    def regression(self) -> bool: ...
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
    steps: of each step of the epoch just trained, by name: loss, norm_before and norm_after
        clipping, of all gradients; fired (1 where clipping changed a gradient), nonfinite (gradient
        elements); before.NAME and after.NAME, the norm of a single parameter's gradient before and
        after clipping, see `SequenceModel.recurrence_parameters`; state_gradient, a column for each
        distance in state_distance. Empty before the first epoch.
    """

    model: Observed
    task: Source
    epoch: int
    examples: Batch
    longest: Batch
    steps: Mapping[str, Array]

    def rollouts(self, batch: Batch) -> Iterator[tuple[Rollout, Batch]]:
        """`batch` in parts that fit into memory, each rolled out, with its examples."""
        size = max(1, ROLLOUT_SIZE // (batch.inputs.shape[1] * self.model.numbers_per_step))
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
    one_direction: whether it follows a recurrence through time, and needs it to be the only one.
    at_start: before the first step. every: after every n-th epoch, 0 for none. at_end: after the
    last epoch.
    """

    rolls_out: ClassVar[bool] = True
    one_direction: ClassVar[bool] = True

    def __init__(self, at_start: bool = True, every: int = 1, at_end: bool = True) -> None:
        at_least("every", every, 0)
        self.at_start, self.every, self.at_end = at_start, every, at_end

    def due(self, epoch: int, last: bool) -> bool:
        """Whether to measure after that epoch; 0 is before the first step."""
        if epoch == 0:
            return self.at_start or (last and self.at_end)
        return (self.every > 0 and epoch % self.every == 0) or (last and self.at_end)

    def check(self, model: Observed, task: Source) -> None:
        """Raise ValueError, `needs ...`, where the probe cannot measure.

        As it stands here, it needs a recurrent model.
        """
        if not model.numbers_per_step:
            raise ValueError(f"needs a recurrent model; {model.called} has none")
        if self.one_direction and model.directions > 1:
            raise ValueError(
                "needs a single direction to follow through time; model.bidirectional=true has two"
            )

    def state_distances(self, steps: int) -> Sequence[int]:
        """Distances from the readout at which every training step is to note ‖dL/dh‖, for
        `state_gradient` in `ProbeView.steps`. Only engine=bptt comes by it.

        steps: of the sequences.
        """
        return ()

    def companions(self) -> "Mapping[str, Probe]":
        """Other probes that its settings ask for, by their names."""
        return {}

    @abstractmethod
    def measure(self, view: ProbeView) -> Measurement:
        """What is measured, by name: numbers and float64 arrays; nothing where there is nothing.

        Arrays go to the probe's file, numbers to summary.json too. From one measurement to the next
        an array may change its size, but not its number of axes. Whatever error is raised costs
        this one measurement and no more; see `ProbeSet`.
        """
