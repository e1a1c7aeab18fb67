"""Regularisers: gradient flossing against what is known of the exponents. D flat state."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnnexp.embedding.features import Features
from rnnexp.model.bag import Bag
from rnnexp.model.cells import cells
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.modules import layers_of
from rnnexp.model.rollout import rollout
from rnnexp.model.unrolled import Unrolled
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.regulariser.flossing import Flossing, exponents, orthonormal
from rnnexp.regulariser.none import NoRegulariser
from rnnexp.types import Batch
from tests.conftest import Outcome

MODULES: list[Callable[[], nn.Module]] = [
    lambda: nn.RNN(3, 5),
    lambda: nn.LSTM(3, 4, num_layers=2),
    lambda: nn.GRU(3, 5),
]

WORDS = (
    "data=adding", "seq_len=10", "model=rnn", "model.hidden_size=6", "trainer.batch_size=4",
    "data.val_count=10", "data.test_count=10", "probes=none", "plots=false", "threads=1",
)  # fmt: skip
FLOSSING = ("regulariser=flossing", "regulariser.k=4")


def inputs(seed: int = 0, steps: int = 20, size: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(steps, size, 3, dtype=torch.float64, generator=generator)


def batch_of(x_TBE: Tensor, lengths: list[int] | None = None) -> Batch:
    size = x_TBE.shape[1]
    known = torch.tensor(lengths or [len(x_TBE)] * size)
    return Batch(x_TBE.transpose(0, 1), torch.zeros(size), known)


@pytest.mark.parametrize("make", MODULES)
def test_exponents_are_those_of_the_probe(make: Callable[[], nn.Module]) -> None:
    """On the same inputs, of each example's own steps, from the same directions."""
    torch.manual_seed(0)
    module, x_TBE, lengths = make().double(), inputs(), [20, 12]
    layers = layers_of(module)
    width = sum(layer.state_size for layer in layers)
    valid_BT = batch_of(x_TBE, lengths).valid_BT
    eye_DD = torch.eye(width, dtype=torch.float64)
    ours_BD = exponents(layers, x_TBE, valid_BT, eye_DD, burn_in=3).detach().numpy()
    expected_BD = lyapunov_spectrum(rollout(module, x_TBE, lengths), burn_in=3)
    assert np.abs(np.sort(ours_BD)[:, ::-1] - expected_BD).max() < 1e-12


@pytest.mark.parametrize("cell", cells())
def test_every_cell_can_be_flossed(cell: str) -> None:
    """Its exponents are the probe's, where no direction is lost, and their squares have a slope."""
    torch.manual_seed(0)
    model = Unrolled(Features(3), 1, cell=cell, hidden_size=4).double()
    batch = batch_of(inputs(steps=8, size=1))
    layers = model.recurrences()
    eye_DD = torch.eye(sum(layer.state_size for layer in layers), dtype=torch.float64)
    x_TBE = batch.inputs.transpose(0, 1)
    ours_BD = exponents(layers, x_TBE, batch.valid_BT, eye_DD).detach().numpy()
    expected_BD = lyapunov_spectrum(model.rollout(batch))
    there = expected_BD > -10
    assert np.abs(np.sort(ours_BD)[:, ::-1][there] - expected_BD[there]).max() < 1e-8
    Flossing(k=2).penalty(model, batch).backward()  # type: ignore[no-untyped-call]
    slopes = [p.grad for p in model.recurrence.parameters() if p.grad is not None]
    assert all(bool(slope.isfinite().all()) for slope in slopes)
    assert sum(slope.abs().sum().item() for slope in slopes) > 0


def test_a_short_example_keeps_half_of_its_steps() -> None:
    """Where more of them would turn the directions than it has."""
    torch.manual_seed(0)
    layers, x_TBE = layers_of(nn.GRU(3, 5).double()), inputs()
    q_DK = orthonormal(layers, 3, x_TBE)
    both_BK = exponents(layers, x_TBE, batch_of(x_TBE, [20, 4]).valid_BT, q_DK, burn_in=8)
    short_TBE = x_TBE[:4, 1:]
    alone_BK = exponents(layers, short_TBE, batch_of(short_TBE).valid_BT, q_DK, burn_in=2)
    assert torch.allclose(both_BK[1], alone_BK[0])


def test_steps_between_decompositions_change_no_exponent() -> None:
    torch.manual_seed(0)
    layers, x_TBE = layers_of(nn.GRU(3, 5).double()), inputs()
    valid_BT = batch_of(x_TBE, [20, 12]).valid_BT
    q_DK = orthonormal(layers, 3, x_TBE)
    each, seldom = (exponents(layers, x_TBE, valid_BT, q_DK, 0, n) for n in (1, 7))
    assert (each - seldom).abs().max() < 1e-9


@pytest.mark.parametrize("make", MODULES)
def test_the_gradient_is_that_of_finite_differences(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(1)
    module, x_TBE = make().double(), inputs(1)
    weights = [parameter for name, parameter in module.named_parameters() if "l0" in name]

    def penalty() -> Tensor:
        layers = layers_of(module)
        q_DK = orthonormal(layers, 3, x_TBE)
        valid_BT = batch_of(x_TBE, [20, 12]).valid_BT
        return exponents(layers, x_TBE, valid_BT, q_DK, 2, 2).square().mean()

    along = [torch.randn_like(weight) for weight in weights]
    slopes = torch.autograd.grad(penalty(), weights)
    expected = sum(float((slope * v).sum()) for slope, v in zip(slopes, along, strict=True))
    values = []
    with torch.no_grad():
        for step in (1e-6, -2e-6):
            for weight, v in zip(weights, along, strict=True):
                weight.add_(step * v)
            values.append(penalty().item())
    assert (values[0] - values[1]) / 2e-6 == pytest.approx(expected, rel=1e-6)


def linear_network() -> Unrolled:
    torch.manual_seed(0)
    model = Unrolled(Features(3), 1, cell="linear", hidden_size=6).double()
    with torch.no_grad():
        weight = model.recurrences()[0].weight_hh
        weight.copy_(torch.diag(torch.tensor([0.3, 0.5, 0.6, 0.7, 1.2, 1.4])))
        turn = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0]
        weight.copy_(turn @ weight @ turn.T)
    return model


def test_a_linear_network_is_drawn_to_eigenvalues_of_size_one() -> None:
    """Its exponents are ln |eigenvalue|: all come to 0."""
    model = linear_network()
    layer = model.recurrences()[0]
    flossing = Flossing(k=6, window=None)
    batch = batch_of(inputs(steps=16, size=1))

    def largest() -> float:
        with torch.no_grad():
            return float(torch.linalg.eigvals(layer.weight_hh).abs().log().abs().max())

    with torch.no_grad():
        flow = rollout(model.recurrence, inputs(steps=200))
        assert lyapunov_spectrum(flow, burn_in=100)[0, 0] == pytest.approx(math.log(1.4), abs=1e-3)
    before, penalties = largest(), []
    optimizer = torch.optim.Adam([layer.weight_hh], 0.03)
    for _ in range(100):
        optimizer.zero_grad()
        penalty = flossing.penalty(model, batch)
        penalty.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        penalties.append(penalty.item())
    assert before == pytest.approx(-math.log(0.3), abs=1e-6)
    assert largest() < 0.1 * before
    assert penalties[-1] < 1e-4 * penalties[0]


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_the_penalty_reaches_the_recurrence_and_nothing_else(
    kind: type[RNN] | type[LSTM] | type[GRU],
) -> None:
    model = kind(Features(3), 1, hidden_size=5).double()
    Flossing(k=3).penalty(model, batch_of(inputs())).backward()  # type: ignore[no-untyped-call]
    with_gradient = {name.partition(".")[0] for name, p in model.named_parameters()
                     if p.grad is not None and p.grad.abs().sum() > 0}  # fmt: skip
    assert with_gradient == {"recurrence"}


def test_when_it_adds_and_what_is_noted() -> None:
    model, batch = linear_network(), batch_of(inputs())
    flossing = Flossing(k=2, steps_before=2, every=3, weight=0.5, window=8)
    loss = torch.tensor(10.0, dtype=torch.float64)
    penalty = flossing.penalty(model, batch).item()
    made = [flossing(loss, model, batch, step) for step in range(9)]
    assert [o.total.item() for o in made] == pytest.approx(
        [0.5 * penalty] * 2 + [10 + 0.5 * penalty, 10, 10] * 2 + [10 + 0.5 * penalty]
    )
    noted = [o.penalty.item() for o in made if o.penalty is not None]
    assert noted == pytest.approx(
        [penalty] * 3 + [math.nan] * 2 + [penalty] + [math.nan] * 2 + [penalty], nan_ok=True
    )
    assert NoRegulariser()(loss, model, batch, 0) == (loss, None)
    before_alone = Flossing(k=2, steps_before=1)
    assert before_alone(loss, model, batch, 1).total == 10


def test_it_needs_a_state_and_as_many_directions() -> None:
    with pytest.raises(ValueError, match="needs the state of a recurrent model"):
        Flossing().check(Bag(Features(3), 1), 1000)
    with pytest.raises(ValueError, match="k=11 directions are more than the 10 numbers"):
        Flossing(k=11).check(LSTM(Features(3), 1, hidden_size=5), 1000)
    Flossing(k=10).check(LSTM(Features(3), 1, hidden_size=5), 1000)
    with pytest.raises(ValueError, match="steps_before=200 leaves none of 200 training steps"):
        Flossing(k=10).check(LSTM(Features(3), 1, hidden_size=5), 200)
    Flossing(k=10).check(LSTM(Features(3), 1, hidden_size=5), 0)  # measured as it is, not trained
    with pytest.raises(ValueError, match="steps_before=0 and every=0"):
        Flossing(steps_before=0)


def test_a_run_records_the_penalty_beside_the_loss(rnnexp: Callable[..., Outcome]) -> None:
    every = ("regulariser.steps_before=3", "regulariser.every=0", "trainer.steps=150")
    outcome = rnnexp(*WORDS, *FLOSSING, *every)
    assert outcome.status == 0, outcome.err
    assert "the first 3 steps minimise the penalty of flossing alone" in outcome.err + outcome.out
    (metrics,) = Path("outputs/runs").glob("*/metrics.csv")
    with metrics.open() as file:
        first, second = csv.DictReader(file)
    assert float(first["train_penalty"]) > 0
    assert second["train_penalty"] == ""  # no step had one
    assert "val_penalty" not in first


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("trainer.regulariser=flossing",), "did you mean 'regulariser'?"),
        (("+trainer.regulariser=flossing",), "choose one with regulariser=..."),
        ((*FLOSSING, "model=bag"), "flossing needs the state of a recurrent model"),
        ((*FLOSSING, "regulariser.k=7"), "regulariser.k=7 directions are more than the 6 numbers"),
        ((*FLOSSING, "regulariser.every=-1"), "regulariser.every must be at least 0"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    rnnexp: Callable[..., Outcome], words: tuple[str, ...], answer: str
) -> None:
    outcome = rnnexp(*(word for word in WORDS if "model.hidden" not in word), *words,
                     "model.hidden_size=6")  # fmt: skip
    assert outcome.status == 2
    assert answer in outcome.err
    assert not Path("outputs").exists()
