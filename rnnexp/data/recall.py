"""Recall: a cue or some, then filler that does not depend on them, then: which cues were these?

Shapes: N examples, K items, T steps.
"""

import math
from typing import Any

import numpy as np
import torch

from rnnexp import bounds
from rnnexp.data.base import Classification, classification_chance
from rnnexp.data.generated import Generated
from rnnexp.ranges import at_least
from rnnexp.types import SequenceDataset
from rnnexp.words import PAD


class Recall(Generated, Classification):
    """The class is that of the cue, which is `distance` steps before the last real step.

    All other steps are filler, uniform over `fillers` symbols and independent of the class, so
    that the network must remember the cue for exactly `distance` steps.

    With several items there are so many cues one behind the other, the first at `distance`, and a
    class for each combination of them: classes^items in all. An answer is right where all of them
    are, so that each must be remembered, together items * log2(classes) bits.

    distance: steps from the cue, or the first one, to the last real step; None puts it at the first
        step, which is a distance of seq_len - 1.
    pads: pads after the sequence, which seq_len does not count: the tensors are seq_len + pads
        wide. Only with `model.readout=last` must the network carry the cue across them.
    classes: how many different cues. fillers: how many different filler symbols.
    distractors: how many of the steps after the cues hold another cue, of a class drawn for each.
        The class of the sequence is that of the first cues.
    items: how many cues are to be remembered.
    common: the arguments of `Generated`.

    Chance is 1/classes^items, items * ln classes: the cues are uniform and independent of each
    other, of filler and of distractors.

    >>> Recall(seq_len=50).distance, Recall(seq_len=50, distance=20).distance
    (49, 20)
    >>> Recall(seq_len=50, classes=4, items=3).output_size
    64
    """

    solved = 0.99

    def __init__(
        self,
        *,
        distance: int | None = None,
        pads: int = 0,
        classes: int = 2,
        fillers: int = 8,
        distractors: int = 0,
        items: int = 1,
        **common: Any,
    ) -> None:
        at_least("pads", pads, 0)
        at_least("classes", classes, 2)
        at_least("fillers", fillers, 1)
        at_least("distractors", distractors, 0)
        at_least("items", items, 1)
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        bounds.at_most("fillers", fillers, bounds.MOST_NAMES, "each has a name")
        most = math.floor(math.log(bounds.MOST_NAMES) / math.log(classes) + 1e-9)
        bounds.at_most("items", items, most, f"there are {classes}^items classes")
        if distance is not None:
            at_least("distance", distance, 0)
        self._distance, self.pads, self.classes = distance, pads, classes
        self.fillers, self.distractors, self.items = fillers, distractors, items
        cues = (f"cue{i}" for i in range(1, classes + 1))
        self.vocabulary = [PAD, *cues, *(f"filler{i}" for i in range(1, fillers + 1))]
        self.input_size, self.output_size = len(self.vocabulary), classes**items
        super().__init__(**common)

    @property
    def distance(self) -> int:
        return self.seq_len - 1 if self._distance is None else self._distance

    def variant(self) -> dict[str, Any]:
        return {
            "distance": self.distance,
            "pads": self.pads,
            "fillers": self.fillers,
            "distractors": self.distractors,
            "items": self.items,
        }

    def check_length(self) -> None:
        needed = max(self.counts.values()) * (self.seq_len + self.pads) * bounds.WHOLE
        bounds.fits("pads", self.pads, needed, "sequences and their pads")
        if self.distance >= self.seq_len:
            raise ValueError(
                f"distance={self.distance} lies beyond the sequence: with seq_len={self.seq_len} "
                f"it can be {self.seq_len - 1} at most"
            )
        if self.items > self.distance + 1:
            raise ValueError(
                f"items={self.items} do not fit: from a cue at distance {self.distance} to the end "
                f"there are {self.distance + 1} steps"
            )
        behind = self.distance + 1 - self.items
        if self.distractors > behind:
            raise ValueError(
                f"distractors={self.distractors} do not fit behind the cue at distance {behind}: "
                "there are as many steps"
            )

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.output_size)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        first_filler = 1 + self.classes
        inputs_NT = np.zeros((count, self.seq_len + self.pads), np.int64)
        inputs_NT[:, : self.seq_len] = generator.integers(
            first_filler, first_filler + self.fillers, size=(count, self.seq_len)
        )
        targets_N = generator.integers(self.output_size, size=count)
        first = self.seq_len - 1 - self.distance
        behind = first + self.items
        # the class in the number system of base `classes`: a digit for each cue, the first leading
        places_K = self.classes ** np.arange(self.items - 1, -1, -1)
        inputs_NT[:, first:behind] = 1 + targets_N[:, None] // places_K % self.classes
        if self.distractors:
            order_ND = generator.random((count, self.seq_len - behind)).argsort(axis=1)
            places_ND = behind + order_ND[:, : self.distractors]
            false_ND = generator.integers(1, 1 + self.classes, size=places_ND.shape)
            np.put_along_axis(inputs_NT, places_ND, false_ND, axis=1)
        lengths = torch.full((count,), self.seq_len)
        return SequenceDataset(torch.from_numpy(inputs_NT), torch.from_numpy(targets_N), lengths)
