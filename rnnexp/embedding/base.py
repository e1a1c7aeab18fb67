"""The interface of an encoder: what a model reads at each step.

Shapes: T time, B batch, E features.

An encoder maps token ids, long [T, B], or features, float [T, B, E], to floats [T, B, E].
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

#: The token id of padding.
PAD_ID = 0


class Encoder(nn.Module, ABC):
    """Maps the inputs of a batch to a vector per step.

    output_size: the number of features E per step.
    report: counts for summary.json, such as how many words have a vector.
    dropout: the share of the numbers that `forward` gives which the model zeroes while it trains,
        see `SequenceModel.read`; `forward` itself never drops any.
    content: the digest of a file that the settings name by its path; empty without one.
    """

    output_size: int
    report: Mapping[str, Any]
    content: str = ""
    dropout: float = 0.0

    @classmethod
    def blank(cls, vocabulary: Sequence[str], size: int, **arguments: Any) -> "Encoder":
        """An encoder of the same shape, built from its settings, to load a checkpoint into."""
        return cls(vocabulary=vocabulary, **arguments)

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor: ...
