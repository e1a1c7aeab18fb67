"""The teaching model: a linear recurrence on [x_t, h_(t-1)], without a nonlinearity."""

from typing import Any

import torch
from torch import Tensor, nn

from rnnexp.embedding import Encoder
from rnnexp.errors import at_least
from rnnexp.model.base import SequenceModel


class Linear(SequenceModel):
    """h_t = i2h [x_t, h_(t-1)],  output_t = h2o [x_t, h_(t-1)],  h_0 = 0.

    Being linear, its gradient is known in closed form: dh_T/dh_t = W^(T-t), W the columns of i2h
    that read h. `i2h` and `h2o` are the names of the textbook network; h2o is `head` here. The
    output at step T reads h_(T-1): dL/dh_T is zero.

    hidden_size: the size H of the state.
    common: `readout` (`last` or `last_valid`) and `head` of `SequenceModel`.
    """

    def __init__(
        self, encoder: Encoder, output_size: int, hidden_size: int = 128, **common: Any
    ) -> None:
        at_least("hidden_size", hidden_size, 1)
        super().__init__(encoder, encoder.output_size + hidden_size, output_size, **common)
        if self.readout not in ("last", "last_valid"):
            raise ValueError(
                f"readout must be last or last_valid for model=linear (got {self.readout})"
            )
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(encoder.output_size + hidden_size, hidden_size)

    def states(self, x_TBE: Tensor) -> Tensor:
        """[x_t, h_(t-1)] of every step, [T, B, E + H]."""
        h_BH = x_TBE.new_zeros(x_TBE.shape[1], self.hidden_size)
        combined = []
        for x_BE in x_TBE.unbind(0):
            combined.append(torch.cat([x_BE, h_BH], dim=1))
            h_BH = self.i2h(combined[-1])
        return torch.stack(combined)

    def recurrent_weights(self) -> dict[str, Tensor]:
        return {"i2h.weight": self.i2h.weight.detach()[:, -self.hidden_size :]}
