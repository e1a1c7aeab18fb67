"""Long short-term memory.

Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000.
"""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import Cell, State


@dataclass(frozen=True)
class LSTMCell(Cell):
    """i, f, o = σ(...), g = tanh(...) of a_t + W_hh h_(t-1) + b_hh, each with its own rows;

    c_t = f c_(t-1) + i g;   h_t = o tanh(c_t).
    """

    name = "lstm"
    blocks = ("input", "forget", "cell", "output")
    candidate = "cell"
    can_drop_state = True
    carry = "forget"
    input_gate = "input"
    has_cell_state = True

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        assert previous.c is not None
        i, f, g, o = (a_BG + self.recur(previous, weight_hh, bias_hh)).chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * previous.c + i * g
        h = o * c.tanh()
        return State(h, c, {"input": i, "forget": f, "cell": g, "output": o})
