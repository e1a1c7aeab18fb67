"""Clipping against hand-set gradients."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from rnnexp.clip.agc import AGC
from rnnexp.clip.base import Clip
from rnnexp.clip.none import NoClip
from rnnexp.clip.norm import Norm
from rnnexp.clip.value import Value


def parameters(*gradients: list[float]) -> list[nn.Parameter]:
    made = []
    for gradient in gradients:
        made.append(nn.Parameter(torch.zeros(len(gradient))))
        made[-1].grad = torch.tensor(gradient)
    return made


def gradients(params: list[nn.Parameter]) -> list[list[float]]:
    return [p.grad.tolist() for p in params if p.grad is not None]


def test_none_reports_the_norm_and_changes_nothing() -> None:
    params = parameters([3.0, 0.0], [4.0])
    report = NoClip()(params)
    assert report.norm_before.item() == report.norm_after.item() == 5.0
    assert not report.fired
    assert report.nonfinite == 0
    assert gradients(params) == [[3.0, 0.0], [4.0]]


def test_norm_scales_all_gradients_together() -> None:
    params = parameters([3.0, 0.0], [4.0])
    report = Norm(max_norm=1.0)(params)
    assert report.norm_before.item() == 5.0
    assert report.norm_after.item() == pytest.approx(1.0)
    assert report.fired
    assert gradients(params)[0] == pytest.approx([0.6, 0.0])
    assert gradients(params)[1] == pytest.approx([0.8])


def test_norm_below_its_bound_leaves_every_bit() -> None:
    params = parameters([0.3, 0.1], [0.4])
    before = gradients(params)
    report = Norm(max_norm=1.0)(params)
    assert not report.fired
    assert gradients(params) == before


def test_norm_equals_torchs() -> None:
    torch.manual_seed(0)
    ours = parameters(torch.randn(50).tolist(), torch.randn(7).tolist())
    theirs = parameters(*gradients(ours))
    before = nn.utils.clip_grad_norm_(theirs, 2.0)
    report = Norm(max_norm=2.0)(ours)
    assert report.norm_before.item() == pytest.approx(before.item(), rel=1e-6)
    for a, b in zip(gradients(ours), gradients(theirs), strict=True):
        assert a == pytest.approx(b, rel=1e-5)


def test_value_clamps_each_element() -> None:
    params = parameters([3.0, -0.2], [-4.0])
    report = Value(max_value=0.5)(params)
    assert gradients(params)[0] == pytest.approx([0.5, -0.2])
    assert gradients(params)[1] == [-0.5]
    assert report.norm_before.item() == pytest.approx(math.sqrt(25.04))
    assert report.norm_after.item() == pytest.approx(math.sqrt(0.54))
    assert report.fired
    assert not Value(max_value=0.5)(parameters([0.1])).fired


def test_an_exploded_norm_does_not_overflow() -> None:
    params = parameters([3e30, 4e30])  # in float32 the squares are inf
    report = Norm(max_norm=5.0)(params)
    assert report.norm_before.item() == pytest.approx(5e30)
    assert gradients(params)[0] == pytest.approx([3.0, 4.0])


@pytest.mark.parametrize("clip", [NoClip(), Norm(), Value(), AGC()])
def test_non_finite_elements_are_counted(clip: Clip) -> None:
    report = clip(parameters([math.nan, 1.0], [math.inf, -math.inf]))
    assert report.nonfinite == 3
    assert not report.norm_before.isfinite()


@pytest.mark.parametrize(
    "make", [lambda: Norm(0.0), lambda: Value(-1.0), lambda: Norm(math.nan), lambda: AGC(0.0)]
)
def test_bad_settings(make: Callable[[], Clip]) -> None:
    with pytest.raises(ValueError, match="must be greater than 0"):
        make()


def matrix(weight: list[list[float]], gradient: list[list[float]]) -> nn.Parameter:
    made = nn.Parameter(torch.tensor(weight))
    made.grad = torch.tensor(gradient)
    return made


def test_agc_measures_each_row_by_its_own_weights() -> None:
    params = [
        matrix([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], [[6.0, 8.0], [0.006, 0.008], [1.0, 0.0]])
    ]
    report = AGC(factor=0.1, eps=0.01)(params)
    clipped = gradients(params)[0]
    assert clipped[0] == pytest.approx([0.3, 0.4])  # 10 -> 0.1 * 5
    assert clipped[1] == pytest.approx([0.006, 0.008])  # 0.01 is below 0.1 * 0.5
    assert clipped[2] == pytest.approx([0.001, 0.0])  # zero weights count as eps
    assert report.fired
    assert report.norm_before.item() == pytest.approx(math.sqrt(100 + 1e-4 + 1))
    assert report.norm_after.item() == pytest.approx(math.sqrt(0.25 + 1e-4 + 1e-6))


def test_agc_takes_a_bias_as_one_unit_and_leaves_small_gradients_to_the_bit() -> None:
    bias = nn.Parameter(torch.tensor([3.0, 4.0]))
    bias.grad = torch.tensor([0.0, 2.0])
    assert AGC(factor=0.2)([bias]).fired
    assert gradients([bias])[0] == pytest.approx([0.0, 1.0])
    bias.grad = torch.tensor([0.3, 0.1])
    before = gradients([bias])
    assert not AGC(factor=0.2)([bias]).fired
    assert gradients([bias]) == before
