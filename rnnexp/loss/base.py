"""The interface of a loss: what of the task a training step minimises.

What is noted, validated and tested is the task's own loss in any case: it can be compared between
runs, and with chance.
"""

from typing import Any, Protocol

from torch import Tensor

from rnnexp.types import Batch, SequenceDataset, Split


class HasLoss(Protocol):
    """What a loss must know of a task; see `rnnexp.data.base.Task`."""

    @property
    def output_size(self) -> int: ...
    @property
    def generates(self) -> bool: ...
    @property
    def regression(self) -> bool: ...
    def split(self, name: Split) -> SequenceDataset: ...
    def counted(self, batch: Batch) -> int | Tensor: ...
    def state(self) -> dict[str, Any]: ...


class Loss:
    """What of the task a training step minimises; of the base itself the task's own loss."""

    @property
    def words(self) -> str:
        """What is minimised; empty where it is the task's own loss."""
        return ""

    @property
    def is_own(self) -> bool:
        """Whether it is the task's own."""
        return not self.words

    def check(self, task: HasLoss) -> None:
        """Raise ValueError, which begins with a setting's name, where the task allows it not."""

    def __call__(self, own: Tensor, task: HasLoss, outputs: Tensor, batch: Batch) -> Tensor:
        """A mean over the batch, 0-dim. own: the task's own loss of these outputs."""
        return own

    def counted(self, task: HasLoss, batch: Batch) -> int | Tensor:
        """What the mean is over: means of parts of a batch, weighted by it, make the batch's."""
        return task.counted(batch)


def share_of(part: int | Tensor, whole: int | Tensor) -> float | Tensor:
    """part / whole, of what a loss has `counted`; 0 where nothing of the whole counts."""
    if isinstance(whole, Tensor):
        whole = whole.masked_fill(whole == 0, 1)
    return part / whole


OWN_LOSS = Loss()
