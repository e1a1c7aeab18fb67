"""Word vectors that are trained with the rest."""

from collections.abc import Sequence

from torch import Tensor, nn

from rnnexp import bounds
from rnnexp.embedding.base import PAD_ID, Encoder
from rnnexp.ranges import a_fraction, at_least


class Learned(Encoder):
    """A trained vector per word, e = W[token], W ~ N(0, 1), the pad's vector fixed at zero.

    vocabulary: the word of each token id, the pad first.
    dim: the size E of a word's vector.
    dropout: share of the features of each word's vector zeroed while training, the others
        multiplied by 1/(1 - dropout), as in torch.nn.Dropout; drawn for every place in a text.

    >>> import torch
    >>> Learned(["<pad>", "good"], dim=3)(torch.tensor([[1], [0]])).shape
    torch.Size([2, 1, 3])
    """

    def __init__(self, vocabulary: Sequence[str], dim: int = 128, dropout: float = 0.0) -> None:
        at_least("dim", dim, 1)
        a_fraction("dropout", dropout)
        bounds.weights("dim", dim, len(vocabulary) * dim)
        super().__init__()
        self.output_size, self.report, self.dropout = dim, {}, dropout
        self.vectors = nn.Embedding(len(vocabulary), dim, padding_idx=PAD_ID)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.vectors(inputs)  # type: ignore[no-any-return]
