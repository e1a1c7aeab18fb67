"""The equations of the recurrent cells, in torch's weight layout and gate order.

Shapes: T time, B batch, E features, H hidden, G gates. W_ih [G*H, E], W_hh [G*H, H], b_ih and b_hh
[G*H].

A step gets a_t = W_ih x_t + b_ih ready made: it does not depend on the state, so one matrix product
computes it for all steps at once. Sources: Elman 1990 (rnn), Hochreiter and Schmidhuber 1997 with
the forget gate of Gers et al. 2000 (lstm), Cho et al. 2014 in the form of cuDNN, whose reset gate
stands behind the recurrent product (gru).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Nonlinearity = Literal["tanh", "relu"]
Blocks = dict[str, Tensor]


@dataclass(frozen=True)
class State:
    """What a step hands to the next: h [B, H], and where the cell has them c [B, H] and gates."""

    h: Tensor
    c: Tensor | None = None
    gates: Mapping[str, Tensor] = field(default_factory=dict)


class Cell(ABC):
    """gates: their names in the order of the rows of W_ih and W_hh.

    carry: the gate that multiplies what is carried over, None in a cell without gates.
    """

    gates: ClassVar[tuple[str, ...]]
    carry: ClassVar[str | None] = None
    has_cell_state: ClassVar[bool] = False

    @property
    def activation(self) -> str | None:
        """What stands around the preactivation of an ungated cell: tanh, relu or linear."""
        return None

    @abstractmethod
    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        """The next state from a_t = W_ih x_t + b_ih [B, G*H] and the state before."""

    def initial(self, batch_size: int, hidden_size: int, like: Tensor) -> State:
        """All zeros, in the type and on the device of `like`."""
        zeros_BH = like.new_zeros(batch_size, hidden_size)
        return State(zeros_BH, zeros_BH if self.has_cell_state else None)


@dataclass(frozen=True)
class Recurrence:
    """One layer: a cell with its weights.

    >>> from rnnexp.model.cells.rnn import RNNCell
    >>> layer = Recurrence(RNNCell(), *(torch.zeros(s) for s in ((4, 3), (4, 4), (4,), (4,))))
    >>> [state.h.shape for state in layer.run(torch.zeros(2, 1, 3))]
    [torch.Size([1, 4]), torch.Size([1, 4])]
    """

    cell: Cell
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    @property
    def hidden_size(self) -> int:
        return self.weight_hh.shape[1]

    @property
    def state_size(self) -> int:
        """Numbers that a step hands to the next: H, with a cell state 2H."""
        return self.hidden_size * (2 if self.cell.has_cell_state else 1)

    def blocks(self, name: Literal["weight_ih", "weight_hh", "bias_ih", "bias_hh"]) -> Blocks:
        """The rows of each gate in one of the parameters: views without gradient."""
        chunks = getattr(self, name).detach().chunk(len(self.cell.gates), dim=0)
        return dict(zip(self.cell.gates, chunks, strict=True))

    def to(self, device: torch.device, dtype: torch.dtype) -> "Recurrence":
        """The same layer elsewhere, cut off from the graph of its parameters."""
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return Recurrence(self.cell, *(weight.detach().to(device).to(dtype) for weight in weights))

    def initial(self, batch_size: int) -> State:
        return self.cell.initial(batch_size, self.hidden_size, self.weight_hh)

    def run(self, x_TBE: Tensor, initial: State | None = None) -> list[State]:
        """The states at steps 1..T."""
        a_TBG = F.linear(x_TBE, self.weight_ih, self.bias_ih)
        state = initial or self.initial(x_TBE.shape[1])
        states = []
        # Unbound once: indexing a_TBG[t] step by step makes backward quadratic in T.
        for a_BG in a_TBG.unbind(0):
            state = self.cell.step(a_BG, state, self.weight_hh, self.bias_hh)
            states.append(state)
        return states


def hidden_states(states: Sequence[State]) -> Tensor:
    """h of every step, [T, B, H]."""
    return torch.stack([state.h for state in states])
