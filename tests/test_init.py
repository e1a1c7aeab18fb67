"""Each initialisation against its definition."""

import math

import pytest
import torch

from rnnexp.embedding import Features
from rnnexp.init import Default, Identity, Init, Normal, Orthogonal, Xavier
from rnnexp.model.bag import Bag
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.linear import Linear

H = 64


def apply(init: Init, cls: type = RNN, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    model = cls(Features(3), 2, hidden_size=H)
    init(model, torch.Generator().manual_seed(seed))
    weights: dict[str, torch.Tensor] = model.recurrent_weights()
    return weights


@pytest.mark.parametrize("cls", [RNN, LSTM, GRU, Linear])
def test_definitions_hold_for_every_gate(cls: type) -> None:
    for weight in apply(Normal(std=0.3), cls).values():
        assert weight.mean().abs() < 5 * 0.3 / H
        assert weight.std() == pytest.approx(0.3, rel=0.05)
    for weight in apply(Orthogonal(gain=1.5), cls).values():
        assert torch.allclose(weight.T @ weight, 2.25 * torch.eye(H), atol=1e-5)
    for weight in apply(Identity(scale=0.7), cls).values():
        assert torch.equal(weight, 0.7 * torch.eye(H))
    bound = math.sqrt(3 / H)
    for weight in apply(Xavier(), cls).values():
        assert weight.abs().max() <= bound
        assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    for weight in apply(Default(), cls).values():
        assert weight.abs().max() <= 1 / math.sqrt(H)


def test_gates_are_drawn_apart() -> None:
    weights = list(apply(Orthogonal(), LSTM).values())
    assert not torch.allclose(weights[0], weights[1])


def test_the_spectral_radius_of_a_normal_matrix_is_std_times_root_h() -> None:
    (weight,) = apply(Normal(std=0.5)).values()
    assert torch.linalg.eigvals(weight).abs().max() == pytest.approx(0.5 * math.sqrt(H), rel=0.15)


def test_the_generator_alone_decides() -> None:
    for init in (Normal(), Orthogonal(), Xavier()):
        (first,), (again,), (other,) = (apply(init, seed=s).values() for s in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_other_parameters_stay() -> None:
    torch.manual_seed(0)
    model = LSTM(Features(3), 2, hidden_size=8)
    before = {name: p.clone() for name, p in model.named_parameters()}
    Normal()(model, torch.Generator())
    changed = [n for n, p in model.named_parameters() if not torch.equal(p, before[n])]
    assert changed == ["recurrence.weight_hh_l0"]


def test_a_model_without_recurrence_is_refused() -> None:
    with pytest.raises(ValueError, match="init=normal sets recurrent weights and bag has none"):
        apply(Normal(), Bag)
    assert apply(Default(), Bag) == {}


@pytest.mark.parametrize("make", [lambda: Normal(std=-1), lambda: Orthogonal(gain=float("nan"))])
def test_bad_settings(make: type) -> None:
    with pytest.raises(ValueError, match="must be at least 0"):
        make()
