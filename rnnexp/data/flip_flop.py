"""Flip-flop: registers that are written and read at random steps. What stands in them?

Shapes: N examples, T steps.
"""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data.base import IGNORED, StepClassification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.ranges import a_fraction, at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD

#: What a step can do.
WRITE, IGNORE, READ = 0, 1, 2


class FlipFlop(Generated, StepClassification):
    """At each step a register is written, a value is to be ignored, or a register is read.

    The target of a step that reads a register is the value that was last written into it; other
    steps have no target. The first `items` steps write each register once, the last step reads one;
    of the steps between, shares of `write` and `read` write and read, and the others show a value
    that is to be ignored. Registers and values are uniform and independent of all else.

    With one register of two values this is the flip-flop language FFL(1 - write - read) of Liu,
    Ash, Goel, Krishnamurthy and Zhang 2023 ("Exposing attention glitches with flip-flop language
    modeling"; there 256 instructions of FFL(0.8)), an instruction and its value as one token.
    With more registers it is the n-bit flip-flop of Sussillo and Barak 2013 ("Opening the black
    box"), in tokens, and asked for one register at a time instead of all at every step.

    items: how many registers. classes: how many different values.
    write, read: shares of the steps between that write and that read.
    common: the arguments of `Generated`.

    Chance is 1/classes, ln classes: a step that reads says which register and not what stands in
    it, and every value is as likely as any other. A value must be held for as long as no other is
    written: at a read, items/write steps on average in a long sequence.

    >>> FlipFlop(seq_len=5, items=2, write=0.0, read=0.0, test_count=1).split("test").targets.shape
    torch.Size([1, 5])
    """

    solved = 0.99
    memory = False  # the length of a sequence is not how long a value must be held

    def __init__(
        self,
        *,
        items: int = 1,
        classes: int = 2,
        write: float = 0.1,
        read: float = 0.1,
        **common: Any,
    ) -> None:
        at_least("items", items, 1)
        at_least("classes", classes, 2)
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        most = bounds.MOST_NAMES // classes
        bounds.at_most("items", items, most, "each has a name for each of its values")
        a_fraction("write", write)
        a_fraction("read", read)
        if write + read > 1:
            raise ValueError(
                f"write={write:g} and read={read:g} are shares of the steps: together they can be "
                "1 at most"
            )
        self.items, self.classes, self.write, self.read = items, classes, write, read
        registers, values = range(1, items + 1), range(1, classes + 1)
        self.vocabulary = [
            PAD,
            *(f"write{i}={value}" for i in registers for value in values),
            *(f"ignore={value}" for value in values),
            *(f"read{i}" for i in registers),
        ]
        self.input_size, self.output_size = len(self.vocabulary), classes
        super().__init__(**common)

    def variant(self) -> dict[str, Any]:
        return {
            "items": self.items, "classes": self.classes, "write": self.write, "read": self.read,
        }  # fmt: skip

    def check_length(self) -> None:
        if self.seq_len <= self.items:
            raise ValueError(
                f"items={self.items} do not fit into seq_len={self.seq_len} steps: each is written "
                f"once before the last step, so seq_len must be {self.items + 1} or more"
            )

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.classes)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        shape = (count, self.seq_len)
        uniform_NT = generator.random(shape)
        what_NT = np.where(uniform_NT < self.write, WRITE, IGNORE)
        what_NT[uniform_NT >= 1 - self.read] = READ
        register_NT = generator.integers(self.items, size=shape)
        value_NT = generator.integers(self.classes, size=shape)
        what_NT[:, : self.items], register_NT[:, : self.items] = WRITE, np.arange(self.items)
        what_NT[:, -1] = READ

        writes = self.items * self.classes
        inputs_NT = 1 + np.choose(
            what_NT,
            [
                register_NT * self.classes + value_NT,
                writes + value_NT,
                writes + self.classes + register_NT,
            ],
        )
        targets_NT = np.full(shape, IGNORED)
        for register in range(self.items):
            mine_NT = register_NT == register
            step_NT = np.where(mine_NT & (what_NT == WRITE), np.arange(self.seq_len), 0)
            written_NT = np.maximum.accumulate(step_NT, axis=1)
            held_NT = np.take_along_axis(value_NT, written_NT, axis=1)
            asked_NT = mine_NT & (what_NT == READ)
            targets_NT[asked_NT] = held_NT[asked_NT]
        return all_steps(inputs_NT, targets_NT, per_step=True)
