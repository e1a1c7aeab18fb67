"""Optimizers are torch's, and cost a process no compiler."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from rnnexp.optimizer.adam import Adam
from rnnexp.training.optimizers import step, step_unless
from tests.training.recipes import OPTIMIZERS, optimizer_of, torch_optimizer


def weights_after(name: str, steps: int, torchs_own: bool) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Linear(5, 3)
    optimizer = torch_optimizer(name, list(model.parameters()))
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(4, 5)).square().sum().backward()
        optimizer.step() if torchs_own else step(optimizer)
    return list(model.parameters())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_torchs_own(name: str) -> None:
    ours, torchs = (weights_after(name, 5, torchs_own) for torchs_own in (False, True))
    assert all(map(torch.equal, ours, torchs))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_step_is_taken_after_a_number_that_was_not_finite(name: str) -> None:
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    optimizer = torch_optimizer(name, [weight])
    step_unless(torch.ones(()), optimizer)
    assert torch.equal(weight, torch.ones(3))
    step_unless(torch.zeros(()), optimizer)
    assert not torch.equal(weight, torch.ones(3))


def test_its_words_name_what_is_not_torchs() -> None:
    assert optimizer_of("adam").words == Adam().words == "Adam with lr 0.001"
    words = optimizer_of("sgd", lr=0.1, momentum=0.9, nesterov=True).words
    assert words == "SGD with lr 0.1, momentum 0.9, nesterov True"
    assert optimizer_of("adam", betas=[0.8, 0.9]).words == "Adam with lr 0.001, betas [0.8, 0.9]"


def test_an_optimizer_imports_no_compiler() -> None:
    """It takes a second, which a process that compiles nothing need not wait."""
    lines = [
        "import importlib, sys, torch",
        "from rnnexp.plugins import option_files, read_yaml",
        "from rnnexp.training.optimizers import step",
        "for path in option_files('optimizer').values():",
        "    module, _, name = read_yaml(path)['_target_'].rpartition('.')",
        "    weight = torch.nn.Parameter(torch.ones(3))",
        "    weight.grad = torch.ones(3)",
        "    made = getattr(importlib.import_module(module), name)()",
        "    optimizer = made.make([weight], torch.device('cpu'))",
        "    step(optimizer)",
        "    optimizer.zero_grad()",
        "    optimizer.load_state_dict(optimizer.state_dict())",
        "print('torch._dynamo' in sys.modules)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False", done.stderr
