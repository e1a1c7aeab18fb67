"""Parity: whether the number of ones in a row of bits is odd. Shapes: N examples, T steps."""

from typing import Any

import numpy as np

from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps, check_beyond
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD


class Parity(Generated, Classification):
    """seq_len independent fair bits; the class is their exclusive or.

    Every bit counts alike: without any one of them the class is as likely 0 as 1. Chance is
    1/2, ln 2. Source: Hochreiter and Schmidhuber 1997, section 4, who found that for short
    sequences guessing random weights solves it faster than gradients do.

    common: the arguments of `Generated`.

    >>> task = Parity(seq_len=3, test_count=4)
    >>> bool(((task.split("test").inputs - 1).sum(1) % 2 == task.split("test").targets).all())
    True
    """

    solved = 0.99

    def __init__(self, **common: Any) -> None:
        self.vocabulary = [PAD, "0", "1"]
        self.input_size, self.output_size = len(self.vocabulary), 2
        super().__init__(**common)

    def check_tested(self) -> None:
        check_beyond(self, "parity")

    def check_length(self) -> None:
        if self.seq_len < 2:
            raise ValueError(
                f"parity needs seq_len of 2 or more: one bit is its own (got {self.seq_len})"
            )

    def variant(self) -> dict[str, Any]:
        return {}

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1, 1])

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        bits_NT = generator.integers(2, size=(count, self.seq_len))
        return all_steps(1 + bits_NT, bits_NT.sum(axis=1) % 2)
