"""Recurrent initialisations: what the weights from state to state start from.

Each writes every [H, H] block of recurrent weights in place (per layer, and per gate where the cell
has gates) and leaves all other parameters as torch made them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from rnnexp.errors import at_least


class HasRecurrentWeights(Protocol):
    def recurrent_weights(self) -> Mapping[str, Tensor]: ...


class HasGateBiases(Protocol):
    def blocks(self, name: Literal["bias_ih", "bias_hh"]) -> Mapping[str, Tensor]: ...


def set_gate_bias(layers: Iterable[HasGateBiases], gate: str, value: float) -> None:
    """Make the bias of a gate `value` in every layer, in place.

    torch adds two biases, b_ih + b_hh: one gets the value, the other zero. Set in both, a forget
    bias of 1 would be 2.
    """
    for layer in layers:
        layer.blocks("bias_ih")[gate].fill_(value)
        layer.blocks("bias_hh")[gate].zero_()


class Init(ABC):
    """A rule for one [H, H] block; calling it applies the rule to all blocks of a model."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        """Raises ValueError where the model has no recurrent weights."""
        weights = model.recurrent_weights()
        if not weights:
            name = type(self).__name__.lower()
            raise ValueError(
                f"init={name} sets recurrent weights and {type(model).__name__.lower()} has none: "
                "use init=default"
            )
        with torch.no_grad():
            for weight_HH in weights.values():
                self.fill(weight_HH, generator)

    @abstractmethod
    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        """Write one block in place."""


class Default(Init):
    """torch's own: U(-1/√H, 1/√H) for every weight, as the module came."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        pass

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        pass


@dataclass(frozen=True)
class Normal(Init):
    """W ~ N(0, std²), each element on its own."""

    std: float = 0.1

    def __post_init__(self) -> None:
        at_least("std", self.std, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        weight_HH.normal_(0.0, self.std, generator=generator)


@dataclass(frozen=True)
class Orthogonal(Init):
    """W = gain Q, QᵀQ = I, Q uniform over the orthogonal matrices (Saxe et al. 2014)."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        at_least("gain", self.gain, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        torch.nn.init.orthogonal_(weight_HH, self.gain, generator=generator)


@dataclass(frozen=True)
class Identity(Init):
    """W = scale I (with ReLU, scale 1 and zero biases the IRNN of Le et al. 2015)."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.scale):
            raise ValueError(f"scale must be finite (got {self.scale})")

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        torch.nn.init.eye_(weight_HH).mul_(self.scale)


class Xavier(Init):
    """W ~ U(-b, b), b = √(6 / (fan_in + fan_out)) = √(3/H), per gate (Glorot and Bengio 2010)."""

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        bound = math.sqrt(6 / sum(weight_HH.shape))
        weight_HH.uniform_(-bound, bound, generator=generator)
