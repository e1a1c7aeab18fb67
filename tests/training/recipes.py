"""Recipes for tests, and every optimizer that there is."""

from typing import Any

import torch
from torch import nn

from rnnexp import config as settings
from rnnexp.clip.base import Clip
from rnnexp.clip.none import NoClip
from rnnexp.optimizer.base import Optimizer
from rnnexp.plugins import option_files, read_yaml
from rnnexp.training.recipe import Recipe

CPU = torch.device("cpu")

#: By the names of the choices.
OPTIMIZERS = sorted(option_files("optimizer"))


def optimizer_of(name: str, **given: Any) -> Optimizer:
    """As its choice has it, but for what is given."""
    config = {"optimizer": read_yaml(option_files("optimizer")[name]) | given}
    made: Optimizer = settings.build(config, "optimizer")
    return made


def torch_optimizer(name: str, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return optimizer_of(name, lr=0.1).make(parameters, CPU)


def recipe(
    clip: Clip | None = None, lr: float = 1e-3, optimizer: str = "adam", **others: Any
) -> Recipe:
    """With the learning rate given, whatever the optimizer's own is."""
    return Recipe(optimizer=optimizer_of(optimizer, lr=lr), clip=clip or NoClip(), **others)
