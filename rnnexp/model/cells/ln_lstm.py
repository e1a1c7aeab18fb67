"""Long short-term memory with layer normalisation; norm, source and initial values are in
normalised.py.
"""

from dataclasses import dataclass

from torch import Tensor

from rnnexp.model.cells.base import Shapes, State, Weights
from rnnexp.model.cells.normalised import NormalisedGates, layer_norm


@dataclass(frozen=True)
class LayerNormLSTMCell(NormalisedGates):
    """i, f, o = σ(...), g = tanh(...) of LN(W_ih x_t; g_ih, b_ih) + LN(W_hh h_(t-1); g_hh, b_hh),

    each norm over all 4H rows together;
    c_t = f c_(t-1) + i g;   h_t = o tanh(LN(c_t; g_c, b_c)), over the H of c.

    The paper's further bias b is a part of b_ih + b_hh, as torch has the two.
    """

    name = "ln_lstm"
    blocks = ("input", "forget", "cell", "output")
    joined = (4,)
    candidate = "cell"
    can_drop_state = True
    carry = "forget"
    input_gate = "input"
    has_cell_state = True

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        of_c = {"gain_c": (hidden_size,), "bias_c": (hidden_size,)}
        return super().shapes(input_size, hidden_size) | of_c

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        names = ("weight_hh", "gain_hh", "bias_hh", "gain_c", "bias_c")
        return tuple(weights[name] for name in names)

    def step(
        self,
        a_BG: Tensor,
        previous: State,
        weight_hh: Tensor,
        gain_hh: Tensor,
        bias_hh: Tensor,
        gain_c: Tensor,
        bias_c: Tensor,
    ) -> State:
        assert previous.c is not None
        u_BG = self.normed(self.recur(previous, weight_hh), gain_hh, bias_hh)
        i, f, g, o = (a_BG + u_BG).chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * previous.c + i * g
        h = o * layer_norm(c, gain_c, bias_c).tanh()
        return State(h, c, {"input": i, "forget": f, "cell": g, "output": o})
