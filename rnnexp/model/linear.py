"""The teaching model: a linear recurrence on [x_t, h_(t-1)], without a nonlinearity."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnexp import bounds
from rnnexp.embedding.base import Encoder
from rnnexp.model.base import SequenceModel
from rnnexp.model.cells.base import Recurrence, State
from rnnexp.model.cells.linear import LinearCell
from rnnexp.model.engine import Engine
from rnnexp.ranges import at_least


class Linear(SequenceModel):
    """h_t = i2h [x_t, h_(t-1)],  output_t = h2o [x_t, h_(t-1)],  h_0 = 0.

    Being linear, its gradient is known in closed form: dh_T/dh_t = W^(T-t), W the columns of i2h
    that read h. `i2h` and `h2o` are the names of the textbook network; h2o is `head` here. The
    output at step T reads h_(T-1): dL/dh_T is zero.

    hidden_size: the size H of the state.
    common: `readout` (`last` or `last_valid`), `head` and `head_bound` of `SequenceModel`.
    """

    def __init__(
        self, encoder: Encoder, output_size: int, hidden_size: int = 128, **common: Any
    ) -> None:
        at_least("hidden_size", hidden_size, 1)
        read = encoder.output_size + hidden_size + 1
        bounds.weights("hidden_size", hidden_size, hidden_size * read)
        super().__init__(encoder, encoder.output_size + hidden_size, output_size, **common)
        if self.readout not in ("last", "last_valid"):
            raise ValueError(
                f"readout must be last or last_valid for model=linear (got {self.readout})"
            )
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(encoder.output_size + hidden_size, hidden_size)

    def engine_on(self, device: torch.device, autocast: bool = False) -> Engine:
        return "autograd"

    def states(self, x_TBE: Tensor) -> Tensor:
        """[x_t, h_(t-1)] of every step, [T, B, E + H]."""
        return self.states_in_segments(x_TBE)

    def run(self, x_TBE: Tensor, before: Sequence[State] | None) -> tuple[Tensor, Sequence[State]]:
        h_BH = x_TBE.new_zeros(x_TBE.shape[1], self.hidden_size) if before is None else before[0].h
        combined = []
        for x_BE in x_TBE.unbind(0):
            combined.append(torch.cat([x_BE, h_BH], dim=1))
            h_BH = self.i2h(combined[-1])
        return torch.stack(combined), [State(h_BH)]

    def recurrence_parameters(self) -> dict[str, nn.Parameter]:
        """i2h alone: one matrix reads both x_t and h_(t-1)."""
        return {"i2h": self.i2h.get_parameter("weight")}

    def recurrences(self) -> list[Recurrence]:
        """The two halves of i2h, on x_t and on h_(t-1); its one bias counts as b_ih."""
        weight_ih, weight_hh = self.i2h.weight.tensor_split([-self.hidden_size], dim=1)
        bias = self.i2h.bias
        return [Recurrence(LinearCell(), weight_ih, weight_hh, bias, torch.zeros_like(bias))]

    #: the output at step t reads h_(t-1)
    state_lag = 1

    def read_from(self, x_TBE: Tensor, h_TBH: Tensor) -> Tensor:
        before_TBH = torch.cat([torch.zeros_like(h_TBH[:1]), h_TBH[:-1]])
        return torch.cat([x_TBE, before_TBH], dim=2)
