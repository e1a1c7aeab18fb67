"""Fixed points that are found, told from slow ones, counted and refused."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rnnexp.model.rollout import rollout
from rnnexp.probes.fixed_point_search import fixed_points
from rnnexp.probes.slow_points import minimise_speed
from tests.conftest import Outcome, read_npz


def latch(weight: float, bias: float = 0.0) -> nn.RNN:
    """h = tanh(weight h + bias)."""
    module = nn.RNN(1, 1).double()
    for name, value in (("weight_ih_l0", 0.0), ("weight_hh_l0", weight), ("bias_ih_l0", bias),
                        ("bias_hh_l0", 0.0)):  # fmt: skip
        nn.init.constant_(module.get_parameter(name), value)
    return module


def seen_from(module: nn.RNN, *states: float, **settings: float):  # type: ignore[no-untyped-def]
    start = torch.tensor(states, dtype=torch.float64).reshape(1, -1, 1)
    made = rollout(module, torch.zeros(4, len(states), 1), state=start)
    return fixed_points(made, **settings)


def test_just_beside_a_saddle_node_there_is_a_slow_point() -> None:
    """At this bias two points have met and gone: what is left is slow, between -1 and 0."""
    h = -math.sqrt(0.5)  # where the slope 2 (1 - h²) is 1
    bias = math.atanh(h) - 2 * h + 0.001
    found = seen_from(latch(2.0, bias), -0.9, -0.8, -0.6, 0.5, -0.65)
    assert found.fixed_P.tolist() == [True, False]
    assert found.stable_P.tolist() == [True, False]
    assert found.states_PD[0, 0] > 0.9
    assert abs(found.states_PD[1, 0] - h) < 0.05
    assert 1e-4 < found.speed_P[1] < found.slow_below
    # the slow one holds nobody
    assert set(found.arrived_B.tolist()) == {0}


def test_the_same_seed_finds_the_same() -> None:
    first, again = (seen_from(latch(1.5), 0.5, -0.5, seed=3) for _ in range(2))
    for name in ("states_PD", "speed_P", "found_P", "eigenvalues_PD"):
        assert np.array_equal(getattr(first, name), getattr(again, name))


def test_a_cycle_arrives_nowhere() -> None:
    found = seen_from(latch(-2.0), 0.5, -0.5)
    assert found.arrived_B.tolist() == [-1, -1]
    assert found.fixed_P.tolist() == [True]
    assert found.unstable_P.tolist() == [1]
    assert found.time_constant_P.tolist() == [math.inf]


def test_starts_that_come_to_nothing_are_counted() -> None:
    minima = minimise_speed(
        lambda h: h + torch.exp(h), torch.zeros(3, 1, dtype=torch.float64), iterations=3
    )
    assert not minima.settled_N.any()
    found = seen_from(latch(-2.0), 0.5, -0.5, iterations=1, noise=3)
    assert found.unsettled > 0
    assert found.found_P.sum() + found.unsettled + found.fast == found.starts


def test_a_map_without_a_derivative_is_refused() -> None:
    with pytest.raises(ValueError, match="the map from state to state has no derivative"):
        minimise_speed(
            lambda h: torch.from_numpy(np.sign(h.numpy())), torch.full((2, 3), 2.0).double(), 5
        )


def test_bad_settings() -> None:
    for name, value in (("starts", 0), ("noise", -1.0), ("iterations", 0), ("slow", -0.1)):
        with pytest.raises(ValueError, match=f"{name} must be at least"):
            seen_from(latch(2.0), 0.5, **{name: value})


@pytest.mark.parametrize("model", ["rnn", "lstm", "linear", "lru", "deltanet"])
def test_of_a_run(
    model: str, rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path]
) -> None:
    outcome = rnnexp(
        "data=recall", f"model={model}", "seq_len=8", "trainer.steps=2", "data.val_count=8",
        "data.test_count=8", "model.hidden_size=4", "probes=fixed_points", "plots=false",
        "probes.fixed_points.at=tokens", "probes.fixed_points.starts=8",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "fixed points at the mean input" in outcome.out
    assert "did not converge" in outcome.out
    arrays = read_npz(run_directory() / "probes" / "fixed_points.npz")
    assert len(arrays["token"][-1]) == 4
    assert arrays["token"][-1][0] == -1
    assert (arrays["token"][-1][1:] >= 3).all()  # fillers: cues are rarer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("model=slstm",), "what cell=slstm hands on drifts where its h stays"),
        (("model=deltanet", "model.hidden_size=128"), "a state of at most 1024 numbers"),
    ],
)
def test_a_map_that_never_rests_and_one_that_is_too_large_are_refused(
    words: tuple[str, ...], answer: str, rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    outcome = rnnexp("data=recall", "seq_len=8", "trainer.steps=2", *words, "probes=fixed_points")
    assert outcome.status == 2
    assert answer in outcome.err
    assert not (workdir / "outputs").exists()


def test_an_slstm_with_sigmoid_gates_comes_to_rest(rnnexp: Callable[..., Outcome]) -> None:
    outcome = rnnexp(
        "data=recall", "model=slstm", "model.cell_options.forget=sigmoid", "seq_len=8",
        "trainer.steps=2", "data.val_count=8", "data.test_count=8", "model.hidden_size=4",
        "probes=fixed_points", "plots=false", "probes.fixed_points.starts=8",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err


def test_numbers_have_no_tokens(rnnexp: Callable[..., Outcome], workdir: Path) -> None:
    outcome = rnnexp("data=adding", "probes=fixed_points", "probes.fixed_points.at=tokens")
    assert outcome.status == 2
    assert "probe 'fixed_points' needs inputs that are tokens for at=tokens" in outcome.error
