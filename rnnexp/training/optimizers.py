"""A step of an optimizer, which leaves the weights alone after a number was not finite."""

import inspect

import torch
from torch import Tensor, nn


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained: a frozen embedding's are not."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def step_unless(nonfinite: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One update, unless `nonfinite` (0-dim, on the parameters' device) is 1.

    Fused optimizers read the flag on the device, as they do for a gradient scaler: the host never
    waits. The others have no such switch: on the CPU the host reads the flag, elsewhere the update
    is made and taken back on the device.
    """
    if optimizer.defaults.get("fused"):
        optimizer.found_inf = nonfinite  # type: ignore[attr-defined]
        step(optimizer)
    elif nonfinite.device.type == "cpu":
        if not nonfinite.item():
            step(optimizer)
    else:
        step_and_take_back(nonfinite, optimizer)


@torch.no_grad()
def step_and_take_back(nonfinite: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """An update of weights and moments, which have their old values again where `nonfinite` is 1.

    Moments that the update makes begin at zero.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    before = {
        id(tensor): tensor.detach().clone()
        for weight in weights
        for tensor in (weight, *_moments(optimizer, weight))
    }
    step(optimizer)
    for weight in weights:
        for tensor in (weight, *_moments(optimizer, weight)):
            old = before.get(id(tensor), torch.zeros_like(tensor))
            tensor.copy_(torch.where(nonfinite > 0, old, tensor))


def _moments(optimizer: torch.optim.Optimizer, weight: Tensor) -> list[Tensor]:
    """What the optimizer keeps of a weight, element by element: not its count of steps."""
    kept = optimizer.state.get(weight, {}).values()
    return [value for value in kept if isinstance(value, Tensor) and value.shape == weight.shape]


@torch.no_grad()
def step(optimizer: torch.optim.Optimizer) -> None:
    """One update of the weights; see `rnnexp.optimizer.base` for what it goes around."""
    inspect.unwrap(type(optimizer).step)(optimizer)
