"""The equations of the recurrent cells, in torch's weight layout and gate order.

Shapes: B batch, H hidden, G gates. W_ih [G*H, E], W_hh [G*H, H], b_ih and b_hh [G*H].

A step gets a_t = W_ih x_t + b_ih ready made: it does not depend on the state, so one matrix product
computes it for all steps at once. Sources: Elman 1990 (rnn), Hochreiter and Schmidhuber 1997 with
the forget gate of Gers et al. 2000 (lstm), Cho et al. 2014 in the form of cuDNN, whose reset gate
stands behind the recurrent product (gru).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Nonlinearity = Literal["tanh", "relu"]


@dataclass(frozen=True)
class State:
    """What a step hands to the next: h [B, H], and where the cell has them c [B, H] and gates."""

    h: Tensor
    c: Tensor | None = None
    gates: Mapping[str, Tensor] = field(default_factory=dict)


class Cell(ABC):
    """gates: their names in the order of the rows of W_ih and W_hh."""

    gates: ClassVar[tuple[str, ...]]
    has_cell_state: ClassVar[bool] = False

    @abstractmethod
    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        """The next state from a_t = W_ih x_t + b_ih [B, G*H] and the state before."""

    def initial(self, batch_size: int, hidden_size: int, like: Tensor) -> State:
        """All zeros, in the type and on the device of `like`."""
        zeros_BH = like.new_zeros(batch_size, hidden_size)
        return State(zeros_BH, zeros_BH if self.has_cell_state else None)


@dataclass(frozen=True)
class RNNCell(Cell):
    """h_t = f(a_t + W_hh h_(t-1) + b_hh), f = tanh or ReLU."""

    nonlinearity: Nonlinearity = "tanh"
    gates = ("hidden",)

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        preactivation = a_BG + F.linear(previous.h, weight_hh, bias_hh)
        return State(preactivation.tanh() if self.nonlinearity == "tanh" else preactivation.relu())


@dataclass(frozen=True)
class LSTMCell(Cell):
    """i, f, o = σ(...), g = tanh(...) of a_t + W_hh h_(t-1) + b_hh, each with its own rows;

    c_t = f c_(t-1) + i g;   h_t = o tanh(c_t).
    """

    gates = ("input", "forget", "cell", "output")
    has_cell_state = True

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        assert previous.c is not None
        i, f, g, o = (a_BG + F.linear(previous.h, weight_hh, bias_hh)).chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * previous.c + i * g
        h = o * c.tanh()
        return State(h, c, {"input": i, "forget": f, "cell": g, "output": o})


@dataclass(frozen=True)
class GRUCell(Cell):
    """r, z = σ(a_t + W_hh h_(t-1) + b_hh), n = tanh(a_t + r (W_hh h_(t-1) + b_hh)), own rows each;

    h_t = (1 - z) n + z h_(t-1).
    """

    gates = ("reset", "update", "new")

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        a_r, a_z, a_n = a_BG.chunk(3, dim=1)
        u_r, u_z, u_n = F.linear(previous.h, weight_hh, bias_hh).chunk(3, dim=1)
        r, z = (a_r + u_r).sigmoid(), (a_z + u_z).sigmoid()
        n = (a_n + r * u_n).tanh()
        return State((1 - z) * n + z * previous.h, None, {"reset": r, "update": z, "new": n})


def run_layer(
    cell: Cell,
    x_TBE: Tensor,
    initial: State,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
) -> list[State]:
    """The states of one layer at steps 1..T."""
    a_TBG = F.linear(x_TBE, weight_ih, bias_ih)
    states, state = [], initial
    # Unbound once: indexing a_TBG[t] step by step makes backward quadratic in T.
    for a_BG in a_TBG.unbind(0):
        state = cell.step(a_BG, state, weight_hh, bias_hh)
        states.append(state)
    return states


def hidden_states(states: list[State]) -> Tensor:
    """h of every step, [T, B, H]."""
    return torch.stack([state.h for state in states])
