"""Optimizers by name, and a step that leaves the weights alone after a number was not finite.

torch.optim imports torch's compiler, only to tell it to keep out: a second in every process, longer
than many a training. rnnexp compiles nothing, and takes the optimizers' methods as they are below
that: the same functions, the same numbers. Where another torch is built otherwise the second is
lost and nothing else.
"""

import inspect
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
    _spare_the_compiler()
    return OPTIMIZERS[name](parameters, **options)  # type: ignore[arg-type]


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
    """One update of the weights; see above for what it goes around."""
    inspect.unwrap(type(optimizer).step)(optimizer)


def _spare_the_compiler() -> None:
    """Let the methods that torch hides from its compiler be called without importing it."""
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        method = inspect.unwrap(getattr(torch.optim.Optimizer, name))
        # where torch._disable_dynamo keeps what it calls, once it has imported the compiler
        vars(method).setdefault("__dynamo_disable", method)
