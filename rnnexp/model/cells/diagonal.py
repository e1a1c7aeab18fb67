"""Cells whose states never meet inside a layer: each unit is multiplied by a number of its own.

Shapes: T time, B batch, E features, H hidden, G numbers that a step reads, U units: real, H of
them, or complex, of two real numbers each.
"""

from abc import abstractmethod
from typing import Any, NamedTuple

from torch import Tensor

from rnnexp.model.cells.base import Blocks, Cell, State


class Terms(NamedTuple):
    """a_t and b_t of u_t = a_t u_(t-1) + b_t.

    keep: a_t, [..., U], or [U] where it is the same at all steps. new: b_t, [..., U].
    gates: see `State.gates`.
    """

    keep: Tensor
    new: Tensor
    gates: Blocks


class DiagonalCell(Cell):
    """u_t = a_t u_(t-1) + b_t, by unit, where a_t and b_t depend on x_t and not on the state.

    Its Jacobian is diag(a_t): what the gradient of a step is multiplied by is known from the inputs
    alone. All a_t and b_t are made for all steps at once, and bptt/diagonal.py computes the rest.
    """

    has_weight_hh = False

    @abstractmethod
    def terms(self, a: Tensor, *args: Any, **kwargs: Any) -> Terms:
        """a_t and b_t from what is read, one step's [B, G] or all [T, B, G], and `constants`."""

    def units(self, h: Tensor) -> Tensor:
        """u [..., U] of h [..., H]: h itself, where the units are real."""
        return h

    def hidden(self, units: Tensor) -> Tensor:
        """h [..., H] of u [..., U]: the way back from `units`."""
        return units

    def step(self, a_BG: Tensor, previous: State, *args: Any, **kwargs: Any) -> State:
        keep, new, gates = self.terms(a_BG, *args, **kwargs)
        return State(self.hidden(keep * self.units(previous.h) + new), None, gates)
