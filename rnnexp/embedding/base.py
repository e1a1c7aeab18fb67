"""Encoders: what a model reads at each step. Shapes: T time, B batch, E features.

An encoder maps token ids, long [T, B], or features, float [T, B, E], to floats [T, B, E].
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

PAD_ID = 0


class Encoder(nn.Module, ABC):
    """output_size: the number of features E per step.

    report: facts worth a place in summary.json.
    content: names the content where the settings do not, as in `Task`.
    """

    output_size: int
    report: Mapping[str, int]
    content: str = ""

    @classmethod
    def blank(cls, vocabulary: Sequence[str], size: int, **arguments: Any) -> "Encoder":
        """One of the same shape, for weights from a checkpoint: built from its settings."""
        return cls(vocabulary=vocabulary, **arguments)

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor: ...
