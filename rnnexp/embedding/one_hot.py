"""Each word its own direction; nothing is learned."""

from collections.abc import Sequence

import torch
from torch import Tensor

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
        # not torch's one_hot, which reads the largest word to check it: a GPU would be waited for
        word_E = torch.arange(1, self.output_size + 1, device=inputs.device)
        return (inputs[..., None] == word_E) * self.get_buffer("unit")
