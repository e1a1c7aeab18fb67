"""Each word its own direction; nothing is learned."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnnexp.embedding.base import Encoder


class OneHot(Encoder):
    """e = the unit vector of the word; the pad's vector is zero. Nothing is learned.

    vocabulary: the word of each token id, the pad first: E is one less than its length.

    >>> OneHot(["<pad>", "good", "bad"])(torch.tensor([[2], [0]])).tolist()
    [[[0.0, 1.0]], [[0.0, 0.0]]]
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__()
        self.output_size, self.report = len(vocabulary) - 1, {}
        # a buffer follows the model's floating type and device; not persistent, so no checkpoint
        # holds it
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        words = nn.functional.one_hot(inputs, self.output_size + 1)
        return words[..., 1:] * self.get_buffer("unit")
