"""What layer norm does to gradients over many steps, at random weights; docs/models.md says it."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rnnexp.model.cells import make_cell
from rnnexp.model.cells.base import Recurrence, make_weights
from rnnexp.model.cells.normalised import layer_norm
from rnnexp.model.rollout import rollout
from rnnexp.model.unrolled import UnrolledRNN
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.types import Rollout

HIDDEN, FEATURES, STEPS = 32, 16, 80


def rolled_out(cell: str, g: float) -> Rollout:
    """W_hh ~ N(0, g²/H), W_ih ~ N(0, 1/E), inputs N(0, 1)."""
    torch.manual_seed(0)
    network = UnrolledRNN(FEATURES, HIDDEN, cell=cell).double()
    with torch.no_grad():
        network.get_parameter("weight_hh_l0").normal_(0, g / math.sqrt(HIDDEN))
        network.get_parameter("weight_ih_l0").normal_(0, 1 / math.sqrt(FEATURES))
    return rollout(network, torch.randn(STEPS, 2, FEATURES, dtype=torch.float64))


def gain_per_step(made: Rollout) -> float:
    """The slope of ln ‖dL/dh_(T-k)‖ from k = 10 to 60."""
    norms = gradient_flow(made, made.outputs.square().sum()).by_distance()[1]
    return math.log(norms[60] / norms[10]) / 50


def largest_exponent(made: Rollout) -> float:
    """Behind the first steps: at h = 0 a norm of W_hh h is steep, once."""
    return float(np.mean(lyapunov_spectrum(made, burn_in=10)[:, 0]))


def test_a_plain_network_with_it_is_not_chaotic_where_it_would_be() -> None:
    assert largest_exponent(rolled_out("rnn", 4.0)) > 0.2
    assert largest_exponent(rolled_out("ln_rnn", 4.0)) < 0.05


def test_nor_does_it_keep_a_gradient_that_would_vanish() -> None:
    """Where W_hh is small beside W_ih: their sum is normalised, and the inputs are most of it."""
    for cell in ("rnn", "ln_rnn"):
        assert gain_per_step(rolled_out(cell, 0.5)) < -0.8


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_size_of_w_hh_does_not_matter_to_gated_ones(name: str) -> None:
    """Of which it alone is normalised."""
    plain = [gain_per_step(rolled_out(name, g)) for g in (1.0, 4.0)]
    normalised = [gain_per_step(rolled_out(f"ln_{name}", g)) for g in (1.0, 4.0)]
    assert plain[1] - plain[0] > 0.2
    assert abs(normalised[1] - normalised[0]) < 0.01
    assert normalised[0] > plain[0] + 0.1  # torch's own scale is below g = 1


@pytest.mark.parametrize("name", ["ln_rnn", "ln_lstm", "ln_gru"])
def test_gains_start_at_one_and_biases_at_zero(name: str) -> None:
    torch.manual_seed(0)
    weights = make_weights(make_cell(name), 8, 100)
    for key, weight in weights.items():
        if key.startswith("weight"):
            assert 0.09 < weight.abs().max() <= 0.1
        else:
            assert (weight == (1 if key.startswith("gain") else 0)).all(), key


def test_a_norm_is_over_the_numbers_of_one_example() -> None:
    torch.manual_seed(0)
    a, gain, bias = torch.randn(5, 7) * 9 + 4, torch.rand(7), torch.randn(7)
    assert torch.equal(layer_norm(a, gain, bias)[2:3], layer_norm(a[2:3], gain, bias))
    assert torch.equal(layer_norm(a, gain, bias), F.layer_norm(a, (7,), gain, bias, 1e-5))
    made = layer_norm(a, torch.ones(7), torch.zeros(7))
    assert torch.allclose(made.mean(dim=1), torch.zeros(5), atol=1e-6)
    assert torch.allclose(made.var(dim=1, correction=0), torch.ones(5), atol=1e-5)


def test_an_lstm_normalises_all_its_rows_together_and_a_gru_its_gates_apart() -> None:
    """A part of W_ih a hundred times as large quietens the others, where they share a norm."""
    torch.manual_seed(0)
    x_TBE = torch.randn(1, 3, FEATURES)
    for name, block, touched in (
        ("ln_lstm", "cell", {"input", "forget", "cell", "output"}),
        ("ln_gru", "new", {"new"}),
        ("ln_gru", "reset", {"reset", "update"}),
    ):
        cell = make_cell(name)
        layer = Recurrence(cell, *make_weights(cell, FEATURES, 6).values())
        before = layer.run(x_TBE)[0].gates
        rows_HE = layer.blocks("weight_ih")[block]
        rows_HE *= torch.rand_like(rows_HE) * 100
        after = layer.run(x_TBE)[0].gates
        changed = {gate for gate in before if not torch.allclose(before[gate], after[gate])}
        assert changed == touched, (name, block)
