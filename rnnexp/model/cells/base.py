"""The interface of a recurrent cell, and a layer: a cell with its weights.

Shapes: T time, B batch, E features, H hidden, G blocks of rows, D flat state. W_ih [G*H, E],
W_hh [G*H, H], b_ih and b_hh [G*H], in torch's layout.

A step gets a_t = W_ih x_t + b_ih ready made: it does not depend on the state, so one matrix product
computes it for all steps at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

Blocks = dict[str, Tensor]

#: What `Cell.activation` can be.
ACTIVATIONS = ("tanh", "relu", "linear")


@dataclass(frozen=True)
class State:
    """What a step hands to the next: h [B, H] and, where the cell has one, the cell state c [B, H].

    gates: what each block of a gated cell came to at this step, the candidate too, by name.
    """

    h: Tensor
    c: Tensor | None = None
    gates: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def flat(self) -> Tensor:
        """All numbers that the next step needs, [B, D]; `Recurrence.state_of` reads them back."""
        return self.h if self.c is None else torch.cat([self.h, self.c], dim=1)


class Cell(ABC):
    """The equations of one step, and what others must know about them.

    name: what `model.cell` calls it.
    blocks: the names of the blocks of H rows in W_ih and W_hh, in their order.
    candidate: the block that is new content and no gate.
    carry: the gate that multiplies what is carried over from the step before; None without one.
    input_gate: the gate that multiplies the candidate, where that is a gate of its own; None where
        there is none, or where it follows from the carry gate, as 1 - z in a GRU.
    has_cell_state: whether a step hands on c beside h.
    """

    name: ClassVar[str]
    blocks: ClassVar[tuple[str, ...]]
    candidate: ClassVar[str]
    carry: ClassVar[str | None] = None
    input_gate: ClassVar[str | None] = None
    has_cell_state: ClassVar[bool] = False

    @property
    def gates(self) -> tuple[str, ...]:
        """The blocks that are gates, between 0 and 1: all but the candidate."""
        return tuple(block for block in self.blocks if block != self.candidate)

    @property
    def activation(self) -> str | None:
        """φ in h_t = φ(W_ih x_t + W_hh h_(t-1) + b): `tanh`, `relu` or `linear`.

        None for a cell of another form, and for another φ.
        """
        return None

    @property
    def is_plain(self) -> bool:
        """Whether a step is h_t = φ(W_ih x_t + W_hh h_(t-1) + b), as `activation` says.

        A class that has a step of its own and inherits what its base says of another is not taken
        at that word.
        """
        defining = [
            next(kind for kind in type(self).__mro__ if name in vars(kind))
            for name in ("activation", "step")
        ]
        return self.activation in ACTIVATIONS and defining[0] is defining[1]

    def describe(self) -> dict[str, Any]:
        """What there is to know of the cell, in plain values, for summary.json."""
        return {
            "name": self.name,
            "gates": list(self.gates),
            "candidate": self.candidate,
            "carry": self.carry,
            "input_gate": self.input_gate,
            "has_cell_state": self.has_cell_state,
        }

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
    def weights(self) -> Mapping[str, Tensor]:
        """All of them by name, in the order of the constructor."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {name: getattr(self, name) for name in names}

    @property
    def hidden_size(self) -> int:
        return self.weight_hh.shape[1]

    @property
    def state_size(self) -> int:
        """The numbers D that a step hands to the next: H, with a cell state 2H."""
        return self.hidden_size * (2 if self.cell.has_cell_state else 1)

    def state_of(self, flat_BD: Tensor) -> State:
        """The state whose `flat` that is."""
        if not self.cell.has_cell_state:
            return State(flat_BD)
        h_BH, c_BH = flat_BD.chunk(2, dim=1)
        return State(h_BH, c_BH)

    def blocks(self, name: str) -> Blocks:
        """One of the parameters by its blocks of H rows: views without gradient."""
        chunks = getattr(self, name).detach().chunk(len(self.cell.blocks), dim=0)
        return dict(zip(self.cell.blocks, chunks, strict=True))

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
