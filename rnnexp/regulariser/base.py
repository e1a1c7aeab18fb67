"""The interface of a regulariser: what a training step minimises, given the task's loss.

Shapes: T time, B batch, E features, D flat state.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from rnnexp.types import Batch


class HasState(Protocol):
    """What a regulariser needs to know of a state; see `rnnexp.model.cells.base.State`."""

    @property
    def h(self) -> Tensor: ...
    @property
    def flat(self) -> Tensor: ...


class Layer(Protocol):
    """What a regulariser needs to know of a layer; see `rnnexp.model.cells.base.Recurrence`."""

    def initial(self, batch_size: int) -> HasState: ...
    def state_of(self, flat_BD: Tensor) -> Any: ...
    def run(self, x_TBE: Tensor, initial: Any = None) -> Sequence[HasState]: ...


class Recurrent(Protocol):
    """What a regulariser needs to know of a model; see `rnnexp.model.base.SequenceModel`."""

    @property
    def encoder(self) -> Any: ...
    @property
    def directions(self) -> int: ...
    def recurrences(self) -> Sequence[Layer]: ...


class Objective(NamedTuple):
    """What a training step minimises.

    penalty: the regulariser's own number, for metrics.csv, without its weight; NaN where this step
        has none, None of a regulariser that never has one.
    """

    total: Tensor
    penalty: Tensor | None = None


class Regulariser:
    """Adds to the loss of a training step; the base itself adds nothing.

    It keeps no state: what it does is a function of the weights, the batch and the number of the
    step, so that a training that goes on comes to the same bytes.
    """

    #: Whether `metrics.csv` gets its column, `train_penalty`.
    adds = False

    @property
    def words(self) -> str:
        """What it does in a training; empty where it does nothing."""
        return ""

    def check(self, model: Recurrent, steps: int) -> None:
        """Raise ValueError where it cannot be computed for that model, or leaves nothing of so many
        training steps to the task.
        """

    def __call__(self, loss: Tensor, model: Recurrent, batch: Batch, step: int) -> Objective:
        """loss: of the task, 0-dim. step: its number in the training, from 0."""
        return Objective(loss)


NO_REGULARISER = Regulariser()
