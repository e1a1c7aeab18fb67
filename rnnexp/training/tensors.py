"""A network's weights and an optimizer's state as tensors by name, and as safetensors files."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def tensor_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file. Tensors are copied to the CPU; those that share memory come twice."""
    from safetensors.torch import save

    apart = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    content: bytes = save(apart)
    return content


def tensors_of(content: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU."""
    from safetensors.torch import load

    tensors: dict[str, Tensor] = load(content)
    return tensors


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and persistent buffers, by name."""
    weights: dict[str, Tensor] = model.state_dict()
    return weights


def copy_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as tensors, by `PARAMETER.NAME`, and as JSON values: the rest."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for parameter, values in state["state"].items():
        for name, value in values.items():
            kind: dict[str, Any] = tensors if isinstance(value, Tensor) else numbers
            kind[f"{parameter}.{name}"] = value
    return tensors, {"numbers": numbers, "groups": state["param_groups"]}


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], rest: Mapping[str, Any]
) -> None:
    """The reverse of `optimizer_state`, for an optimizer of the same parameters."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **rest["numbers"]}.items():
        parameter, _, name = key.partition(".")
        state.setdefault(int(parameter), {})[name] = value
    groups = [
        # JSON has no tuples: betas=(0.9, 0.999) comes back as a list
        {
            key: tuple(value) if isinstance(value, list) and key != "params" else value
            for key, value in group.items()
        }
        for group in rest["groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
