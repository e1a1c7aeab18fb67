"""The interface of a recurrent cell, and a layer: a cell with its weights.

Shapes: T time, B batch, E features, H hidden, G numbers that a step reads, D flat state.

A step gets a_t ready made, [B, G]: what of it does not depend on the state is computed for all
steps at once, W_ih x_t + b_ih in a single matrix product. As a cell has it that says nothing else,
its parameters are W_ih [G, E], W_hh [G, H], b_ih and b_hh [G], in torch's layout: G = blocks x H.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.ranges import at_least

Blocks = dict[str, Tensor]

#: The parameters of a layer, or their shapes, by name.
Weights = Mapping[str, Tensor]
Shapes = dict[str, tuple[int, ...]]

#: What `Cell.activation` can be.
ACTIVATIONS = ("tanh", "relu", "linear")


@dataclass(frozen=True)
class State:
    """What a step comes to: h [B, H], which others read, and what the next step needs.

    c: the cell state [B, H], where the cell has one.
    gates: what each block of a gated cell came to at this step, the candidate too, by name.
    carried: all that the next step needs, [B, ·] each; None: h and, where there is one, c.
    kept: what h is multiplied by where the next step's W_hh reads it, [B, H], see `Cell.recur`;
        None: by nothing.
    """

    h: Tensor
    c: Tensor | None = None
    gates: Mapping[str, Tensor] = field(default_factory=dict)
    carried: tuple[Tensor, ...] | None = None
    kept: Tensor | None = None

    @property
    def handed_on(self) -> tuple[Tensor, ...]:
        """The very tensors that the next step consumes."""
        if self.carried is not None:
            return self.carried
        return (self.h,) if self.c is None else (self.h, self.c)

    @property
    def flat(self) -> Tensor:
        """All numbers that the next step needs, [B, D]; `Recurrence.state_of` reads them back."""
        parts = self.handed_on
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


class Cell(ABC):
    """The equations of one step, and what others must know about them.

    name: what `model.cell` calls it.
    blocks: the names of the blocks of rows in W_ih, in their order, and of W_hh, where it has one.
    candidate: the block that is new content and no gate.
    carry: the gate that multiplies what is carried over from the step before; None without one.
    input_gate: the gate that multiplies the candidate, where that is a gate of its own; None where
        there is none, or where it follows from the carry gate, as 1 - z in a GRU.
    carry_is_logistic: whether biases b of the carry gate and -b of the input gate make the carry
        gate σ(b), where inputs and state are small: initialisations of gates set such biases.
    has_cell_state: whether a step hands on c beside h.
    has_weight_hh: whether there is a matrix from state to state, W_hh, with its bias.
    can_drop_state: whether the step asks `recur` for W_hh h_(t-1), so that recurrent dropout acts.
    """

    name: ClassVar[str]
    blocks: ClassVar[tuple[str, ...]]
    candidate: ClassVar[str]
    carry: ClassVar[str | None] = None
    input_gate: ClassVar[str | None] = None
    carry_is_logistic: ClassVar[bool] = True
    has_cell_state: ClassVar[bool] = False
    has_weight_hh: ClassVar[bool] = True
    can_drop_state: ClassVar[bool] = False

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
        return self.activation in ACTIVATIONS and self.made_together("activation", "step")

    def made_together(self, *names: str) -> bool:
        """Whether the same class, of those that this one inherits from, defines all of these."""
        defining = [
            next(kind for kind in type(self).__mro__ if name in vars(kind)) for name in names
        ]
        return all(kind is defining[0] for kind in defining)

    @property
    def rests(self) -> bool:
        """Whether all that a step hands on stays as it is where h does.

        False of a cell whose numbers may drift together in a way that h does not show: a map
        without fixed points, though the network has come to rest.
        """
        return True

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

    # -- the parameters ----------------------------------------------------------------------------

    def check(self, input_size: int, hidden_size: int) -> None:
        """Raise ValueError, which begins with the setting's name, for sizes it cannot have."""
        at_least("hidden_size", hidden_size, 1)

    def rows(self, hidden_size: int) -> dict[str, int]:
        """How many rows of W_ih each block has, in their order."""
        return dict.fromkeys(self.blocks, hidden_size)

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        """The shape of each parameter by its name, in the order in which they are made.

        The names are the same for all sizes, and `weight_ih` [G, E] is one of them.
        """
        rows = sum(self.rows(hidden_size).values())
        if not self.has_weight_hh:
            return {"weight_ih": (rows, input_size), "bias_ih": (rows,)}
        return {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }

    def hidden_size(self, weights: Weights) -> int:
        return len(weights["weight_ih"]) // len(self.blocks)

    def draw(self, weights: Weights, hidden_size: int) -> None:
        """Fill all parameters, in place: from U(±1/√H), as torch does."""
        bound = 1 / math.sqrt(hidden_size)
        for weight in weights.values():
            weight.uniform_(-bound, bound)

    # -- the equations -----------------------------------------------------------------------------

    def read(self, x: Tensor, weights: Weights) -> Tensor:
        """a_t of all steps at once: W_ih x_t + b_ih, [T, B, G] from x [T, B, E]."""
        return F.linear(x, weights["weight_ih"], weights["bias_ih"])

    def constants(self, weights: Weights) -> tuple[Tensor, ...]:
        """What every step needs beside a_t and the state, made once: W_hh and b_hh, if any."""
        return (weights["weight_hh"], weights["bias_hh"]) if self.has_weight_hh else ()

    @staticmethod
    def recur(previous: State, weight_hh: Tensor, bias_hh: Tensor | None = None) -> Tensor:
        """W_hh (m h_(t-1)) + b_hh, by element with the mask m that recurrent dropout has drawn."""
        h_BH = previous.h if previous.kept is None else previous.h * previous.kept
        return F.linear(h_BH, weight_hh, bias_hh)

    @abstractmethod
    def step(self, a_BG: Tensor, previous: State, *args: Any, **kwargs: Any) -> State:
        """The next state from a_t [B, G], the state before and, in their order, `constants`."""

    def first_carry(self, x_NE: Tensor, weights: Weights) -> Tensor | None:
        """The carry gate where the state is small against the inputs, [N, H], or [N, 1] where it is
        one for all units; None where there is none, or where it is the state that decides."""
        if self.carry is None or not self.carry_is_logistic:
            return None
        return self.preactivation(self.carry, x_NE, weights).sigmoid()

    def preactivation(self, block: str, x_NE: Tensor, weights: Weights) -> Tensor:
        """What a block's rows make of inputs alone, with all biases, [N, H]."""
        layer = Recurrence(self, *weights.values())
        bias = sum(biases[block] for biases in map(layer.blocks, ("bias_ih", "bias_hh")) if biases)
        return x_NE @ layer.blocks("weight_ih")[block].T + bias

    # -- the state ---------------------------------------------------------------------------------

    def state_sizes(self, hidden_size: int) -> tuple[int, ...]:
        """How many numbers each part of `State.handed_on` has."""
        return (hidden_size, hidden_size) if self.has_cell_state else (hidden_size,)

    def state_of(self, parts: Sequence[Tensor]) -> State:
        """The state that hands on these parts, [B, ·] each."""
        return State(parts[0], parts[1] if self.has_cell_state else None)

    def initial(self, batch_size: int, hidden_size: int, like: Tensor) -> State:
        """All zeros, in the type and on the device of `like`."""
        sizes = self.state_sizes(hidden_size)
        return self.state_of([like.new_zeros(batch_size, size) for size in sizes])


class Recurrence:
    """One layer: a cell with its weights, in the order in which `Cell.shapes` names them.

    >>> from rnnexp.model.cells.rnn import RNNCell
    >>> layer = Recurrence(RNNCell(), *(torch.zeros(s) for s in ((4, 3), (4, 4), (4,), (4,))))
    >>> [state.h.shape for state in layer.run(torch.zeros(2, 1, 3))]
    [torch.Size([1, 4]), torch.Size([1, 4])]
    """

    def __init__(self, cell: Cell, *weights: Tensor) -> None:
        self.cell = cell
        self.weights: Weights = dict(zip(cell.shapes(1, 1), weights, strict=True))

    @property
    def weight_ih(self) -> Tensor:
        """What reads the input, [G, E]: every cell has it."""
        return self.weights["weight_ih"]

    @property
    def weight_hh(self) -> Tensor:
        """What reads h_(t-1), [G, H].

        Raises ValueError for a cell without such a matrix: `"weight_hh" in weights` asks.
        """
        if "weight_hh" not in self.weights:
            raise ValueError(f"cell={self.cell.name} has no matrix from state to state")
        return self.weights["weight_hh"]

    @property
    def hidden_size(self) -> int:
        return self.cell.hidden_size(self.weights)

    @property
    def state_size(self) -> int:
        """The numbers D that a step hands to the next: H, of an LSTM 2H."""
        return sum(self.cell.state_sizes(self.hidden_size))

    @property
    def product_size(self) -> int:
        """Multiply-adds for each example of the product that a step waits for: of W_hh with h;
        without one, those that change the state."""
        matrix = self.weights.get("weight_hh")
        return self.state_size if matrix is None else matrix.numel()

    def state_of(self, flat_BD: Tensor) -> State:
        """The state whose `flat` that is. Its h is NaN where no step needs it: it is not known."""
        sizes = self.cell.state_sizes(self.hidden_size)
        return self.cell.state_of(torch.split(flat_BD, list(sizes), dim=1))

    def blocks(self, name: str) -> Blocks:
        """One of the parameters by its blocks of rows: views without gradient.

        Empty where the cell has no such parameter.
        """
        if name not in self.weights:
            return {}
        rows = self.cell.rows(self.hidden_size)
        parts = torch.split(self.weights[name].detach(), list(rows.values()))
        return dict(zip(rows, parts, strict=True))

    def to(self, device: torch.device, dtype: torch.dtype) -> "Recurrence":
        """The same layer elsewhere, cut off from the graph of its parameters."""
        weights = self.weights.values()
        return Recurrence(self.cell, *(weight.detach().to(device).to(dtype) for weight in weights))

    def initial(self, batch_size: int) -> State:
        return self.cell.initial(batch_size, self.hidden_size, self.weight_ih)

    def run(
        self, x_TBE: Tensor, initial: State | None = None, kept_BH: Tensor | None = None
    ) -> list[State]:
        """The states at steps 1..T. kept_BH: the mask of recurrent dropout, see `Cell.recur`."""
        a_TBG = self.cell.read(x_TBE, self.weights)
        constants = self.cell.constants(self.weights)
        state = initial or self.initial(x_TBE.shape[1])
        states = []
        # Unbound once: indexing a_TBG[t] step by step makes backward quadratic in T.
        for a_BG in a_TBG.unbind(0):
            if kept_BH is not None:
                state = replace(state, kept=kept_BH)
            state = self.cell.step(a_BG, state, *constants)
            states.append(state)
        return states


def make_weights(cell: Cell, input_size: int, hidden_size: int) -> dict[str, Tensor]:
    """The parameters of a layer as the cell draws them, by name."""
    shapes = cell.shapes(input_size, hidden_size)
    weights = {name: torch.empty(shape) for name, shape in shapes.items()}
    with torch.no_grad():
        cell.draw(weights, hidden_size)
    return weights


def hidden_states(states: Sequence[State]) -> Tensor:
    """h of every step, [T, B, H]."""
    return torch.stack([state.h for state in states])
