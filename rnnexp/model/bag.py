"""The order-free baseline: what the words alone tell, whatever their order."""

from typing import Any

import torch
from torch import Tensor, nn

from rnnexp import bounds
from rnnexp.embedding.base import Encoder
from rnnexp.model.base import SequenceModel
from rnnexp.ranges import at_least


class Bag(SequenceModel):
    """h_t = tanh(W m_t + b), m_t = (1/t) sum of x_s over s <= t, the running mean of the inputs.

    Read at the last real step, it sees the mean of the n words, whatever their order. Pads have
    zero vectors: where they are counted (`readout=last`, or pads first), it sees that mean times
    n/T. Source: Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods for Text
    Classification", with one layer.

    hidden_size: the size H of the layer behind the mean.
    common: `readout` (`last` or `last_valid`), `head` and `head_bound` of `SequenceModel`.
    """

    def __init__(
        self, encoder: Encoder, output_size: int, hidden_size: int = 128, **common: Any
    ) -> None:
        at_least("hidden_size", hidden_size, 1)
        bounds.weights("hidden_size", hidden_size, hidden_size * (encoder.output_size + 1))
        super().__init__(encoder, hidden_size, output_size, **common)
        # Computed after the readout, for the one step that is read, and not for all T.
        self.head = nn.Sequential(nn.Linear(encoder.output_size, hidden_size), nn.Tanh(), self.head)
        if self.readout not in ("last", "last_valid"):
            raise ValueError(
                "readout must be last or last_valid for model=bag, which takes a mean already "
                f"(got {self.readout})"
            )

    def states(self, x_TBE: Tensor) -> Tensor:
        """The running mean m_t of every step, [T, B, E]."""
        steps_T = torch.arange(1, len(x_TBE) + 1, device=x_TBE.device, dtype=x_TBE.dtype)
        return x_TBE.cumsum(0) / steps_T[:, None, None]
