"""The order-free baseline: what can be known without the order of the words."""

from typing import Any

import torch
from torch import Tensor

from rnnexp.embedding import Encoder
from rnnexp.model.base import SequenceModel


class Bag(SequenceModel):
    """The running mean of the inputs as the state: h_t = (1/t) sum of x_s over s <= t.

    Read at the last real step it is the mean of the words, whatever their order. Read behind the
    pads (`readout=last`), whose vectors are zero, it is that mean times n/T.

    common: `readout` (`last` or `last_valid`) and `head` of `SequenceModel`.
    """

    def __init__(self, encoder: Encoder, output_size: int, **common: Any) -> None:
        super().__init__(encoder, encoder.output_size, output_size, **common)
        if self.readout not in ("last", "last_valid"):
            raise ValueError(
                f"readout must be last or last_valid for model=bag, whose state is a mean already "
                f"(got {self.readout})"
            )

    def states(self, x_TBE: Tensor) -> Tensor:
        steps_T = torch.arange(1, len(x_TBE) + 1, device=x_TBE.device, dtype=x_TBE.dtype)
        return x_TBE.cumsum(0) / steps_T[:, None, None]
