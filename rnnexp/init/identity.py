"""Weights that hand the state on as it is; with ReLU the IRNN."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnexp.init.base import HasRecurrentWeights, WeightInit, set_gate_bias
from rnnexp.ranges import at_least, finite


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
