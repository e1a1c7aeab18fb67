"""Delayed xor: two bits at given distances from the end; are they different?

Shapes: N examples, T steps.
"""

from typing import Any

import numpy as np

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated, all_steps
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD


class DelayedXor(Generated, Classification):
    """Two cues, each 0 or 1, and filler at all other steps; the class is the cues' exclusive or.

    The first cue is `distance` steps before the last step, the second `gap` steps behind it. Filler
    is uniform over `fillers` symbols and says nothing of the cues.

    It is the delayed temporal xor of Engelken 2023 ("Gradient flossing", NeurIPS), whose target at
    every step t is |x_(t-d) - x_(t-d/2)|, in a form with one answer: the bits at distances d and
    d/2 from the end are the only ones, as marked by their symbols, and the answer is asked for at
    the last step alone. So a network must hold two bits, and not all of the last d.

    distance: steps from the first cue to the last step, d; None puts it at the first step, which is
        a distance of seq_len - 1.
    gap: steps from the first cue to the second; None: so many that the second is d/2, rounded
        down, before the last step.
    fillers: how many different filler symbols. common: the arguments of `Generated`.

    Chance is 1/2, ln 2: the cues are independent fair bits, so their exclusive or is fair, also for
    whoever knows one of the two, and filler is independent of it.

    >>> task = DelayedXor(seq_len=21)
    >>> task.distance, task.gap
    (20, 10)
    """

    solved = 0.99

    def __init__(
        self,
        *,
        distance: int | None = None,
        gap: int | None = None,
        fillers: int = 8,
        **common: Any,
    ) -> None:
        if distance is not None:
            at_least("distance", distance, 1)
        if gap is not None:
            at_least("gap", gap, 1)
        at_least("fillers", fillers, 1)
        bounds.at_most("fillers", fillers, bounds.MOST_NAMES, "each has a name")
        self._distance, self._gap, self.fillers = distance, gap, fillers
        self.vocabulary = [PAD, "cue0", "cue1", *(f"filler{i}" for i in range(1, fillers + 1))]
        self.input_size, self.output_size = len(self.vocabulary), 2
        super().__init__(**common)

    @property
    def distance(self) -> int:
        return self.seq_len - 1 if self._distance is None else self._distance

    @property
    def gap(self) -> int:
        return self.distance - self.distance // 2 if self._gap is None else self._gap

    def variant(self) -> dict[str, Any]:
        return {"distance": self.distance, "gap": self.gap, "fillers": self.fillers}

    def check_length(self) -> None:
        if self.seq_len < 2:
            raise ValueError(
                f"delayed_xor needs seq_len of 2 or more, for two cues (got {self.seq_len})"
            )
        if self.distance >= self.seq_len:
            raise ValueError(
                f"distance={self.distance} lies beyond the sequence: with seq_len={self.seq_len} "
                f"it can be {self.seq_len - 1} at most"
            )
        if self.gap > self.distance:
            raise ValueError(
                f"gap={self.gap} puts the second cue behind the end: with the first at distance "
                f"{self.distance} it can be {self.distance} at most"
            )

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1, 1])

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        inputs_NT = generator.integers(3, 3 + self.fillers, size=(count, self.seq_len))
        cues_N2 = generator.integers(2, size=(count, 2))
        first = self.seq_len - 1 - self.distance
        inputs_NT[:, [first, first + self.gap]] = 1 + cues_N2
        return all_steps(inputs_NT, cues_N2[:, 0] ^ cues_N2[:, 1])
