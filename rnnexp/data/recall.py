"""Recall: one cue, then filler that does not depend on it, then the question which cue it was.

Shapes: N examples, T steps.
"""

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

    distance: steps from the cue to the last real step; None puts the cue at the first step, which
        is a distance of seq_len - 1.
    pads: pads after the sequence, which seq_len does not count: the tensors are seq_len + pads
        wide. Only with `model.readout=last` must the network carry the cue across them.
    classes: how many different cues. fillers: how many different filler symbols.
    distractors: how many of the steps after the cue hold another cue, of a class drawn for each.
        The class of the sequence is that of the first cue.
    common: the arguments of `Generated`.

    Chance is 1/classes, ln classes.

    >>> Recall(seq_len=50).distance, Recall(seq_len=50, distance=20).distance
    (49, 20)
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
        **common: Any,
    ) -> None:
        at_least("pads", pads, 0)
        at_least("classes", classes, 2)
        at_least("fillers", fillers, 1)
        at_least("distractors", distractors, 0)
        bounds.at_most("classes", classes, bounds.MOST_NAMES, "each has a name")
        bounds.at_most("fillers", fillers, bounds.MOST_NAMES, "each has a name")
        if distance is not None:
            at_least("distance", distance, 0)
        self._distance, self.pads, self.classes = distance, pads, classes
        self.fillers, self.distractors = fillers, distractors
        cues = (f"cue{i}" for i in range(1, classes + 1))
        self.vocabulary = [PAD, *cues, *(f"filler{i}" for i in range(1, fillers + 1))]
        self.input_size, self.output_size = len(self.vocabulary), classes
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
        }

    def check_length(self) -> None:
        needed = max(self.counts.values()) * (self.seq_len + self.pads) * bounds.WHOLE
        bounds.fits("pads", self.pads, needed, "sequences and their pads")
        if self.distance >= self.seq_len:
            raise ValueError(
                f"distance={self.distance} lies beyond the sequence: with seq_len={self.seq_len} "
                f"it can be {self.seq_len - 1} at most"
            )
        if self.distractors > self.distance:
            raise ValueError(
                f"distractors={self.distractors} do not fit behind a cue at distance "
                f"{self.distance}: there are as many steps"
            )

    def chance_levels(self) -> dict[str, float]:
        return classification_chance([1] * self.classes)

    def generate(self, count: int, generator: np.random.Generator) -> SequenceDataset:
        first_filler = 1 + self.classes
        inputs_NT = np.zeros((count, self.seq_len + self.pads), np.int64)
        inputs_NT[:, : self.seq_len] = generator.integers(
            first_filler, first_filler + self.fillers, size=(count, self.seq_len)
        )
        targets_N = generator.integers(self.classes, size=count)
        cue = self.seq_len - 1 - self.distance
        inputs_NT[:, cue] = 1 + targets_N
        if self.distractors:
            order_ND = generator.random((count, self.distance)).argsort(axis=1)
            places_ND = cue + 1 + order_ND[:, : self.distractors]
            false_ND = generator.integers(1, 1 + self.classes, size=places_ND.shape)
            np.put_along_axis(inputs_NT, places_ND, false_ND, axis=1)
        lengths = torch.full((count,), self.seq_len)
        return SequenceDataset(torch.from_numpy(inputs_NT), torch.from_numpy(targets_N), lengths)
