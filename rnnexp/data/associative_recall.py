"""Associative recall: keys with their values, then one of the keys again. What was its value?

Shapes: N examples, K items, T steps.
"""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD

#: Steps behind the filler: two question marks and the key that is asked for.
ASKING = 3


class AssociativeRecall(Generated, Classification):
    """`items` pairs of a key and its value, filler, `? ?` and one of the keys: its value is asked.

    c9 k8 j3 f1 ... ? ? j has the class 3. A pair is two steps. No key comes twice, values may; all
    are uniform, as is the key that is asked for, and filler, which says nothing, makes up the rest
    of seq_len. So a value must be held, and found by its key, over seq_len - 2 items steps or more.

    Source: Ba, Hinton, Mnih, Leibo and Ionescu 2016 ("Using fast weights to attend to the recent
    past", section 4.1), without filler, 26 keys and 10 values. One key is asked for in a sequence;
    MQAR (Arora et al. 2023, "Zoology") asks for all of them.

    items: how many pairs. keys: how many different keys. classes: how many different values.
    fillers: how many different filler symbols. common: the arguments of `Generated`.

    Chance is 1/classes, ln classes: values are independent of keys, so that the key that is asked
    for says nothing of its value to whoever remembers no pair. Whoever remembers the values and not
    whose they are does better, by the share of the commonest: with 3 pairs of 4 values 56% and
    not 25%, and that is not yet association.

    >>> AssociativeRecall(seq_len=9, items=3, test_count=2).split("test").inputs.shape
    torch.Size([2, 9])
    """

    solved = 0.99

    def __init__(
        self,
        *,
        items: int = 3,
        keys: int = 8,
        classes: int = 4,
        fillers: int = 8,
        **common: Any,
    ) -> None:
        at_least("items", items, 1)
        at_least("keys", keys, 1)
        at_least("classes", classes, 2)
        at_least("fillers", fillers, 1)
        for name, value in (("keys", keys), ("classes", classes), ("fillers", fillers)):
            bounds.at_most(name, value, bounds.MOST_NAMES, "each has a name")
        if items > keys:
            raise ValueError(
                f"items={items} need as many different keys, since no key comes twice: there are "
                f"keys={keys}"
            )
        self.items, self.keys, self.classes, self.fillers = items, keys, classes, fillers
        self.vocabulary = [
            PAD, "?",
            *(f"key{i}" for i in range(1, keys + 1)),
            *(f"value{i}" for i in range(1, classes + 1)),
            *(f"filler{i}" for i in range(1, fillers + 1)),
        ]  # fmt: skip
        self.input_size, self.output_size = len(self.vocabulary), classes
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {
            "items": self.items, "keys": self.keys, "classes": self.classes,
            "fillers": self.fillers,
        }  # fmt: skip

    def check_length(self) -> None:
        shortest = 2 * self.items + ASKING
        if self.seq_len < shortest:
            raise ValueError(
                f"items={self.items} do not fit into seq_len={self.seq_len} steps: with two steps "
                f"for each pair and {ASKING} to ask, seq_len must be {shortest} or more"
            )
        needed = max(self.counts.values()) * self.keys * bounds.WHOLE
        bounds.fits("keys", self.keys, needed, "the orders of the keys")

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.classes)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        first_key, first_value = 2, 2 + self.keys
        first_filler = first_value + self.classes
        keys_NK = generator.random((count, self.keys)).argsort(axis=1)[:, : self.items]
        values_NK = generator.integers(self.classes, size=(count, self.items))
        asked_N = generator.integers(self.items, size=count)
        inputs_NT = generator.integers(
            first_filler, first_filler + self.fillers, size=(count, self.seq_len)
        )
        inputs_NT[:, 0 : 2 * self.items : 2] = first_key + keys_NK
        inputs_NT[:, 1 : 2 * self.items : 2] = first_value + values_NK
        rows_N = np.arange(count)
        inputs_NT[:, -ASKING:-1] = 1
        inputs_NT[:, -1] = first_key + keys_NK[rows_N, asked_N]
        return all_steps(inputs_NT, values_NK[rows_N, asked_N])
