"""Modular counting: the sum of a row of numbers, modulo m. Shapes: N examples, T steps."""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps, check_beyond
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD


class ModularCounting(Generated, Classification):
    """seq_len independent numbers, uniform over 0 ... m - 1; the class is their sum modulo m.

    It is the addition alone of "modular arithmetic without brackets" (Delétang et al. 2023; Grazzi
    et al. 2024, arXiv 2411.12537), which has differences and products too: the word problem of the
    cyclic group of m elements. With modulus=2 it is parity.

    modulus: m. common: the arguments of `Generated`.

    Chance is 1/m, ln m: the sum of all numbers but the last is uniform and independent of the last,
    and so is the class. The same holds for whoever has missed any one number: there is no partial
    credit. The length can be any from 2: a single number is its own class, and
    nothing needs to be remembered.

    >>> task = ModularCounting(seq_len=4, modulus=5, test_count=3)
    >>> bool(((task.split("test").inputs - 1).sum(1) % 5 == task.split("test").targets).all())
    True
    """

    solved = 0.99

    def __init__(self, *, modulus: int = 3, **common: Any) -> None:
        at_least("modulus", modulus, 2)
        bounds.at_most("modulus", modulus, bounds.MOST_NAMES, "each number has a name")
        self.modulus = modulus
        self.vocabulary = [PAD, *map(str, range(modulus))]
        self.input_size, self.output_size = len(self.vocabulary), modulus
        super().__init__(**common)

    def check_tested(self) -> None:
        check_beyond(self, "modular_counting")

    def check_length(self) -> None:
        if self.seq_len < 2:
            raise ValueError(
                "modular_counting needs seq_len of 2 or more: one number is its own sum "
                f"(got {self.seq_len})"
            )

    def variant(self) -> dict[str, Any]:
        return {"modulus": self.modulus}

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.modulus)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        numbers_NT = generator.integers(self.modulus, size=(count, self.seq_len))
        return all_steps(1 + numbers_NT, numbers_NT.sum(axis=1) % self.modulus)
