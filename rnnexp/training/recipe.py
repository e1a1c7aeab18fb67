"""What a training step is made of, beside the model and the data."""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.clip.base import Clip
from rnnexp.data.base import Task
from rnnexp.loss.base import OWN_LOSS, Loss
from rnnexp.model.base import SequenceModel
from rnnexp.optimizer.base import Optimizer
from rnnexp.regulariser.base import NO_REGULARISER, Objective, Regulariser
from rnnexp.schedule.base import CONSTANT, Schedule
from rnnexp.types import Batch


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The components by which the weights are changed: each a config group of its own."""

    optimizer: Optimizer
    clip: Clip
    schedule: Schedule = CONSTANT
    loss: Loss = OWN_LOSS
    regulariser: Regulariser = NO_REGULARISER

    def objective(
        self,
        own: Tensor,
        task: Task,
        model: SequenceModel,
        outputs: Tensor,
        batch: Batch,
        step: int,
    ) -> Objective:
        """What a step minimises. own: the task's own loss of these outputs."""
        return self.regulariser(self.loss(own, task, outputs, batch), model, batch, step)

    @property
    def words(self) -> list[str]:
        """The optimizer, and what there is beside it and the task's loss."""
        parts = (
            self.optimizer.words, self.schedule.words, self.loss_words, self.regulariser.words,
        )  # fmt: skip
        return [part for part in parts if part]

    @property
    def loss_words(self) -> str:
        return "" if self.loss.is_own else f"minimised with {self.loss.words}, noted without"
