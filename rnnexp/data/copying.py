"""The copying memory problem: ten symbols, a long blank, then the ten symbols again.

Shapes: N examples, B batch, T steps, O classes.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rnnexp.data.base import (
    IGNORED,
    SplitScores,
    StepClassification,
    classification_chance,
    step_accuracy,
)
from rnnexp.data.generated import Generated, all_steps
from rnnexp.types import Batch, SequenceDataset
from rnnexp.words import PAD

SYMBOLS, COPIED = 8, 10
#: Token ids; the symbols stand between the blank and the signal.
BLANK, FIRST, SIGNAL = 1, 2, 2 + SYMBOLS


class Copying(Generated, StepClassification):
    """Ten symbols of eight, seq_len - 1 blanks, a signal, ten blanks: seq_len + 20 steps.

    The target is blank for the first seq_len + 10 steps, then the ten symbols in their order: each
    must be kept for seq_len + 10 steps. Source: Arjovsky, Shah and Bengio 2016, section 4.1.

    scored: the loss is the mean over `all` steps, as published, or over the `recalled` ten alone.
    common: the arguments of `Generated`.

    accuracy, and what only a whole split has, is that of the ten recalled symbols, in either case;
    an area under the curve is not defined, since blank, the ninth class, is never right there.
    Without memory the best is to say blank where blank is due, and then to guess: loss
    10 ln 8 / (seq_len + 20) over all steps, ln 8 over the recalled ones; accuracy 1/8.

    >>> round(Copying(seq_len=100).chance["loss"], 5)
    0.17329
    """

    solved = 0.99

    def __init__(self, *, scored: Literal["all", "recalled"] = "all", **common: Any) -> None:
        self.scored = scored
        self.vocabulary = [PAD, "blank", *(f"symbol{i}" for i in range(1, SYMBOLS + 1)), "signal"]
        self.input_size, self.output_size = len(self.vocabulary), SYMBOLS + 1
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {"scored": self.scored}

    def chance_levels(self) -> dict[str, float]:
        steps = self.seq_len + 2 * COPIED if self.scored == "all" else COPIED
        loss = COPIED * math.log(SYMBOLS) / steps
        return classification_chance([1] * SYMBOLS) | {"loss": loss}

    def scores(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"accuracy": step_accuracy(outputs[:, -COPIED:], batch.targets[:, -COPIED:])}

    def of_split(self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> SplitScores:
        return super().of_split(outputs[:, -COPIED:], targets[:, -COPIED:])

    def ends_of_split(
        self, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]
    ) -> Mapping[str, tuple[float, float]]:
        return super().ends_of_split(outputs[:, -COPIED:], targets[:, -COPIED:])

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        symbols_N10 = generator.integers(SYMBOLS, size=(count, COPIED))
        steps = self.seq_len + 2 * COPIED
        inputs_NT = np.full((count, steps), BLANK)
        inputs_NT[:, :COPIED] = FIRST + symbols_N10
        inputs_NT[:, COPIED + self.seq_len - 1] = SIGNAL
        # classes: 0 is the blank, then the symbols
        targets_NT = np.full((count, steps), 0 if self.scored == "all" else IGNORED)
        targets_NT[:, -COPIED:] = 1 + symbols_N10
        return all_steps(inputs_NT, targets_NT, per_step=True)
