"""What the regime report says, against the cases that need no theory and against measurement."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from rnnexp import rollout
from rnnexp.embedding.features import Features
from rnnexp.init.identity import Identity
from rnnexp.init.normal import Normal
from rnnexp.model.bag import Bag
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.modules import layers_of
from rnnexp.probes.decay import Decay
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.regime import LayerRegime, Regime, is_structured, mean_field, predict_regime, regime_of
from rnnexp.types import Batch

EXAMPLES = Batch(torch.randn(8, 30, 16), torch.zeros(8), torch.full((8,), 30))


def regime(gain: float, seq_len: int = 100, path: str = "all paths") -> Regime:
    return Regime([LayerRegime(1.0, 1.0, 1.0, None, None, gain, path)], seq_len)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (regime(0.5), "halve every 1.0 steps: over 100 steps 7.9e-31 of them is left"),
        (regime(2.0), "double every 1.0 steps: over 100 steps they grow by 1.3e+30"),
        (regime(1.0), "keep their order of size"),
        (regime(0.99), "keep their order of size: over 100 steps they change by a factor of 0.37"),
        (
            regime(0.5, path="direct path only"),
            "at these weights gradients on the direct path alone halve",
        ),
        (regime(0.0), "no gradient passes a single step"),
    ],
)
def test_the_sentence(made: Regime, words: str) -> None:
    assert words in made.sentence
    assert made.lines()
    assert made.summary()["sentence"] == made.sentence


def test_half_life_and_one_percent() -> None:
    assert regime(0.5).half_life == pytest.approx(1.0)
    assert regime(0.1).one_percent == pytest.approx(2.0)  # a hundredth is left
    assert regime(1.0).half_life is None


def test_mean_field_limits() -> None:
    assert mean_field(0.7, 0.0, "tanh") == pytest.approx((0.0, 1.0, 0.7), abs=1e-6)
    assert mean_field(1.3, 5.0, "linear") == pytest.approx((math.inf, 1.0, 1.3))
    assert mean_field(1.0, 1.0, "relu") == pytest.approx((2.0, 0.5, math.sqrt(0.5)), rel=1e-3)
    # a strong input saturates: hardly any gradient
    assert mean_field(1.0, 1e4, "tanh")[2] < 0.2


@pytest.mark.parametrize(("model_type", "gates"), [(RNN, 0), (LSTM, 1), (GRU, 1)])
def test_of_a_model(model_type: type[RNN], gates: int) -> None:
    model = model_type(Features(16), 2, hidden_size=64, num_layers=2)
    predicted = regime_of(model, EXAMPLES)
    assert predicted is not None
    assert len(predicted.layers) == 2
    assert predicted.layer.gain == max(layer.gain for layer in predicted.layers)
    # U(±1/√H): σ√H = 1/√3
    assert predicted.layers[0].g == pytest.approx(1 / math.sqrt(3), rel=0.05)
    assert (predicted.layer.path == "direct path only") == bool(gates)


def test_a_model_without_recurrence_has_none() -> None:
    assert regime_of(Bag(Features(16), 2, hidden_size=4), EXAMPLES) is None


def test_the_carry_gate_follows_its_bias() -> None:
    lstm = nn.LSTM(4, 8)
    with torch.no_grad():
        layers_of(lstm)[0].blocks("weight_ih")["forget"].zero_()
        layers_of(lstm)[0].blocks("bias_ih")["forget"].fill_(3.0)
        layers_of(lstm)[0].blocks("bias_hh")["forget"].zero_()
    made = predict_regime(layers_of(lstm), [torch.randn(10, 4)], 50)
    assert made.layer.gain == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-6)


def test_random_matrix_theory_is_not_claimed_of_the_identity() -> None:
    model = RNN(Features(16), 2, hidden_size=64, nonlinearity="relu")
    with torch.no_grad():
        Identity()(model, torch.Generator())
    made = regime_of(model, EXAMPLES)
    assert made is not None
    assert made.layer.gain is None
    assert "must be measured" in made.lines()[-1]
    assert made.summary()["half_life"] is None


@pytest.mark.parametrize("std", [0.1, 0.5, 1.0, 2.0])
def test_the_prediction_is_what_is_measured(std: float) -> None:
    """From vanishing to exploding, mean over networks, at the notebook's H = 64."""
    predicted, measured = [], []
    for seed in range(4):
        torch.manual_seed(seed)
        rnn = nn.RNN(64, 64).double()
        with torch.no_grad():
            Normal(std)(_Weights(rnn), torch.Generator().manual_seed(seed))
        x_TBE = torch.randn(60, 4, 64, dtype=torch.float64)
        gain = predict_regime(layers_of(rnn), [x_TBE.reshape(-1, 64)], 60).layer.gain
        predicted.append(math.log(gain or 0))
        made = rollout(rnn, x_TBE)
        norms = gradient_flow(made, (made.outputs * torch.randn_like(made.outputs)).sum())
        measured.append(Decay.of(norms.by_distance()[1]).slope)
    difference = sum(measured) / 4 - sum(predicted) / 4
    assert abs(difference) < 0.25
    assert (sum(measured) > 0) == (sum(predicted) > 0)


class _Weights:
    def __init__(self, rnn: nn.RNN) -> None:
        self.rnn = rnn

    def recurrent_weights(self) -> dict[str, torch.Tensor]:
        return {"weight_hh_l0": self.rnn.get_parameter("weight_hh_l0").detach()}


def test_growth_beyond_the_range_of_numbers_has_its_sentence() -> None:
    assert "grow by 1e+477" in regime(3.0, seq_len=1000).sentence
    assert "1e-1000 of them" in regime(0.1, seq_len=1000).sentence


@pytest.mark.parametrize("hidden", [1, 2, 3, 4, 8, 64])
@pytest.mark.parametrize(
    "weight",
    [
        lambda h: torch.eye(h),
        lambda h: torch.eye(h).roll(1, 0),
        lambda h: torch.eye(h)[torch.randperm(h)],
        lambda h: torch.diag(torch.rand(h) + 0.1),
        lambda h: torch.eye(h) + 0.1 * torch.randn(h, h),
        lambda h: torch.ones(h, h),
    ],
    ids=["identity", "shifted", "permutation", "diagonal", "nearly identity", "ones"],
)
def test_weights_that_are_no_random_matrix_are_not_predicted(
    weight: Callable[[int], torch.Tensor], hidden: int
) -> None:
    rnn = nn.RNN(4, hidden)
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(weight(hidden))
    layer = predict_regime(layers_of(rnn), [torch.randn(10, 4)], 50).layer
    assert layer.gain is None
    assert layer.path == "not predicted"


@pytest.mark.parametrize("hidden", [16, 64])
@pytest.mark.parametrize(
    "weight",
    [
        lambda h: torch.randn(h, h),
        lambda h: torch.rand(h, h) - 0.5,
        lambda h: torch.linalg.qr(torch.randn(h, h)).Q,
        lambda h: torch.zeros(h, h),
    ],
    ids=["Gaussian", "uniform", "orthogonal", "zeros"],
)
def test_random_matrices_are_predicted(weight: Callable[[int], torch.Tensor], hidden: int) -> None:
    assert not any(is_structured(weight(hidden)) for _ in range(20))


def test_the_interval_over_examples_covers_the_gain_of_many() -> None:
    rnn = nn.RNN(4, 64)
    scales = torch.rand(400, 1, 1) + 0.5  # examples differ in the size of their inputs
    x_BTE = scales * torch.randn(400, 20, 4)

    def gains(examples: torch.Tensor) -> LayerRegime:
        of_example = torch.arange(len(examples)).repeat_interleave(20)
        return predict_regime(layers_of(rnn), [examples.flatten(0, 1)], 50, of_example).layer

    truth = gains(x_BTE).gain
    assert truth is not None
    covered = 0
    for start in range(0, 400, 8):
        layer = gains(x_BTE[start : start + 8])
        assert layer.gain_low is not None
        assert layer.gain_high is not None
        covered += layer.gain_low <= truth <= layer.gain_high
    assert covered / 50 > 0.85


def test_a_layer_without_a_prediction_leaves_the_network_without_one() -> None:
    rnn = nn.RNN(4, 16, 2)
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(torch.eye(16))
    made = predict_regime(layers_of(rnn), [torch.randn(10, 4), torch.randn(10, 16)], 50)
    assert "must be measured" in made.sentence


def test_one_example_alone_has_no_interval() -> None:
    rnn = nn.RNN(4, 64)
    gains = predict_regime(layers_of(rnn), [torch.randn(10, 4)], 50).layer
    assert gains.gain_low is None
