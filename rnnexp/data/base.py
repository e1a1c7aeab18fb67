"""The interface of a task: its data, its loss, its metrics and its chance level."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.data.curriculum import Curriculum
from rnnexp.scores import (
    ACCURACY,
    CALIBRATION_ERROR,
    CROSS_ENTROPY,
    MSE,
    OF_CLASSES,
    OF_NUMBERS,
    SQUARED_ERROR,
    Score,
)
from rnnexp.scores.classes import IGNORED as IGNORED
from rnnexp.scores.classes import ClassAnswers
from rnnexp.scores.numbers import number_scores
from rnnexp.types import Batch, SequenceDataset, Split

#: Scores that only a whole split has, each None where it could not be computed.
SplitScores = dict[str, float | None]


class Task(ABC):
    """A dataset with its loss and its scores.

    input_size: number of distinct tokens, or features per step where inputs are float.
    output_size: number of classes, or of values to predict.
    vocabulary: the word of each token id, first `<pad>`, then `<unk>` where unknown words have an
        id; None where inputs are float.
    chance: the loss and each of `scores` of the best answer that ignores the input, or remembers
        nothing of it.
    report: facts about the data for summary.json, such as sizes of splits.
    content: a digest of the data where the settings do not determine them, as with a file. Runs
        with the same settings and different content are different runs.
    eval_lengths: further lengths at which the trained network is tested.
    curriculum: the lengths that the network is trained at, of a task that `generates`; None where
        it is the one that is tested at.
    solved: the headline score at which a run counts as solved, None where no such score is defined.
    shuffled: whether its examples stand in another order than they had.
    """

    input_size: int
    output_size: int
    vocabulary: Sequence[str] | None = None
    chance: Mapping[str, float]
    report: Mapping[str, Any]
    content: str = ""
    eval_lengths: Sequence[int] = ()
    curriculum: Curriculum | None = None
    solved: float | None = None
    shuffled: bool = False

    #: The score that figures and tables show first.
    headline: ClassVar[Score]
    #: How the loss is read.
    loss_score: ClassVar[Score] = CROSS_ENTROPY
    #: What `of_split` computes.
    split_scores: ClassVar[Sequence[Score]] = ()
    #: Targets are real numbers, and the model has one output for each, whatever its head.
    regression: ClassVar[bool] = False
    #: There is a target at every step: outputs are [B, T, O]. Otherwise one per sequence: [B, O].
    per_step: ClassVar[bool] = False
    #: The data are made by a program, which is said wherever a score is shown.
    synthetic: ClassVar[bool] = False
    #: The length sets over how many steps a network must remember to be right.
    memory: ClassVar[bool] = False
    #: The answer at a step is an input of a later one: a network may not have read that far.
    foretells: ClassVar[bool] = False
    #: Every training step gets new examples from `fresh`, and the training split is empty.
    generates: ClassVar[bool] = False

    @abstractmethod
    def split(self, name: Split) -> SequenceDataset:
        """A split as tensors; of length 0 where the task has no such split."""

    def fresh(self, count: int, generator: np.random.Generator) -> Batch:
        """`count` new training examples. Only for tasks with `generates`."""
        raise NotImplementedError(f"{type(self).__name__} has a training split")

    def at_length(self, seq_len: int) -> Self:
        """The same task at another length, to test a trained network on.

        Raises ValueError for a length that the task cannot have, and for a task of fixed length.
        """
        raise ValueError(f"{type(self).__name__} cannot be made at another length")

    def current_content(self) -> str:
        """`content` of the files as they are now: another one, and the task must be made anew."""
        return self.content

    def contents_before(self) -> Sequence[str]:
        """What earlier versions called the `content` of the files as they are now, if otherwise."""
        return ()

    def whole_lengths(self, name: Split) -> Tensor:
        """The number of steps of each example before it was cut to `seq_len`, long [N]."""
        return self.split(name).lengths

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        """Examples of a split, uncut, padded at the end to the longest of them."""
        return self.split(name).batch(torch.tensor(rows))

    def for_training(self, batch: Batch) -> Batch:
        """What a training step reads of a batch; validation and test read it as it is.

        Random numbers are drawn from torch's generator of the device that the batch is on, which
        has been seeded for the step: the result is a function of (seed, step).
        """
        return batch

    @property
    def score(self) -> Score:
        """The headline with this task's own chance level."""
        return replace(
            self.headline, chance=self.chance.get(self.headline.name), solved_at=self.solved
        )

    @property
    def readings(self) -> Sequence[Score]:
        """How each number that is reported of it is read: the loss, the headline, and what only a
        whole split has.
        """
        return [
            replace(score, chance=self.chance.get(score.name))
            for score in (self.loss_score, self.headline, *self.split_scores)
        ]

    @abstractmethod
    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The mean over the batch, a 0-dim tensor."""

    @abstractmethod
    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Each example's scores by name, [B] each, on the device of the outputs."""

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        """Scores that are functions of a whole split and no means over its examples, those of
        `split_scores`; None where one could not be computed.

        outputs: what the network answered, in float32, [N, O], or [N, T, O] of steps. targets: of
        the same examples.
        """
        return {}

    def ends_of_split(
        self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
    ) -> Mapping[str, tuple[float, float]]:
        """95% intervals of those of `of_split` that leaving out examples says nothing of: all
        others get theirs by it.
        """
        return {}

    def metrics(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The mean of each score over the batch, a 0-dim tensor."""
        return {name: score.mean() for name, score in self.scores(outputs, batch).items()}

    def counted(self, batch: Batch) -> int | Tensor:
        """What the mean of `loss` is over: the examples, or the steps with a target."""
        return len(batch)

    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The loss whose gradient the probes follow back in time, a 0-dim tensor.

        It is summed over the examples, so that an example's gradient does not depend on the size of
        the batch. For a task with a target at every step it is the loss at the last step alone, so
        that the distance of an earlier step from the loss is one number.
        """
        return self.loss(outputs, batch) * len(batch)

    def in_units(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Targets or outputs as they are kept, where the network has them in another scale."""
        return values

    def state(self) -> dict[str, Any]:
        """What `rnnexp predict` needs beside vocabulary and sizes, as plain JSON values."""
        return {}

    def files(self) -> Mapping[str, bytes]:
        """What it needs beside that, by the names of the files in which a run keeps it."""
        return {}


class Classification(Task):
    """One class per sequence: targets are long [B].

    Outputs are logits: [B, 1] for two classes with a sigmoid head (loss: binary cross-entropy),
    else [B, O] with a softmax (loss: cross-entropy). Both losses are in nats.
    """

    headline = ACCURACY
    split_scores = OF_CLASSES

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return classification_loss(outputs, batch.targets)

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": (predicted_class(outputs) == batch.targets).float()}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        return class_scores(outputs, targets)

    def ends_of_split(
        self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
    ) -> Mapping[str, tuple[float, float]]:
        return class_ends(outputs, targets)


class StepClassification(Task):
    """One class per step: targets are long [B, T], `IGNORED` at pads and at steps without a target.

    Outputs are logits [B, T, O]. The loss is the cross-entropy in nats, the mean over all steps
    with a target; an example's accuracy is the share of its steps with a target that are right.
    What only a whole split has is of all its steps with a target.
    """

    headline = ACCURACY
    split_scores = OF_CLASSES
    per_step = True

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": step_accuracy(outputs, batch.targets)}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        asked_NT = targets != IGNORED
        return class_scores(outputs[asked_NT], targets[asked_NT])

    def ends_of_split(
        self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
    ) -> Mapping[str, tuple[float, float]]:
        asked_NT = targets != IGNORED
        return class_ends(outputs[asked_NT], targets[asked_NT])

    def counted(self, batch: Batch) -> int | Tensor:
        return (batch.targets != IGNORED).sum()

    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        row_B = torch.arange(len(batch), device=outputs.device)
        last_B = batch.last_valid_B.to(outputs.device)
        return F.cross_entropy(
            outputs[row_B, last_B],
            batch.targets[row_B, last_B],
            ignore_index=IGNORED,
            reduction="sum",
        )


class Regression(Task):
    """Real numbers per sequence: targets and outputs are float [B, O].

    The loss is the mean squared error; an example's score is its own squared error.
    """

    headline = MSE
    loss_score = SQUARED_ERROR
    split_scores: ClassVar[Sequence[Score]] = OF_NUMBERS
    regression = True

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.mse_loss(outputs, batch.targets.to(outputs.dtype))

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"mse": (outputs - batch.targets).square().mean(dim=1)}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        return number_scores(outputs, targets)


def step_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of right steps among those with a target, [B]: logits [B, T, O], targets [B, T]."""
    asked_BT = targets != IGNORED
    right_BT = (outputs.argmax(dim=2) == targets) & asked_BT
    return right_BT.sum(dim=1) / asked_BT.sum(dim=1)


def classification_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats of logits [B, 1] (sigmoid) or [B, O] (softmax)."""
    if outputs.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(outputs[:, 0], targets.to(outputs.dtype))
    return F.cross_entropy(outputs, targets)


def predicted_class(outputs: Tensor) -> Tensor:
    """The class of each row of logits, [B, 1] (sigmoid) or [B, O] (softmax)."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).long()
    return outputs.argmax(dim=1)


def class_probabilities(outputs: Tensor) -> Tensor:
    """Probabilities [B, O] from logits [B, 1] (sigmoid, O = 2) or [B, O] (softmax)."""
    if outputs.shape[1] == 1:
        positive_B = torch.sigmoid(outputs[:, 0])
        return torch.stack([1 - positive_B, positive_B], dim=1)
    return torch.softmax(outputs, dim=1)


def class_scores(outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
    """The scores `OF_CLASSES` of logits [N, 1] (sigmoid) or [N, O] (softmax) and classes [N]."""
    answers = ClassAnswers.of(outputs, targets)
    if answers is None:
        return dict.fromkeys(score.name for score in OF_CLASSES)
    return answers.scores()


def class_ends(
    outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
) -> dict[str, tuple[float, float]]:
    """The interval of the calibration error, see `ClassAnswers.calibration_ends`."""
    answers = ClassAnswers.of(outputs, targets)
    return {} if answers is None else {CALIBRATION_ERROR.name: answers.calibration_ends}


def classification_chance(counts: Sequence[int]) -> dict[str, float]:
    """The scores and the loss of the best answers that ignore the input, each the best by its own
    score: with p_k = counts[k] / sum(counts) of the K classes that have any,

    accuracy: max_k p_k, by always answering the commonest class.
    loss: -sum_k p_k ln p_k (nats), by predicting the shares. Its calibration error is 0.
    balanced_accuracy: 1/K, whatever is answered.
    macro_f1: 1/K, by answering class k with probability p_k: answered with q_k, its F1 is
        2 p_k q_k / (p_k + q_k), and the sum of these, concave in q, is largest at q = p. Always
        answering the commonest class gets 2 p / ((1 + p) K), which is less.
    auroc: 1/2, of whatever ranks all examples alike.
    """
    total = sum(counts)
    shares = [count / total for count in counts if count]
    return {
        "accuracy": max(shares),
        "loss": -sum(p * math.log(p) for p in shares),
        "balanced_accuracy": 1 / len(shares),
        "macro_f1": 1 / len(shares),
        "auroc": 0.5,
        "calibration_error": 0.0,
    }


def regression_chance(targets: npt.NDArray[Any]) -> dict[str, float]:
    """The scores and the loss of the best constant answers, each the best by its own score, to
    numbers [N] or [N, O]: mse and loss, the variance, by the mean; mae, by the median; r2, 0.
    """
    target_NO = np.asarray(targets, np.float64).reshape(len(targets), -1)
    variance = float(target_NO.var(axis=0).mean())
    mae = float(np.abs(target_NO - np.median(target_NO, axis=0)).mean())
    return {"mse": variance, "loss": variance, "mae": mae, "r2": 0.0}
