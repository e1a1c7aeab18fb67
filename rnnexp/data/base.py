"""The interface of a task: its data, its loss, its metrics and its chance level."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.scores import ACCURACY, CROSS_ENTROPY, MSE, SQUARED_ERROR, Score
from rnnexp.types import Batch, SequenceDataset, Split

#: A target that no loss and no score counts, as in torch's cross_entropy.
IGNORED = -100


class Task(ABC):
    """A dataset with what it means to be right on it.

    input_size: number of distinct tokens, or features per step where inputs are float.
    output_size: classes, or numbers to predict.
    vocabulary: the word of each token id (specials in angle brackets), None where inputs are float.
    chance: what the best answer without memory scores, per score of `scores` and for `loss`.
    report: facts about the data worth a place in summary.json.
    content: names the content where the settings do not (a file's digest): other content under
        the same settings is another run.
    eval_lengths: lengths beside its own at which the trained network is tested too.
    solved: the headline score from which on a run counts as solved, where there is such a thing.
    """

    input_size: int
    output_size: int
    vocabulary: Sequence[str] | None = None
    chance: Mapping[str, float]
    report: Mapping[str, Any]
    content: str = ""
    eval_lengths: Sequence[int] = ()
    solved: float | None = None

    #: The score that figures and tables show first.
    headline: ClassVar[Score]
    #: How the loss is read.
    loss_score: ClassVar[Score] = CROSS_ENTROPY
    #: Numbers are asked for, not classes: a column of outputs for each, whatever the head.
    regression: ClassVar[bool] = False
    #: An answer at every step, [B, T, O], not one per sequence.
    per_step: ClassVar[bool] = False
    #: Made by a program: said wherever a number is shown.
    synthetic: ClassVar[bool] = False
    #: To be right a network must remember over a known number of steps, set by the length.
    memory: ClassVar[bool] = False
    #: Every training step gets examples of its own, by `fresh`; there is no training split.
    generates: ClassVar[bool] = False

    @abstractmethod
    def split(self, name: Split) -> SequenceDataset:
        """One split as tensors; an empty one where the task has no such split."""

    def fresh(self, count: int, generator: np.random.Generator) -> Batch:
        """New training examples, of a task that `generates`."""
        raise NotImplementedError(f"{type(self).__name__} has a training split")

    def at_length(self, seq_len: int) -> Self:
        """The same task at another length, to test a trained network on.

        Raises ValueError for a length that the task cannot have, or where it has none at all.
        """
        raise ValueError(f"{type(self).__name__} cannot be made at another length")

    def whole_lengths(self, name: Split) -> Tensor:
        """Steps of each example before anything was cut off, long [N]."""
        return self.split(name).lengths

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        """Examples with nothing cut off, pads behind, as wide as the longest of them."""
        return self.split(name).batch(torch.tensor(rows))

    @property
    def score(self) -> Score:
        """The headline with this task's own chance level."""
        return replace(
            self.headline, chance=self.chance.get(self.headline.name), solved_at=self.solved
        )

    @property
    def readings(self) -> Sequence[Score]:
        """How each number that is reported of it is read: the loss, and the headline."""
        return [
            replace(score, chance=self.chance.get(score.name))
            for score in (self.loss_score, self.headline)
        ]

    @abstractmethod
    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Mean over the batch, a 0-dim tensor."""

    @abstractmethod
    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """What each example scores, [B] each; they stay on the device until somebody reads."""

    def metrics(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Means of the scores over the batch, 0-dim."""
        return {name: score.mean() for name, score in self.scores(outputs, batch).items()}

    def followed_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The loss whose gradient the probes follow back in time: summed over the examples.

        Summed, so that each example's gradient is its own and not a B-th of it. Of a task that
        answers at every step it is the loss of the last answer alone: it has one place, from which
        distances can be told.
        """
        return self.loss(outputs, batch) * len(batch)

    def state(self) -> dict[str, Any]:
        """What `predict` needs of the data, as plain JSON values."""
        return {}


class Classification(Task):
    """One class per sequence.

    Outputs are logits: [B, 1] for two classes through a sigmoid (binary cross-entropy), else [B, O]
    through a softmax (cross-entropy). Both losses are in nats.
    """

    headline = ACCURACY

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return classification_loss(outputs, batch.targets)

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": (predicted_class(outputs) == batch.targets).float()}


class StepClassification(Task):
    """One class per step. Targets are long [B, T], `IGNORED` where nothing is asked, as at pads.

    Outputs are logits [B, T, O] through a softmax; the loss is the cross-entropy in nats, its mean
    over all steps that ask; an example's accuracy is its share of them.
    """

    headline = ACCURACY
    per_step = True

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": step_accuracy(outputs, batch.targets)}

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
    """Numbers per sequence: targets and outputs are float [B, O].

    The loss is the mean squared error; an example's score is its own.
    """

    headline = MSE
    loss_score = SQUARED_ERROR
    regression = True

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.mse_loss(outputs, batch.targets.to(outputs.dtype))

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"mse": (outputs - batch.targets).square().mean(dim=1)}


def step_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of each example's steps that are right, [B], of logits [B, T, O] and targets [B, T]."""
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


def classification_chance(counts: Sequence[int]) -> dict[str, float]:
    """Accuracy and loss of the best constant answer: the commonest class, and the class shares.

    accuracy = max_k p_k, loss = -sum_k p_k ln p_k (nats), with p_k = counts[k] / sum(counts).
    """
    total = sum(counts)
    shares = [count / total for count in counts if count]
    return {"accuracy": max(shares), "loss": -sum(p * math.log(p) for p in shares)}
