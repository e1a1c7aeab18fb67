"""The interface of an initialisation of the recurrence.

A `WeightInit` writes every [H, H] block of recurrent weights in place (per layer, and per gate
where the cell has gates), a `GateInit` the biases of gates. All other parameters stay as torch made
them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor


class HasCarry(Protocol):
    """What a gate initialisation needs to know of a cell; see `rnnexp.model.cells.base.Cell`."""

    @property
    def carry(self) -> str | None: ...
    @property
    def input_gate(self) -> str | None: ...
    @property
    def carry_is_logistic(self) -> bool: ...


class HasGateBiases(Protocol):
    """What an initialisation needs to know of a layer."""

    @property
    def cell(self) -> HasCarry: ...
    def blocks(self, name: Literal["weight_ih", "bias_ih", "bias_hh"]) -> Mapping[str, Tensor]: ...


class HasRecurrentWeights(Protocol):
    """What an initialisation needs to know of a model."""

    @property
    def called(self) -> str: ...
    def recurrent_weights(self) -> Mapping[str, Tensor]: ...
    def recurrences(self) -> Sequence[HasGateBiases]: ...


def set_gate_bias(layers: Iterable[HasGateBiases], gate: str, value: float | Tensor) -> None:
    """Make the bias of a gate `value`, a number or one per unit [H], in every layer, in place.

    torch adds two biases, b_ih + b_hh: b_ih gets the value and b_hh, where there is one, zero. With
    the value in both, a forget bias of 1 would act as 2.
    """
    with torch.no_grad():
        for layer in layers:
            layer.blocks("bias_ih")[gate].copy_(torch.as_tensor(value))
            if second := layer.blocks("bias_hh"):
                second[gate].zero_()


class Init(ABC):
    """What a model's recurrence starts from."""

    @abstractmethod
    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        """Change the model in place. Raises ValueError where it has nothing to set."""


class WeightInit(Init):
    """A rule for one [H, H] block, applied to all blocks of a model."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        weights = model.recurrent_weights()
        if not weights:
            name = type(self).__name__.lower()
            raise ValueError(
                f"init={name} sets recurrent weights and {model.called} has none: use init=default"
            )
        with torch.no_grad():
            for weight_HH in weights.values():
                self.fill(weight_HH, generator)

    @abstractmethod
    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        """Write one block in place."""


@dataclass(frozen=True, kw_only=True)
class GateInit(Init):
    """A rule for the biases of the gate that carries the state over: f of an LSTM, z of a GRU.

    ungated: what to do with a model that has no such gate, or one that is no σ(b): `refuse` it, or
        `leave` it as it was made, so that a study can have both kinds.
    name: its file in conf/init/, for messages.
    """

    ungated: Literal["refuse", "leave"] = "refuse"
    name: ClassVar[str]

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        layers = model.recurrences()
        if not layers or any(layer.cell.carry is None for layer in layers):
            if self.ungated == "leave":
                return
            raise ValueError(
                f"init={self.name} sets the biases of gates and {model.called} has none: use a "
                "gated model, such as model=lstm, or init.ungated=leave"
            )
        if not all(layer.cell.carry_is_logistic for layer in layers):
            if self.ungated == "leave":
                return
            raise ValueError(
                f"init={self.name} sets the bias b of a gate σ(b), and the gate of {model.called} "
                "has another form: use init=default, or init.ungated=leave"
            )
        for layer in layers:
            assert layer.cell.carry is not None
            size = len(layer.blocks("bias_ih")[layer.cell.carry])
            for gate, bias_H in self.biases(layer.cell, size, generator).items():
                set_gate_bias([layer], gate, bias_H)

    @abstractmethod
    def biases(self, cell: HasCarry, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        """The biases [H] by gate, of one layer of `size` units of a cell that has a carry gate."""
