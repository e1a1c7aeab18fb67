"""Derivatives of states with respect to weights: over real steps, and at a known cost."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rnnexp.checks.parameter_sensitivity import impulses
from rnnexp.model.rollout import rollout
from rnnexp.probes.state_sensitivity import gradient_by_steps, parameter_sensitivity
from tests.conftest import Outcome, read_npz


def test_over_white_noise_it_is_the_sum_over_impulses() -> None:
    """Monte Carlo over inputs: E (dh_n/dλ)² of h = λh + x."""
    decay, steps = 0.7, 30
    module = nn.RNN(1, 1, nonlinearity="relu").double()
    for name, value in (("weight_ih_l0", 1.0), ("weight_hh_l0", decay), ("bias_ih_l0", 100.0),
                        ("bias_hh_l0", 0.0)):  # fmt: skip
        nn.init.constant_(module.get_parameter(name), value)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(steps, 4000, 1, dtype=torch.float64, generator=generator)
    # far from the kink of the ReLU: the offset adds a constant to the derivative
    found, offset = (
        parameter_sensitivity(rollout(module, x), [steps]).squared["weight_hh_l0"][0]
        for x in (noise, 0 * noise[:, :1])
    )
    variance = np.sqrt(found).var()
    expected = sum(k**2 * decay ** (2 * k - 2) for k in range(1, steps))
    assert abs(variance / expected - 1) < 0.1
    assert abs(np.sqrt(found).mean() / np.sqrt(offset[0]) - 1) < 0.01


def test_it_grows_with_the_third_power_where_all_is_added_up() -> None:
    powers = []
    for decay in (1.0, 0.5):
        squared = parameter_sensitivity(impulses(decay, 128), [64, 128]).squared["weight_hh_l0"]
        powers.append(np.log2(squared[1].sum() / squared[0].sum()))
    assert abs(powers[0] - 3) < 0.05
    assert abs(powers[1]) < 1e-9


def test_pads_before_and_behind_do_not_count() -> None:
    torch.manual_seed(0)
    module, x_TBE = nn.LSTM(2, 3).double(), torch.randn(12, 3, 2, dtype=torch.float64)
    lengths = [12, 7, 4]
    both = parameter_sensitivity(rollout(module, x_TBE, lengths), [4, 7])
    for b, n in enumerate(lengths):
        alone = parameter_sensitivity(
            rollout(module, x_TBE[:n, b : b + 1]), [4, 7] if n >= 7 else [4]
        )
        for name, squared in alone.squared.items():
            assert np.allclose(both.squared[name][: len(squared), b], squared[:, 0], rtol=1e-12)
    assert np.isnan(both.squared["all"][1]).tolist() == [False, False, True]


def test_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    module, x_TBE = nn.GRU(2, 5), torch.randn(6, 7, 2)

    def both() -> list[dict[str, np.ndarray]]:
        made = rollout(module, x_TBE)
        by_steps = gradient_by_steps(made, made.outputs.square().sum())
        squared = parameter_sensitivity(made).squared
        return [dict(norms) for norms in (squared, by_steps.step, by_steps.so_far)]

    whole = both()
    monkeypatch.setattr("rnnexp.probes.state_sensitivity.HELD", 900)
    for norms, in_parts in zip(whole, both(), strict=True):
        for name, values in norms.items():
            assert np.allclose(values, in_parts[name], rtol=1e-12, equal_nan=True)


def test_bad_settings() -> None:
    made = rollout(nn.RNN(2, 3), torch.randn(5, 2, 2))
    for steps in ([0], [6], []):
        with pytest.raises(ValueError, match="steps must be from 1 to 5"):
            parameter_sensitivity(made, steps)
    with pytest.raises(ValueError, match="directions must be at least 1"):
        parameter_sensitivity(made, directions=0)


@pytest.mark.parametrize("model", ["rnn", "lstm", "linear", "unrolled", "lru", "deltanet"])
def test_of_a_run(
    model: str, rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    outcome = rnnexp(
        "data=recall", f"model={model}", "seq_len=8", "trainer.steps=2", "data.val_count=8",
        "data.test_count=8", "model.hidden_size=4", "probes=parameter_sensitivity", "plots=false",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "sensitivity of the states" in outcome.out
    arrays = read_npz(run_directory() / "probes" / "parameter_sensitivity.npz")
    assert arrays["steps"][-1].tolist() == [1, 2, 4, 8]
    assert (arrays["squared.weight_ih_l0"] > 0).all()
    assert ("squared.weight_hh_l0.forget" in arrays) == (model == "lstm")
    assert ("squared.theta_l0" in arrays) == (model == "lru")
    assert np.isfinite(arrays["step.all"][:, : 7 if model == "linear" else 8]).all()


def test_a_mean_over_steps_and_a_cost_that_is_too_large(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    small = ("data=recall", "model=rnn", "seq_len=8", "trainer.steps=2", "data.val_count=8",
             "data.test_count=8", "model.hidden_size=4", "probes=parameter_sensitivity",
             "plots=false")  # fmt: skip
    outcome = rnnexp(*small, "model.readout=mean")
    assert outcome.status == 0, outcome.err
    assert "is not measured where the answer is read from many states" in outcome.out
    assert "step.all" not in read_npz(run_directory() / "probes" / "parameter_sensitivity.npz")
    monkeypatch.setattr("rnnexp.probes.parameter_sensitivity.MOST_NUMBERS", 100)
    outcome = rnnexp(*small, "name=large")
    assert outcome.status == 0
    path = next(path for path in Path("outputs/runs").iterdir() if path.name.endswith("large"))
    assert "numbers are more than 1e+02: lower" in json.dumps(
        json.loads((path / "summary.json").read_text())
    )
