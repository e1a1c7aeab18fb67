"""The interface of a task: its data, its loss, its metrics and its chance level."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.types import Batch, SequenceDataset, Split


class Task(ABC):
    """A dataset with what it means to be right on it.

    input_size: number of distinct tokens, or features per step where inputs are float.
    output_size: classes, or numbers to predict.
    vocabulary: the word of each token id (specials in angle brackets), None where inputs are float.
    chance: what the best constant answer scores, per metric of `metrics` and for `loss`.
    report: facts about the data worth a place in summary.json.
    content: names the content where the settings do not (a file's digest): other content under
        the same settings is another run.
    """

    input_size: int
    output_size: int
    vocabulary: Sequence[str] | None = None
    chance: Mapping[str, float]
    report: Mapping[str, Any]
    content: str = ""

    #: The metric that figures and tables show first.
    headline: ClassVar[str]

    @abstractmethod
    def split(self, name: Split) -> SequenceDataset:
        """One split as tensors; an empty one where the task has no such split."""

    def whole_lengths(self, name: Split) -> Tensor:
        """Steps of each example before anything was cut off, long [N]."""
        return self.split(name).lengths

    def whole(self, name: Split, rows: Sequence[int]) -> Batch:
        """Examples with nothing cut off, pads behind, as wide as the longest of them."""
        return self.split(name).batch(torch.tensor(rows))

    @abstractmethod
    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Mean over the batch, a 0-dim tensor."""

    @abstractmethod
    def metrics(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Means over the batch as 0-dim tensors: they stay on the device until somebody reads."""

    def state(self) -> dict[str, Any]:
        """What `predict` needs of the data, as plain JSON values."""
        return {}


class Classification(Task):
    """One class per sequence.

    Outputs are logits: [B, 1] for two classes through a sigmoid (binary cross-entropy), else [B, O]
    through a softmax (cross-entropy). Both losses are in nats.
    """

    headline = "accuracy"

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return classification_loss(outputs, batch.targets)

    def metrics(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": (predicted_class(outputs) == batch.targets).float().mean()}


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
