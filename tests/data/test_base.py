"""Losses of tasks with a target at every step, where some steps have none."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnexp.data.base import IGNORED, StepClassification, Task
from rnnexp.data.step_regression import StepRegression
from rnnexp.loss.base import share_of
from rnnexp.types import Batch


class Classes(StepClassification):
    output_size = 3
    split = None  # type: ignore[assignment]


class Numbers(StepRegression):
    output_size = 3
    split = None  # type: ignore[assignment]


def targets(kind: type[Task], asked_BT: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    if kind is Classes:
        classes = torch.randint(0, 3, asked_BT.shape, generator=generator)
        return classes.masked_fill(~asked_BT, IGNORED)
    numbers = torch.randn(*asked_BT.shape, 3, generator=generator)
    return numbers.masked_fill(~asked_BT[..., None], torch.nan)


def batch_of(kind: type[Task], asked_BT: Tensor) -> Batch:
    count, steps = asked_BT.shape
    return Batch(
        torch.zeros(count, steps, 1), targets(kind, asked_BT), torch.full((count,), steps),
        per_step=True,
    )  # fmt: skip


def outputs_of(count: int, steps: int) -> Tensor:
    made = torch.randn(count, steps, 3, generator=torch.Generator().manual_seed(1))
    return made.requires_grad_()


@pytest.mark.parametrize("kind", [Classes, Numbers])
def test_of_no_target_the_loss_is_0_and_so_is_its_gradient(kind: Any) -> None:
    outputs = outputs_of(2, 4)
    loss = kind().loss(outputs, batch_of(kind, torch.zeros(2, 4, dtype=torch.bool)))
    loss.backward()
    assert loss == 0
    assert outputs.grad is not None
    assert (outputs.grad == 0).all()


@pytest.mark.parametrize("kind", [Classes, Numbers])
def test_of_some_targets_it_is_torchs_to_the_bit(kind: Any) -> None:
    asked_BT = torch.rand(5, 7, generator=torch.Generator().manual_seed(2)) < 0.5
    batch, ours = batch_of(kind, asked_BT), outputs_of(5, 7)
    plain = ours.detach().clone().requires_grad_()
    kind().loss(ours, batch).backward()
    if kind is Classes:
        expected = F.cross_entropy(plain.flatten(0, 1), batch.targets.flatten())
    else:
        known = ~batch.targets.isnan()
        expected = (plain - batch.targets).masked_fill(~known, 0).square().sum() / known.sum()
    expected.backward()  # type: ignore[no-untyped-call]
    assert torch.equal(kind().loss(ours, batch), expected)
    assert ours.grad is not None
    assert plain.grad is not None
    assert torch.equal(ours.grad, plain.grad)


@pytest.mark.parametrize("kind", [Classes, Numbers])
@pytest.mark.parametrize("none", [False, True], ids=["some", "none"])
def test_parts_by_their_share_are_the_whole(kind: Any, none: bool) -> None:
    """Of four examples the second has no target, and the others have unequally many."""
    asked_BT = torch.arange(6) < torch.tensor([6, 0, 1, 3])[:, None]
    task, batch = kind(), batch_of(kind, asked_BT & (not none))
    whole, parts = outputs_of(4, 6), outputs_of(4, 6)
    task.loss(whole, batch).backward()
    for row in range(4):
        part = batch.rows(row, row + 1)
        share = share_of(task.counted(part), task.counted(batch))
        (task.loss(parts[row : row + 1], part) * share).backward()
    assert whole.grad is not None
    assert parts.grad is not None
    assert torch.allclose(whole.grad, parts.grad, atol=1e-7)
    assert parts.grad.isfinite().all()
