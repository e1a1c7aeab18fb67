"""Selective copying: symbols at random places among blanks, then the symbols again, in order.

Shapes: N examples, K items, T steps.
"""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data.base import IGNORED, StepClassification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD

#: Token ids; the symbols come behind them.
BLANK, RECALL, FIRST = 1, 2, 3


class SelectiveCopying(Generated, StepClassification):
    """`items` symbols at random places of seq_len steps, blanks at all others; then they are asked.

    The symbols are uniform over `classes`, their places any different ones of the seq_len steps.
    Behind them stand `items` steps that all read the same token, `recall`; the target of the k-th
    of them is the k-th symbol in the order of their places. Other steps have no target. So there
    are seq_len + items steps, and a symbol must be held for `items` to seq_len steps. As the places
    vary, symbols must be told from blanks by what they are: to keep what stood a fixed number of
    steps ago, which solves the copying problem, is of no use.

    The task is the denoising task of Jing et al. 2019 ("Gated orthogonal recurrent units"), called
    selective copying by Gu and Dao 2023 ("Mamba", section 4.1.1; there 16 symbols of 16 among 4,096
    steps), in the form that asks once for each symbol, by the same token each time.

    items: how many symbols there are. classes: how many different ones.
    common: the arguments of `Generated`.

    Chance is 1/classes, ln classes: of a target the token at its step says nothing, nor does the
    step's number, so that all symbols are equally likely to whoever remembers nothing.

    >>> task = SelectiveCopying(seq_len=6, items=2, test_count=4)
    >>> task.split("test").inputs.shape, task.chance["accuracy"]
    (torch.Size([4, 8]), 0.125)
    """

    solved = 0.99

    def __init__(self, *, items: int = 10, classes: int = 8, **common: Any) -> None:
        at_least("items", items, 1)
        at_least("classes", classes, 2)
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        self.items, self.classes = items, classes
        self.vocabulary = [PAD, "blank", "recall", *(f"symbol{i}" for i in range(1, classes + 1))]
        self.input_size, self.output_size = len(self.vocabulary), classes
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {"items": self.items, "classes": self.classes}

    def check_length(self) -> None:
        if self.items > self.seq_len:
            raise ValueError(
                f"items={self.items} do not fit into seq_len={self.seq_len} steps: each stands at "
                "a step of its own"
            )
        needed = max(self.counts.values()) * (self.seq_len + self.items) * bounds.WHOLE
        bounds.fits("items", self.items, needed, "sequences and their answers")

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.classes)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        symbols_NK = generator.integers(self.classes, size=(count, self.items))
        order_NT = generator.random((count, self.seq_len)).argsort(axis=1)
        places_NK = np.sort(order_NT[:, : self.items], axis=1)
        inputs_NT = np.full((count, self.seq_len + self.items), BLANK)
        np.put_along_axis(inputs_NT, places_NK, FIRST + symbols_NK, axis=1)
        inputs_NT[:, self.seq_len :] = RECALL
        targets_NT = np.full(inputs_NT.shape, IGNORED)
        targets_NT[:, self.seq_len :] = symbols_NK
        return all_steps(inputs_NT, targets_NT, per_step=True)
