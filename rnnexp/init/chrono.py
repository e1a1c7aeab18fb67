"""Gate biases that spread the units' time constants over a range."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnnexp.init.base import GateInit, HasCarry
from rnnexp.ranges import more_than


@dataclass(frozen=True)
class Chrono(GateInit):
    """b_f = ln u, u ~ U[1, t_max - 1] for each unit, and b_i = -b_f.

    f is the gate that carries the state over (of a GRU its update gate), i the input gate, of a
    cell that has a separate one. A gate that stays at σ(b_f) forgets with the time constant 1 + u:
    the units' time constants spread from two steps to t_max. torch's second bias is zero, see
    `set_gate_bias`. Source: Tallec and Ollivier 2018, "Can recurrent neural networks warp time?",
    section 2.

    t_max: the longest dependency expected, in steps; None takes 3/2 seq_len, as their section 4
        does for copying, whose symbols are kept for some steps more than seq_len.
    ungated: see `GateInit`.
    """

    t_max: float | None = None
    seq_len: int = 100
    name: ClassVar[str] = "chrono"

    def __post_init__(self) -> None:
        if self.t_max is not None:
            more_than("t_max", self.t_max, 2)
        elif self.seq_len < 2:
            raise ValueError(
                f"t_max must be greater than 2, and seq_len={self.seq_len} makes it 1.5: set "
                "init.t_max"
            )

    def biases(self, cell: HasCarry, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        assert cell.carry is not None
        t_max = 1.5 * self.seq_len if self.t_max is None else self.t_max
        bias_H = torch.empty(size).uniform_(1, t_max - 1, generator=generator).log()
        biases = {cell.carry: bias_H}
        if cell.input_gate is not None:
            biases[cell.input_gate] = -bias_H
        return biases
