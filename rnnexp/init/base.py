"""Recurrent initialisations: what the weights from state to state, or the gates, start from.

A `WeightInit` writes every [H, H] block of recurrent weights in place (per layer, and per gate
where the cell has gates), a `GateInit` the biases of gates. All other parameters stay as torch made
them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor

from rnnexp.ranges import at_least, finite, more_than


class HasCarry(Protocol):
    @property
    def carry(self) -> str | None: ...


class HasGateBiases(Protocol):
    @property
    def cell(self) -> HasCarry: ...
    def blocks(self, name: Literal["weight_ih", "bias_ih", "bias_hh"]) -> Mapping[str, Tensor]: ...


class HasRecurrentWeights(Protocol):
    def recurrent_weights(self) -> Mapping[str, Tensor]: ...
    def recurrences(self) -> Sequence[HasGateBiases]: ...


def set_gate_bias(layers: Iterable[HasGateBiases], gate: str, value: float | Tensor) -> None:
    """Make the bias of a gate `value`, a number or one per unit [H], in every layer, in place.

    torch adds two biases, b_ih + b_hh: one gets the value, the other zero. Set in both, a forget
    bias of 1 would be 2.
    """
    with torch.no_grad():
        for layer in layers:
            layer.blocks("bias_ih")[gate].copy_(torch.as_tensor(value))
            layer.blocks("bias_hh")[gate].zero_()


class Init(ABC):
    """What a model's recurrence starts from."""

    @abstractmethod
    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        """Change the model in place. Raises ValueError where it has nothing to set."""


class Default(Init):
    """torch's own: U(-1/√H, 1/√H) for every weight and bias, as the module came."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        pass


class WeightInit(Init):
    """A rule for one [H, H] block, applied to all blocks of a model."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
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


@dataclass(frozen=True, kw_only=True)
class GateInit(Init):
    """A rule for the biases of the gate that carries the state over: f of an LSTM, z of a GRU.

    ungated: `refuse` a model without gates, or `leave` it as it is, so that a study can have both.
    """

    ungated: Literal["refuse", "leave"] = "refuse"
    name: ClassVar[str]

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        layers = model.recurrences()
        if not layers or any(layer.cell.carry is None for layer in layers):
            if self.ungated == "leave":
                return
            raise ValueError(
                f"init={self.name} sets the biases of gates and {type(model).__name__.lower()} has "
                "none: use model=lstm or model=gru, or init.ungated=leave"
            )
        for layer in layers:
            carry = layer.cell.carry
            assert carry is not None
            size = len(layer.blocks("bias_ih")[carry])
            for gate, bias_H in self.biases(carry, size, generator).items():
                set_gate_bias([layer], gate, bias_H)

    @abstractmethod
    def biases(self, carry: str, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        """The biases [H] by gate, of one layer of `size` units whose carry gate has that name."""


@dataclass(frozen=True)
class Normal(WeightInit):
    """W ~ N(0, std²), each element on its own."""

    std: float = 0.1

    def __post_init__(self) -> None:
        at_least("std", self.std, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        weight_HH.normal_(0.0, self.std, generator=generator)


@dataclass(frozen=True)
class Orthogonal(WeightInit):
    """W = gain Q, QᵀQ = I, Q uniform over the orthogonal matrices (Saxe et al. 2014)."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        at_least("gain", self.gain, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        torch.nn.init.orthogonal_(weight_HH, self.gain, generator=generator)


@dataclass(frozen=True)
class Identity(WeightInit):
    """W = scale I.

    zero_bias: and all biases of the recurrence zero. input_std: and the weights from the inputs
    N(0, input_std²); None leaves torch's. With ReLU, scale 1, zero biases and an input_std of 0.001
    the IRNN of Le, Jaitly and Hinton 2015, "A simple way to initialize recurrent networks of
    rectified linear units": it adds up what it reads, and large input weights drown the signal.
    """

    scale: float = 1.0
    zero_bias: bool = False
    input_std: float | None = None

    def __post_init__(self) -> None:
        finite("scale", self.scale)
        if self.input_std is not None:
            at_least("input_std", self.input_std, 0)

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        super().__call__(model, generator)
        if self.input_std is not None:
            with torch.no_grad():
                for layer in model.recurrences():
                    for weight_HE in layer.blocks("weight_ih").values():
                        weight_HE.normal_(0.0, self.input_std, generator=generator)
        if self.zero_bias:
            for layer in model.recurrences():
                for gate in layer.blocks("bias_ih"):
                    set_gate_bias([layer], gate, 0.0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        torch.nn.init.eye_(weight_HH).mul_(self.scale)


class Xavier(WeightInit):
    """W ~ U(-b, b), b = √(6 / (fan_in + fan_out)) = √(3/H), per gate (Glorot and Bengio 2010)."""

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        bound = math.sqrt(6 / sum(weight_HH.shape))
        weight_HH.uniform_(-bound, bound, generator=generator)


@dataclass(frozen=True)
class Spectral(WeightInit):
    """W = radius A / ρ(A), A of independent N(0, 1/H): a random matrix of that spectral radius.

    Source: Jaeger 2001, "The echo state approach to analysing and training recurrent neural
    networks", where the radius decides how fast the past fades.
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        at_least("radius", self.radius, 0)

    def fill(self, weight_HH: Tensor, generator: torch.Generator) -> None:
        weight_HH.normal_(0.0, 1 / math.sqrt(len(weight_HH)), generator=generator)
        weight_HH.mul_(self.radius / torch.linalg.eigvals(weight_HH.double()).abs().max().item())


@dataclass(frozen=True)
class Chrono(GateInit):
    """b_f = ln u, u ~ U[1, t_max - 1] for each unit, and of an LSTM b_i = -b_f.

    A gate that stays at σ(b_f) forgets with the time constant 1 + u: the units' memories spread
    from two steps to t_max. Once: torch's second bias is zero (see `set_gate_bias`). Of a GRU the
    update gate is set, which carries the state over. Source: Tallec and Ollivier 2018, "Can
    recurrent neural networks warp time?", section 2.

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

    def biases(self, carry: str, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        t_max = 1.5 * self.seq_len if self.t_max is None else self.t_max
        bias_H = torch.empty(size).uniform_(1, t_max - 1, generator=generator).log()
        return {carry: bias_H, "input": -bias_H} if carry == "forget" else {carry: bias_H}


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

    def biases(self, carry: str, size: int, generator: torch.Generator) -> dict[str, Tensor]:
        return {carry: torch.full((size,), self.value)}
