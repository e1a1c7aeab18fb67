"""The temporal order problem: in which order came the few symbols that matter?

Shapes: N examples, T steps.
"""

from typing import Any, Literal

import numpy as np

from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD

#: Where each symbol stands: from and up to (exclusive) these tenths of the sequence.
TENTHS = {2: ((1, 2), (5, 6)), 3: ((1, 2), (3, 4), (6, 7))}
#: Token ids: A and B matter, four others are distractors.
A, DISTRACTOR, DISTRACTORS = 1, 3, 4


class TemporalOrder(Generated, Classification):
    """An A or B in [.1 L, .2 L), another in [.5 L, .6 L), all other steps one of four distractors.

    The class is the order, AA, AB, BA or BB. With three symbols they stand in [.1 L, .2 L),
    [.3 L, .4 L) and [.6 L, .7 L), and there are eight classes. L is seq_len. Sources: Hochreiter
    and Schmidhuber 1997, tasks 6a and 6b; in this form Pascanu, Mikolov and Bengio 2013, section
    4.1.1, after Martens and Sutskever 2011.

    symbols: 2 or 3. common: the arguments of `Generated`.

    >>> TemporalOrder(seq_len=20, symbols=3).chance["accuracy"]
    0.125
    """

    solved = 0.99

    def __init__(self, *, symbols: Literal[2, 3] = 2, **common: Any) -> None:
        self.symbols = symbols
        self.vocabulary = [PAD, "A", "B", *(f"distractor{i}" for i in range(1, DISTRACTORS + 1))]
        self.input_size, self.output_size = len(self.vocabulary), 2**symbols
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {"symbols": self.symbols}

    def check_length(self) -> None:
        if self.seq_len < 10:
            raise ValueError(
                "temporal_order needs seq_len of 10 or more, since its symbols stand in tenths of "
                f"the sequence (got {self.seq_len})"
            )

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.output_size)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        rows_N, steps = np.arange(count), self.seq_len
        inputs_NT = generator.integers(DISTRACTOR, DISTRACTOR + DISTRACTORS, size=(count, steps))
        targets_N = np.zeros(count, np.int64)
        for low, high in TENTHS[self.symbols]:
            # whole steps t with low/10 <= t/L < high/10
            place_N = generator.integers(-(-low * steps // 10), -(-high * steps // 10), size=count)
            symbol_N = generator.integers(2, size=count)
            inputs_NT[rows_N, place_N] = A + symbol_N
            targets_N = 2 * targets_N + symbol_N
        return all_steps(inputs_NT, targets_N)
