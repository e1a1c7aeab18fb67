"""The minimal long short-term memory, minLSTM.

Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs all we needed?",
arXiv:2410.01201, section 3.2, the one whose gates sum to 1. Left out: their form in logarithms.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import logsigmoid

from rnnexp.model.cells.base import Weights
from rnnexp.model.cells.diagonal import DiagonalCell, Terms


@dataclass(frozen=True)
class MinLSTMCell(DiagonalCell):
    """f_t = σ(W_f x_t + b_f), i_t = σ(W_i x_t + b_i), h̃_t = W_h x_t + b_h,

    h_t = f'_t h_(t-1) + i'_t h̃_t,   f'_t = f_t / (f_t + i_t), i'_t = i_t / (f_t + i_t).

    f' and i' are what is told of the gates. With biases b and -b, f' = σ(b).
    W_ih [3H, E], b_ih [3H]: rows forget, input, content. State: h [B, H]; there is no cell state.
    """

    name = "minlstm"
    blocks = ("forget", "input", "content")
    candidate = "content"
    carry = "forget"
    input_gate = "input"

    def terms(self, a: Tensor) -> Terms:
        a_f, a_i, content = a.chunk(3, dim=-1)
        keep, let_in = shares(a_f, a_i)
        gates = {"forget": keep, "input": let_in, "content": content}
        return Terms(keep, let_in * content, gates)

    def first_carry(self, x_NE: Tensor, weights: Weights) -> Tensor:
        a_f, a_i = (self.preactivation(name, x_NE, weights) for name in ("forget", "input"))
        return shares(a_f, a_i)[0]


def shares(a_f: Tensor, a_i: Tensor) -> tuple[Tensor, Tensor]:
    """f / (f + i) and i / (f + i) for f = σ(a_f), i = σ(a_i), as σ(± ln(f / i)).

    Of two gates that are both shut it would be 0 / 0.
    """
    log_ratio = logsigmoid(a_f) - logsigmoid(a_i)
    return log_ratio.sigmoid(), (-log_ratio).sigmoid()
