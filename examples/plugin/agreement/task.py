"""Agreement: are the first and the last symbol the same? Shapes: N examples, T steps."""

from typing import Any

import numpy as np

from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD


# `Generated` makes the splits and the fresh training samples from `generate` below, and
# `Classification` is the loss and the scores. For a task that reads files see rnnexp/data/.
class Agreement(Generated, Classification):
    """The class is 1 where the last symbol is the first one again, and 0 where it is another.

    The symbols between say nothing, so that the first must be remembered for seq_len - 1 steps, as
    a verb must agree with a subject far before it. The last symbol alone says nothing either: it is
    uniform in both classes. Chance: 1/2.

    symbols: how many different symbols there are.
    common: the arguments of `Generated`.
    """

    # The accuracy from which on a run counts as having solved it; leave it out where there is none.
    solved = 0.99

    # The constructor is the schema. A setting is an argument with a type and a default: its type is
    # checked for you, its range is yours to check, with an error that begins with its name.
    def __init__(self, *, symbols: int = 4, **common: Any) -> None:
        at_least("symbols", symbols, 2)
        self.symbols = symbols
        # Where inputs are tokens: what each number stands for, 0 being the pad.
        self.vocabulary = [PAD, *(f"s{i}" for i in range(1, symbols + 1))]
        self.input_size, self.output_size = len(self.vocabulary), 2
        super().__init__(**common)

    def check_length(self) -> None:
        if self.seq_len < 2:
            raise ValueError(
                f"agreement needs seq_len of 2 or more, a first and a last (got {self.seq_len})"
            )

    def variant(self) -> dict[str, Any]:
        """The settings that change what is asked, for the report of the data."""
        return {"symbols": self.symbols}

    def chance_levels(self) -> dict[str, float]:
        """The scores of the best answer without memory: here two classes, equally likely."""
        return classification_chance([1, 1])

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        """Random numbers come from `generator` alone: the same seed gives the same examples."""
        tokens_NT = generator.integers(1, self.symbols + 1, size=(count, self.seq_len))
        class_N = generator.integers(2, size=count)
        # Any other symbol lies 1 to symbols - 1 places further on.
        shift_N = generator.integers(1, self.symbols, size=count) * (1 - class_N)
        tokens_NT[:, -1] = 1 + (tokens_NT[:, 0] - 1 + shift_N) % self.symbols
        return all_steps(tokens_NT, class_N)
