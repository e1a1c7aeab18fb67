"""What mingru, minlstm, lru, slstm, selective and deltanet are beside what every cell is."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rnnexp.checks.twins import TWINS
from rnnexp.embedding.features import Features
from rnnexp.init.chrono import Chrono
from rnnexp.init.forget_bias import ForgetBias
from rnnexp.model.bptt import is_written_for
from rnnexp.model.cells import cells
from rnnexp.model.cells.base import State
from rnnexp.model.cells.diagonal import DiagonalCell
from rnnexp.model.cells.mingru import MinGRUCell
from rnnexp.model.lockstep import states_together
from rnnexp.model.rollout import rollout
from rnnexp.model.unrolled import Unrolled, UnrolledRNN
from rnnexp.probes.gates import Gates
from rnnexp.probes.jacobian import step_jacobian
from rnnexp.probes.recurrent_weights import RecurrentWeights
from rnnexp.regime import regime_of
from rnnexp.types import Batch
from tests.conftest import TINY, Outcome
from tests.probes.test_base import view_of

CPU = torch.device("cpu")
SIZE, HIDDEN = 3, 6
of_today = pytest.mark.parametrize("name", TWINS)
DIAGONAL = [name for name, cell in cells().items() if issubclass(cell, DiagonalCell)]


def network_of(name: str, num_layers: int = 1, **options: Any) -> UnrolledRNN:
    torch.manual_seed(0)
    return UnrolledRNN(4, HIDDEN, num_layers, cell=name, cell_options=options).double()


def inputs(steps: int = 9, size: int = SIZE) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(steps, size, 4, dtype=torch.float64)


# -- settings and sizes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lru", {"eigenvalues": "imaginary"}, "eigenvalues must be 'complex' or 'real'"),
        ("lru", {"r_max": 1.5}, r"r_max must be above r_min=0\.0 and at most 1 \(got 1\.5"),
        (
            "lru",
            {"r_min": 0.9, "r_max": 0.5},
            r"r_max must be above r_min=0\.9 and at most 1 \(got 0\.5",
        ),
        ("lru", {"max_phase": 7}, r"max_phase must be at most 2π, 6\.2832"),
        ("lru", {"max_phase": 0}, "max_phase must be greater than 0"),
        ("lru", {"eigenvalues": "real", "max_phase": 1}, "max_phase=1.0 is of complex eigenvalues"),
        ("lru", {"r_max": "abc"}, "r_max must be a valid number"),
        ("deltanet", {"key_size": 0}, "key_size must be at least 1"),
        ("deltanet", {"key_size": 2.5}, "key_size must be a valid integer"),
        ("selective", {"dt_min": 0}, "dt_min must be greater than 0"),
        ("selective", {"dt_min": 1, "dt_max": 0.5}, "dt_max must be a number that is at least dt_"),
        ("slstm", {"forget": "relu"}, "forget must be 'exponential' or 'sigmoid'"),
    ],
)
def test_a_bad_option_is_told_in_one_line(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^cell_options\.{message}") as raised:
        network_of(name, **options)
    assert "\n" not in str(raised.value)


def test_an_odd_hidden_size_has_half_a_complex_unit(
    rnnexp: Callable[..., Outcome], workdir: Path
) -> None:
    outcome = rnnexp(*TINY, "model=lru", "model.hidden_size=7", "probes=none")
    assert outcome.status == 2
    assert "model.hidden_size must be even for cell=lru" in outcome.error
    assert not Path("outputs").exists()
    UnrolledRNN(4, 7, cell="lru", cell_options={"eigenvalues": "real"})


def test_an_option_is_set_where_its_model_shows_it(rnnexp: Callable[..., Outcome]) -> None:
    outcome = rnnexp(*TINY, "model=deltanet", "model.cell_options.key_size=two", "probes=none")
    assert outcome.status == 2
    assert "model.cell_options.key_size must be a valid integer (got two)" in outcome.error


# -- how they begin -------------------------------------------------------------------------------


def test_the_eigenvalues_of_the_lru_begin_on_their_ring() -> None:
    torch.manual_seed(0)
    options = {"r_min": 0.6, "r_max": 0.9, "max_phase": 0.5}
    (layer,) = UnrolledRNN(4, 2000, cell="lru", cell_options=options).recurrences()
    (lambda_U,) = layer.cell.constants(layer.weights)
    radius_U = lambda_U.detach().abs()
    assert radius_U.min() > 0.6
    assert radius_U.max() < 0.9
    # evenly by area: half of them lie beyond √((0.36 + 0.81) / 2)
    assert (radius_U > math.sqrt(0.585)).float().mean() == pytest.approx(0.5, abs=0.05)
    phase_U = lambda_U.detach().angle()
    assert phase_U.min() > 0
    assert phase_U.max() < 0.5
    gamma_U = layer.weights["gamma_log"].detach().exp()
    assert torch.allclose(gamma_U, (1 - radius_U**2).sqrt(), atol=1e-5)


@pytest.mark.parametrize("eigenvalues", ["complex", "real"])
def test_the_states_of_the_lru_are_as_large_as_what_it_reads(eigenvalues: str) -> None:
    """γ: of white noise of E features each unit's mean square is 1, whatever its eigenvalue."""
    torch.manual_seed(0)
    options = {"eigenvalues": eigenvalues, "r_min": 0.3, "r_max": 0.95}
    (layer,) = UnrolledRNN(16, 400, cell="lru", cell_options=options).recurrences()
    h_BH = layer.run(torch.randn(150, 64, 16))[-1].h.detach()
    per_unit = h_BH.square().mean() * (2 if eigenvalues == "complex" else 1)
    assert per_unit == pytest.approx(1, abs=0.1)


def test_real_eigenvalues_have_either_sign() -> None:
    torch.manual_seed(0)
    options = {"eigenvalues": "real", "r_min": 0.5}
    (layer,) = UnrolledRNN(4, 1000, cell="lru", cell_options=options).recurrences()
    (lambda_H,) = layer.cell.constants(layer.weights)
    assert (lambda_H > 0).float().mean() == pytest.approx(0.5, abs=0.06)
    assert lambda_H.abs().min() > 0.5
    assert lambda_H.abs().max() < 1


@pytest.mark.parametrize("negative", [False, True])
def test_the_steps_of_the_selective_cell_begin_in_their_range(negative: bool) -> None:
    torch.manual_seed(0)
    options = {"dt_min": 0.01, "dt_max": 0.2, "negative_eigenvalues": negative}
    (layer,) = UnrolledRNN(4, 500, cell="selective", cell_options=options).recurrences()
    kept_H = layer.run(torch.zeros(1, 1, 4))[0].gates["keep"][0].detach()
    dt_H = -((kept_H + negative) / (1 + negative)).log()
    assert dt_H.min() > 0.0099
    assert dt_H.max() < 0.201
    # evenly in ln Δ
    assert dt_H.median() == pytest.approx(math.sqrt(0.01 * 0.2), rel=0.2)


@pytest.mark.parametrize("name", ["slstm", "selective"])
@pytest.mark.parametrize("make", [Chrono, ForgetBias])
def test_a_gate_of_another_form_has_no_bias_to_set(name: str, make: Any) -> None:
    model = Unrolled(Features(4), 2, cell=name, hidden_size=HIDDEN)
    with pytest.raises(ValueError, match=f"the gate of cell={name} has another form"):
        make()(model, torch.Generator())
    before = [p.clone() for p in model.parameters()]
    make(ungated="leave")(model, torch.Generator())
    assert all(map(torch.equal, before, model.parameters()))


# -- their states ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIAGONAL)
def test_units_of_a_diagonal_cell_do_not_meet(name: str) -> None:
    """The Jacobian of a step is diag(a_t): of complex units, blocks of two numbers."""
    made = rollout(network_of(name), inputs())
    jacobian_BHH = step_jacobian(made, 4)
    unit_H = torch.arange(HIDDEN)
    if name == "lru":
        unit_H = unit_H % (HIDDEN // 2)
    apart_HH = unit_H[:, None] != unit_H
    assert (jacobian_BHH[:, apart_HH] == 0).all()
    assert (jacobian_BHH.diagonal(dim1=1, dim2=2) != 0).all()


def test_the_stabiliser_of_the_slstm_is_one_of_many() -> None:
    """c and n times e^s with m - s: the same h, now and ever after."""
    (layer,) = network_of("slstm").recurrences()
    x_TBE = inputs()
    h, c, n, m = layer.run(x_TBE)[-1].handed_on
    s = torch.randn_like(m)
    moved = layer.cell.state_of((h, c * s.exp(), n * s.exp(), m - s))
    same = layer.cell.state_of((h, c, n, m))
    for ours, theirs in zip(layer.run(x_TBE, same), layer.run(x_TBE, moved), strict=True):
        assert torch.allclose(ours.h, theirs.h, rtol=1e-12, atol=1e-14)
    assert (n >= 1).all()


def test_an_open_forget_gate_of_the_slstm_keeps_its_cell_state() -> None:
    (layer,) = network_of("slstm").recurrences()
    start = layer.run(inputs())[-1]
    layer.blocks("bias_ih")["forget"].fill_(60)
    layer.blocks("bias_ih")["input"].fill_(-60)
    end = layer.run(inputs(), start)[-1]
    assert start.c is not None
    assert end.c is not None
    assert torch.allclose(end.c, start.c, rtol=1e-12)
    assert torch.allclose(end.gates["forget"], torch.ones(()).double())


def test_the_first_step_of_the_slstm_forgets_nothing() -> None:
    """A share of 0 there would be a memory time of 0, whatever came after."""
    (layer,) = network_of("slstm").recurrences()
    first, *others = (state.gates for state in layer.run(inputs()))
    assert (first["forget"] == 1).all()
    for gates in others:
        shares_BH = gates["forget"] + gates["input"]
        assert torch.allclose(shares_BH, torch.ones_like(shares_BH), rtol=1e-14)
    model = Unrolled(Features(4), 2, cell="slstm", hidden_size=HIDDEN)
    x_BTE = inputs().float().transpose(0, 1)
    batch = Batch(x_BTE, torch.zeros(SIZE).long(), torch.full((SIZE,), 9))
    measured = Gates().measure(view_of(model, batch))
    assert measured["median_memory_time"] > 1


@of_today
def test_a_run_is_cut_in_two_and_goes_on(name: str) -> None:
    network, x_TBE = network_of(name, num_layers=2), inputs()
    whole, _ = network(x_TBE)
    _, half = network(x_TBE[:4])
    rest, _ = network(x_TBE[4:], half)
    assert torch.allclose(rest, whole[4:], rtol=0, atol=1e-12)
    made = rollout(network, x_TBE[4:], state=[_carried(state) for state in half])
    assert torch.allclose(made.outputs, whole[-1], rtol=0, atol=1e-12)


def _carried(state: State) -> State:
    return State(state.h, state.c, carried=state.handed_on)


def test_an_initial_state_of_another_size_is_refused() -> None:
    network = network_of("deltanet", key_size=2)
    with pytest.raises(ValueError, match=r"state must be a State for each layer, whose flat are"):
        rollout(network, inputs(), state=[State(torch.zeros(SIZE, HIDDEN))])
    with pytest.raises(ValueError, match=r"state must be a list with a State for each layer"):
        rollout(network, inputs(), state=torch.zeros(1, SIZE, HIDDEN))


@of_today
def test_networks_of_several_lengths_together_are_each_alone(name: str) -> None:
    networks, steps = [network_of(name, num_layers=2) for _ in range(2)], (9, 5)
    read = [inputs(count, size) for count, size in zip(steps, (3, 2), strict=True)]
    layers = [network.recurrences() for network in networks]
    for network, x_TBE, together in zip(networks, read, states_together(layers, read), strict=True):
        assert torch.allclose(together, network(x_TBE)[0], rtol=0, atol=1e-12)


# -- what asks for a matrix, and what computes them -----------------------------------------------


@of_today
def test_a_probe_of_the_matrix_asks_for_one(name: str) -> None:
    model = Unrolled(Features(4), 2, cell=name, hidden_size=HIDDEN)
    batch = Batch(
        inputs().float().transpose(0, 1), torch.zeros(SIZE).long(), torch.full((SIZE,), 9)
    )
    if model.recurrent_weights():
        RecurrentWeights().check(model, view_of(model, batch).task)
        return
    with pytest.raises(ValueError, match=f"needs a matrix from state to state; cell={name} has"):
        RecurrentWeights().check(model, view_of(model, batch).task)


@pytest.mark.parametrize("name", ["mingru", "minlstm", "selective"])
def test_the_carry_gate_is_predicted_of_the_inputs_and_is_what_is_found(name: str) -> None:
    """These gates read nothing else: what is predicted is exact."""
    torch.manual_seed(0)
    model = Unrolled(Features(4), 2, cell=name, hidden_size=HIDDEN)
    batch = Batch(
        inputs().float().transpose(0, 1), torch.zeros(SIZE).long(), torch.full((SIZE,), 9)
    )
    regime = regime_of(model, batch)
    assert regime is not None
    (layer,) = model.rollout(batch).layers
    found = torch.stack([gates[str(layer.carry)] for gates in layer.gates]).mean().detach()
    assert regime.layer.gain == pytest.approx(float(found), rel=1e-9)
    assert regime.layer.radius is None
    assert "there is no matrix from state to state" in regime.lines()[0]


@pytest.mark.parametrize("name", ["lru", "slstm", "deltanet"])
def test_nothing_is_predicted_where_it_is_not_known(name: str) -> None:
    model = Unrolled(Features(4), 2, cell=name, hidden_size=HIDDEN)
    batch = Batch(
        inputs().float().transpose(0, 1), torch.zeros(SIZE).long(), torch.full((SIZE,), 9)
    )
    regime = regime_of(model, batch)
    assert regime is not None
    assert regime.layer.gain is None
    assert "must be measured" in regime.lines()[-1]


class HalfAStep(MinGRUCell):
    """A step of its own."""

    def step(self, a_BG: torch.Tensor, previous: State, *args: Any, **kwargs: Any) -> State:
        return State((super().step(a_BG, previous).h + previous.h) / 2)


def test_a_diagonal_cell_is_computed_by_bptt_unless_it_has_a_step_of_its_own() -> None:
    assert {name for name in TWINS if network_of(name).engine_on(CPU) == "bptt"} == set(DIAGONAL)
    assert is_written_for(MinGRUCell())
    assert not is_written_for(HalfAStep())
    assert UnrolledRNN(4, HIDDEN, cell="lru", engine="autograd").engine_on(CPU) == "autograd"


@pytest.mark.parametrize("name", DIAGONAL)
def test_by_either_engine_the_total_gradient_of_each_state_is_the_same(name: str) -> None:
    network, x_TBE = network_of(name), inputs()
    seen: list[torch.Tensor] = []
    network.watch = seen.append
    weights_TBH = torch.randn_like(network(x_TBE)[0])
    (network(x_TBE)[0] * weights_TBH).sum().backward()
    (layer,) = network.recurrences()
    states = [state.h for state in layer.run(x_TBE)]
    loss = torch.stack([(h * w).sum() for h, w in zip(states, weights_TBH, strict=True)]).sum()
    expected = torch.stack(torch.autograd.grad(loss, states))
    torch.testing.assert_close(seen[0], expected, rtol=1e-12, atol=1e-13)


# -- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TWINS if name != "linear_transition"])
def test_a_run_is_trained_further_to_the_same_bytes_and_answers(
    rnnexp: Callable[..., Outcome], workdir: Path, name: str
) -> None:
    words = (*TINY, f"model={name}", "model.num_layers=2", "model.hidden_size=6", "probes=none")
    assert rnnexp(*words, "trainer.epochs=3").status == 0
    (whole,) = Path("outputs/runs").iterdir()
    begun = rnnexp(*words, "trainer.epochs=2", "checkpoint.keep=all")
    assert begun.status == 0, begun.err
    (first,) = set(Path("outputs/runs").iterdir()) - {whole}
    further = rnnexp("resume", str(first), "trainer.epochs=3")
    assert further.status == 0, further.err
    (second,) = set(Path("outputs/runs").iterdir()) - {whole, first}
    for file in ("metrics.csv", "weights.safetensors"):
        assert (second / file).read_bytes() == (whole / file).read_bytes(), file
    answer = rnnexp("predict", str(second), "a good film", "--steps")
    assert answer.status == 0, answer.err
    assert "confidence:" in answer.out
    assert ("recurrent weights (h2h)" in answer.out) == cells()[name].has_weight_hh
