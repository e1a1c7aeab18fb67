"""Each initialisation against its definition."""

import math
from typing import Any

import pytest
import torch

from rnnexp.embedding.features import Features
from rnnexp.init.base import Init
from rnnexp.init.chrono import Chrono
from rnnexp.init.default import Default
from rnnexp.init.forget_bias import ForgetBias
from rnnexp.init.identity import Identity
from rnnexp.init.normal import Normal
from rnnexp.init.orthogonal import Orthogonal
from rnnexp.init.spectral import Spectral
from rnnexp.init.xavier import Xavier
from rnnexp.model.bag import Bag
from rnnexp.model.cells.base import State
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
    for init in (Normal(), Orthogonal(), Xavier(), Spectral()):
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
    line = "init=normal sets recurrent weights and model=bag has none"
    with pytest.raises(ValueError, match=line):
        apply(Normal(), Bag)
    assert apply(Default(), Bag) == {}


@pytest.mark.parametrize("make", [lambda: Normal(std=-1), lambda: Orthogonal(gain=float("nan"))])
def test_bad_settings(make: type) -> None:
    with pytest.raises(ValueError, match="must be at least 0"):
        make()


@pytest.mark.parametrize("cls", [RNN, LSTM, GRU, Linear])
def test_the_spectral_radius_is_what_was_asked(cls: type) -> None:
    for weight in apply(Spectral(radius=0.7), cls).values():
        assert torch.linalg.eigvals(weight.double()).abs().max().item() == pytest.approx(0.7)


def gate_biases(init: Init, cls: Any, hidden_size: int = 2000) -> dict[str, torch.Tensor]:
    """The bias that acts, b_ih + b_hh, of each gate."""
    torch.manual_seed(1)
    model = cls(Features(3), 2, hidden_size=hidden_size)
    init(model, torch.Generator().manual_seed(0))
    (layer,) = model.recurrences()
    ih, hh = layer.blocks("bias_ih"), layer.blocks("bias_hh")
    return {gate: ih[gate] + hh[gate] for gate in ih}


def test_chrono_spreads_the_memories_up_to_t_max() -> None:
    biases = gate_biases(Chrono(t_max=50), LSTM)
    memory = biases["forget"].exp()
    assert 1 <= memory.min() < 1.2
    assert 48 < memory.max() <= 49
    assert memory.mean() == pytest.approx(25, abs=1)
    assert torch.equal(biases["input"], -biases["forget"])
    assert biases["output"].abs().max() < 0.1  # as torch made it
    update = gate_biases(Chrono(t_max=50), GRU)
    assert torch.equal(update["update"], biases["forget"])
    assert update["reset"].abs().max() < 0.1
    assert 28 < gate_biases(Chrono(seq_len=20), LSTM)["forget"].exp().max() <= 29


@pytest.mark.parametrize(("cls", "gate"), [(LSTM, "forget"), (GRU, "update")])
def test_a_forget_bias_is_set_once(cls: type, gate: str) -> None:
    assert torch.equal(gate_biases(ForgetBias(value=1.5), cls)[gate], torch.full((2000,), 1.5))


@pytest.mark.parametrize("make", [Chrono, ForgetBias])
def test_gates_are_needed_or_the_model_is_left(make: Any) -> None:
    with pytest.raises(ValueError, match="sets the biases of gates and model=rnn has none"):
        apply(make(), RNN)
    before = apply(Default(), RNN)
    assert torch.equal(apply(make(ungated="leave"), RNN)["weight_hh_l0"], before["weight_hh_l0"])


def test_the_irnn_carries_its_state_unchanged() -> None:
    """W = I, b = 0, ReLU: without input the state stays, and so does the gradient."""
    model = RNN(Features(3), 2, hidden_size=H, nonlinearity="relu")
    Identity(zero_bias=True)(model, torch.Generator())
    (layer,) = model.recurrences()
    h = torch.rand(2, H)
    state = layer.run(torch.zeros(50, 2, 3), State(h))[-1]
    assert torch.equal(state.h, h)
    assert model.head.bias.abs().max() > 0  # only the recurrence's biases are zeroed
    before = layer.weight_ih.clone()
    Identity()(model, torch.Generator())
    assert torch.equal(layer.weight_ih, before)
    Identity(input_std=0.001)(model, torch.Generator())
    assert layer.weight_ih.std().item() == pytest.approx(0.001, rel=0.2)


def test_the_head_starts_from_its_bound() -> None:
    for cls in (RNN, LSTM, Linear):
        head = cls(Features(3), 3, hidden_size=H, head_bound=2.0).head
        assert 1.8 < head.weight.abs().max() <= 2.0
        assert not head.bias.any()
    with pytest.raises(ValueError, match="head_bound must be greater than 0"):
        RNN(Features(3), 2, head_bound=-1.0)


@pytest.mark.parametrize(
    "make",
    [lambda: Chrono(t_max=2), lambda: Chrono(seq_len=1), lambda: ForgetBias(value=math.inf),
     lambda: Spectral(radius=-0.1)],
)  # fmt: skip
def test_bad_settings_of_the_newer_ones(make: Any) -> None:
    with pytest.raises(ValueError, match=r"t_max|value|radius"):
        make()
