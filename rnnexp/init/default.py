"""torch's own initialisation, as the module came."""

import torch

from rnnexp.init.base import HasRecurrentWeights, Init


class Default(Init):
    """torch's own: U(-1/√H, 1/√H) for every weight and bias, as the module came."""

    def __call__(self, model: HasRecurrentWeights, generator: torch.Generator) -> None:
        pass
