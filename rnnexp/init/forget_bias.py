"""One bias for every carry gate."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnnexp.init.base import GateInit, HasCarry
from rnnexp.ranges import finite


@dataclass(frozen=True)
class ForgetBias(GateInit):
    """The carry gate's bias `value` for every unit: f starts at σ(value), open for a large one.

    Source: Gers, Schmidhuber and Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015 find 1 better
    than the usual 0.

    ungated: see `GateInit`.
    """

    value: float = 1.0
    name: ClassVar[str] = "forget_bias"

    def __post_init__(self) -> None:
        finite("value", self.value)

    def biases(self, cell: HasCarry, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        assert cell.carry is not None
        return {cell.carry: torch.full((size,), self.value)}
