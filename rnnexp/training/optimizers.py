"""Optimizers by name, and a step that leaves the weights alone after a number was not finite."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained: a frozen embedding's are not."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def make_optimizer(
    name: str,
    parameters: Sequence[nn.Parameter],
    learning_rate: float,
    alpha: float | None,
    device: torch.device,
) -> torch.optim.Optimizer:
    """An optimizer of torch.optim at torch's defaults but for what is given; fused where it can be.

    alpha: of RMSprop alone, None for torch's default.
    """
    options: dict[str, float | bool] = {"lr": learning_rate}
    if name != "rmsprop" and device.type in ("cpu", "cuda"):
        options["fused"] = True
    if alpha is not None:
        options["alpha"] = alpha
    return OPTIMIZERS[name](parameters, **options)  # type: ignore[arg-type]


def step_unless(nonfinite: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One update, unless `nonfinite` (0-dim, on the parameters' device) is 1.

    Fused optimizers read the flag on the device, as they do for a gradient scaler: the host never
    waits. The others have no such switch, and the host reads it.
    """
    if optimizer.defaults.get("fused"):
        optimizer.found_inf = nonfinite  # type: ignore[attr-defined]
        optimizer.step()
    elif not nonfinite.item():
        optimizer.step()
