"""The interface of an optimizer: the settings of one of torch.optim's, and how it is made.

torch.optim imports torch's compiler, only to tell it to keep out: a second in every process, longer
than many a training. rnnexp compiles nothing, and takes the optimizers' methods as they are below
that: the same functions, the same numbers. Where another torch is built otherwise the second is
lost and nothing else.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import nn

from rnnexp.ranges import a_fraction, at_least, more_than


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How a gradient changes the weights: one of torch.optim, by its names and at its defaults.

    A subclass is a dataclass whose fields are arguments of `kind`. Left out are torch's switches
    that choose how the same numbers are computed (foreach, fused, capturable, differentiable), and
    `maximize`.

    lr: the learning rate. A schedule changes it from step to step.
    """

    #: The class of torch.optim.
    kind: ClassVar[type[torch.optim.Optimizer]]

    #: Whether torch has it as one program over all weights, on the CPU and on CUDA.
    has_fused: ClassVar[bool] = False

    lr: float = 1e-3

    def __post_init__(self) -> None:
        more_than("lr", self.lr, 0)
        self.check()

    def check(self) -> None:
        """Raise ValueError, which begins with a setting's name, for values out of its range."""

    @property
    def words(self) -> str:
        """Its name, its rate, and what is not as torch has it."""
        own = [
            f"{field.name} {getattr(self, field.name)}"
            for field in fields(self)
            if field.name != "lr" and not _is_default(getattr(self, field.name), field.default)
        ]
        return ", ".join([f"{self.kind.__name__} with lr {self.lr:g}", *own])

    def make(
        self, parameters: Sequence[nn.Parameter], device: torch.device
    ) -> torch.optim.Optimizer:
        """The optimizer of these parameters; fused where it can be."""
        options: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.has_fused and device.type in ("cpu", "cuda"):
            options["fused"] = True
        _spare_the_compiler()
        return self.kind(parameters, **options)


def _is_default(value: Any, default: Any) -> bool:
    """A YAML file has a list where a constructor's default is a tuple."""
    if isinstance(default, tuple):
        return tuple(value) == default
    return bool(value == default)


def check_betas(betas: Sequence[float]) -> None:
    """Raise ValueError unless they are two shares, each at least 0 and less than 1."""
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise ValueError(
            f"betas must be two numbers, each at least 0 and less than 1 (got {list(betas)})"
        )


def check_decay(eps: float, weight_decay: float) -> None:
    """Raise ValueError for a negative one of these."""
    at_least("eps", eps, 0)
    at_least("weight_decay", weight_decay, 0)


def check_momentum(momentum: float) -> None:
    """Raise ValueError unless 0 <= momentum < 1: from 1 on what was once added never fades."""
    a_fraction("momentum", momentum)


def _spare_the_compiler() -> None:
    """Let the methods that torch hides from its compiler be called without importing it."""
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        method = inspect.unwrap(getattr(torch.optim.Optimizer, name))
        # where torch._disable_dynamo keeps what it calls, once it has imported the compiler
        vars(method).setdefault("__dynamo_disable", method)
