"""What a run answers to a text: a class with its probability, or a number. Shapes: B texts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from rnnexp.data.base import class_probabilities, classification_loss, predicted_class
from rnnexp.data.standardised import Scaling
from rnnexp.errors import UserError
from rnnexp.results.runs import RunDirectory

Value = str | float | None


class AnswerForm(ABC):
    """columns: the heads of what `values` gives. followed: what gradients are of, in words."""

    columns: Sequence[str]
    followed: str

    @abstractmethod
    def values(self, outputs_BO: Tensor) -> list[list[Value]]:
        """The answer to each text, by `columns`."""

    @abstractmethod
    def lines(self, outputs_1O: Tensor) -> list[str]:
        """The answer to one text, as the screen shows it."""

    @abstractmethod
    def loss(self, outputs_1O: Tensor) -> Tensor:
        """A 0-dim tensor, whose gradient says what the answer depends on."""

    @abstractmethod
    def so_far(self, outputs_TO: Tensor, outputs_1O: Tensor) -> tuple[str, list[str]]:
        """What would be answered, had the text ended with each word: a head and a cell per word."""

    @property
    def none(self) -> list[Value]:
        """In the place of the answer to a text of which no word is known."""
        return [None] * len(self.columns)


class ClassForm(AnswerForm):
    """A class, and the probability of each as p_CLASS. The loss is as if the answer were right."""

    followed = "of the loss, had this label been right"

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = classes
        self.columns = ["label", *(f"p_{name}" for name in classes)]

    def values(self, outputs_BO: Tensor) -> list[list[Value]]:
        answers = predicted_class(outputs_BO).tolist()
        probabilities = class_probabilities(outputs_BO).tolist()
        return [
            [self.classes[answer], *shares]
            for answer, shares in zip(answers, probabilities, strict=True)
        ]

    def lines(self, outputs_1O: Tensor) -> list[str]:
        answer = int(predicted_class(outputs_1O))
        probability = class_probabilities(outputs_1O)[0, answer].item()
        return [f"label:          {self.classes[answer]}", f"confidence:     {probability:.1%}"]

    def loss(self, outputs_1O: Tensor) -> Tensor:
        return classification_loss(outputs_1O, predicted_class(outputs_1O.detach()))

    def so_far(self, outputs_TO: Tensor, outputs_1O: Tensor) -> tuple[str, list[str]]:
        answer = int(predicted_class(outputs_1O))
        probability_T = class_probabilities(outputs_TO)[:, answer].tolist()
        return f"{self.classes[answer]} so far", [f"{p:.1%}" for p in probability_T]


class NumberForm(AnswerForm):
    """A number in the user's own unit."""

    columns = ("number",)
    followed = "of the number, in standard deviations of those trained on"

    def __init__(self, scaling: Scaling) -> None:
        self.scaling = scaling

    def values(self, outputs_BO: Tensor) -> list[list[Value]]:
        return [[number] for number in self._numbers(outputs_BO)]

    def lines(self, outputs_1O: Tensor) -> list[str]:
        return [f"number:         {self._numbers(outputs_1O)[0]:.6g}"]

    def loss(self, outputs_1O: Tensor) -> Tensor:
        return outputs_1O.sum()

    def so_far(self, outputs_TO: Tensor, outputs_1O: Tensor) -> tuple[str, list[str]]:
        return "number so far", [f"{number:.6g}" for number in self._numbers(outputs_TO)]

    def _numbers(self, outputs_BO: Tensor) -> list[float]:
        standardised = outputs_BO.detach()[:, 0].to(torch.float64).numpy()
        numbers: list[float] = self.scaling.in_units(standardised).tolist()
        return numbers


def form_of(run: RunDirectory) -> AnswerForm:
    """Raises UserError for a run that was not trained on texts."""
    record = run.task
    if record.cleaning is not None and record.classes is not None:
        return ClassForm(record.classes)
    if record.cleaning is not None and record.scaling is not None:
        return NumberForm(Scaling(**record.scaling))
    raise UserError(f"{run.path} was trained on {run.summary.data}, not on texts")
