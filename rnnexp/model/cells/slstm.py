"""The scalar LSTM of the xLSTM, sLSTM: exponential gates, kept in range by a stabiliser.

Source: Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter and Hochreiter 2024,
"xLSTM: extended long short-term memory", arXiv:2405.04517, section 2.2 and appendix A. One head, so
that W_hh is a full matrix; left out: what the paper builds around the cell (convolution, group
normalisation, up- and down-projection). Torch's two biases and U(±1/√H) at first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.model.cells.base import Cell, State


@dataclass(frozen=True)
class SLSTMCell(Cell):
    """ĩ, f̃, z̃, õ = a_t + W_hh h_(t-1) + b_hh, rows of their own;  i = exp ĩ, f = exp f̃ or σ(f̃),

    c_t = f c_(t-1) + i tanh z̃,   n_t = f n_(t-1) + i,   h_t = σ(õ) c_t / n_t.

    What is kept is c_t exp(-m_t) and n_t exp(-m_t), which never overflow: with the stabiliser
    m_t = max(ln f + m_(t-1), ln i) the two gates are exp(ln f + m_(t-1) - m_t) and
    exp(ln i - m_t), one of them 1. While n = 0, before the first step, m_t = ln i. So n >= 1.

    State: (h, c, n, m), [B, H] each. Of (c, n, m) one direction is redundant: c and n times e^s
    with m - s is the same cell, and gives the same h; Jacobians and Lyapunov exponents have a
    direction for each unit that means nothing. dL/dc_t is of the stabilised c_t.

    c_t / n_t is a weighted mean, (f n_(t-1) / n_t) c_(t-1) / n_(t-1) + (i / n_t) tanh z̃: these two
    weights, which sum to 1, are what is told of the gates `forget` and `input`. While n = 0 there
    is nothing to forget, and `forget` is 1.

    forget: `exponential` or `sigmoid`; the paper has both.
    """

    forget: Literal["exponential", "sigmoid"] = "exponential"
    name = "slstm"
    blocks = ("input", "forget", "cell", "output")
    candidate = "cell"
    can_drop_state = True
    carry = "forget"
    input_gate = "input"
    carry_is_logistic = False
    has_cell_state = True

    @property
    def rests(self) -> bool:
        """With an exponential forget gate above 1, n and m grow for ever beside an h that stays."""
        return self.forget == "sigmoid"

    def __post_init__(self) -> None:
        if self.forget not in ("exponential", "sigmoid"):
            raise ValueError(f"forget must be exponential or sigmoid (got {self.forget})")

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        _, c, n, m = previous.handed_on
        log_i, log_f, z, o = (a_BG + self.recur(previous, weight_hh, bias_hh)).chunk(4, dim=1)
        if self.forget == "sigmoid":
            log_f = F.logsigmoid(log_f)
        z, o = z.tanh(), o.sigmoid()
        m_next = torch.where(n == 0, log_i, torch.maximum(log_f + m, log_i))
        # above 0 only while n = 0, where it multiplies zeros and could overflow
        kept, let_in = (log_f + m - m_next).clamp(max=0).exp(), (log_i - m_next).exp()
        c = kept * c + let_in * z
        n_next = kept * n + let_in
        h = o * c / n_next
        share = torch.where(n == 0, torch.ones_like(n), kept * n / n_next)
        gates = {"input": let_in / n_next, "forget": share, "cell": z, "output": o}
        return State(h, c, gates, (h, c, n_next, m_next))

    def state_sizes(self, hidden_size: int) -> tuple[int, ...]:
        return (hidden_size,) * 4

    def state_of(self, parts: Sequence[Tensor]) -> State:
        return State(parts[0], parts[1], carried=tuple(parts))
