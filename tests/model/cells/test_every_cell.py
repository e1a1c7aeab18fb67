"""What every cell must satisfy: a new file in rnnexp/model/cells/ is tested by being there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import nn

from rnnexp.checks.twins import TWINS
from rnnexp.embedding.features import Features
from rnnexp.init.base import set_gate_bias
from rnnexp.model.cells import cells
from rnnexp.model.cells.base import Cell, Recurrence, hidden_states
from rnnexp.model.modules import TORCH_MODES
from rnnexp.model.unrolled import Unrolled, UnrolledRNN
from rnnexp.probes.gates import Gates
from rnnexp.probes.gradient_norms import gradient_flow
from rnnexp.types import Batch
from tests.conftest import TINY, Outcome
from tests.probes.test_base import view_of

every_cell = pytest.mark.parametrize("name", cells())
STEPS, SIZE, HIDDEN = 12, 3, 6


def model_of(name: str, num_layers: int = 1) -> Unrolled:
    torch.manual_seed(0)
    return Unrolled(Features(4), 2, cell=name, hidden_size=HIDDEN, num_layers=num_layers)


def examples() -> Batch:
    torch.manual_seed(1)
    x_BTE = torch.randn(SIZE, STEPS, 4)
    return Batch(x_BTE, torch.zeros(SIZE).long(), torch.full((SIZE,), STEPS))


@every_cell
def test_the_total_adjoint_is_that_of_finite_differences(name: str) -> None:
    """dL/dh_t, L = Σ h_T², by central differences in every direction of h_t, or of what a step
    hands on in its place; all else that it hands on is held fixed."""
    model = model_of(name)
    (layer,) = model.recurrences()
    layer = layer.to(torch.device("cpu"), torch.float64)
    made = model.rollout(examples())
    x_TBE, reached = torch.stack(list(made.inputs)).detach(), made.layers[0].reached
    loss = made.states[-1].square().sum()
    adjoints = torch.autograd.grad(loss, reached)

    def loss_from(t: int, flat_BD: torch.Tensor) -> torch.Tensor:
        last = layer.run(x_TBE[t + 1 :], layer.state_of(flat_BD))[-1]
        return last.h.square().sum(dim=1)

    eps, units = 1e-5, reached[0].shape[1]
    for t in (0, 5, STEPS - 2):
        by_differences_BD = torch.empty(SIZE, units, dtype=torch.float64)
        for unit in range(units):
            change_BD = torch.zeros_like(made.flat_state(t))
            change_BD[:, unit] = eps
            up_B = loss_from(t, made.flat_state(t).detach() + change_BD)
            down_B = loss_from(t, made.flat_state(t).detach() - change_BD)
            by_differences_BD[:, unit] = (up_B - down_B) / (2 * eps)
        error = (by_differences_BD - adjoints[t]).norm() / adjoints[t].norm()
        assert error < 1e-6, t


@every_cell
def test_gradient_flow_sees_what_reaches_far_back(name: str) -> None:
    """What a step hands on has a gradient at every step, whether or not its h is of it."""
    made = model_of(name).rollout(examples())
    norms = gradient_flow(made, made.outputs.square().sum())
    assert (norms.states_LTB > 0).all()
    assert (norms.cells_LTB is not None) == model_of(name).recurrences()[0].cell.has_cell_state


def test_every_cell_that_torch_has_not_has_a_twin() -> None:
    ours = {name for name, cell in cells().items() if cell.__module__.startswith("rnnexp.")}
    assert ours - {cell.name for cell in TORCH_MODES.values()} - {"linear"} == set(TWINS)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("engine", ["autograd", "auto"])
def test_a_network_is_its_twin_in_numpy(name: str, engine: Literal["autograd", "auto"]) -> None:
    torch.manual_seed(3)
    network = UnrolledRNN(4, 8, cell=name, engine=engine).double()
    x_TBE = torch.randn(40, SIZE, 4, dtype=torch.float64)
    weights = {key[:-3]: weight.numpy() for key, weight in network.state_dict().items()}
    states_TBH = network(x_TBE)[0].detach().numpy()
    assert abs(states_TBH - TWINS[name](weights, x_TBE.numpy())).max() < 1e-10


@every_cell
def test_the_rollout_is_the_forward_pass(name: str) -> None:
    model = model_of(name, num_layers=2).eval()
    with torch.no_grad():
        outputs = model(examples())
    assert (model.rollout(examples()).outputs - outputs).abs().max() < 1e-6


@every_cell
def test_states_have_their_sizes_and_come_back_from_flat_ones(name: str) -> None:
    model = model_of(name, num_layers=2)
    layers = model.recurrences()
    made = model.rollout(examples())
    assert made.flat_state(-1).shape == (SIZE, sum(layer.state_size for layer in layers))
    assert made.flat_state(3).shape == made.flat_state(-1).shape
    for layer in layers:
        before = layer.initial(SIZE)
        assert before.flat.shape == (SIZE, layer.state_size)
        assert (before.c is not None) == layer.cell.has_cell_state
    state = layers[0].run(examples().inputs.transpose(0, 1))[-1]
    same = layers[0].state_of(state.flat)
    assert torch.equal(same.flat, state.flat)
    assert same.gates == {}
    if any(part is state.h for part in state.handed_on):
        assert torch.equal(same.h, state.h)
    else:
        assert same.h.isnan().all()


@every_cell
def test_advance_takes_the_steps_of_the_run(name: str) -> None:
    made = model_of(name, num_layers=2).rollout(examples())
    for t in range(STEPS):
        # W_ih x_t of one step and of all steps at once differ by their rounding
        error = made.advance(t, made.flat_state(t - 1)) - made.flat_state(t)
        assert error.abs().max() < 1e-14


@every_cell
def test_each_block_of_rows_acts(name: str) -> None:
    model = model_of(name)
    (layer,) = model.recurrences()
    assert list(layer.blocks("weight_ih")) == list(layer.cell.blocks)
    assert list(layer.blocks("weight_hh")) == list(layer.cell.blocks * layer.cell.has_weight_hh)
    assert ("weight_hh" in layer.weights) == bool(model.recurrent_weights())
    x_TBE = examples().inputs.transpose(0, 1)
    before = hidden_states(layer.run(x_TBE)).detach()
    for weight_HE in layer.blocks("weight_ih").values():
        kept = weight_HE.clone()
        weight_HE.mul_(2)
        assert not torch.allclose(hidden_states(layer.run(x_TBE)), before)
        weight_HE.copy_(kept)


@every_cell
def test_what_the_cell_says_of_itself_is_plain_and_so(name: str) -> None:
    model = model_of(name)
    cell = model.top_cell
    assert cell is not None
    facts = cell.describe()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["name"] == name
    assert set(facts["gates"]) in (set(cell.blocks) - {cell.candidate}, set())
    layer = model.rollout(examples()).layers[0]
    assert layer.carry == cell.carry
    assert (layer.cells is not None) == cell.has_cell_state
    for values in layer.gates:
        assert set(values) == (set(cell.blocks) if cell.gates else set())
        assert all(values[gate].min() >= 0 and values[gate].max() <= 1 for gate in cell.gates)


LOGISTIC = [name for name, cell in cells().items() if cell.carry and cell.carry_is_logistic]


@pytest.mark.parametrize("name", LOGISTIC)
def test_an_open_carry_gate_keeps_the_state(name: str) -> None:
    model = model_of(name)
    (layer,) = model.recurrences()
    carry = layer.cell.carry
    assert carry is not None
    set_gate_bias([layer], carry, 50.0)
    if layer.cell.input_gate is not None:
        set_gate_bias([layer], layer.cell.input_gate, -50.0)
    start = layer.state_of(torch.randn(SIZE, layer.state_size))
    end = layer.run(examples().inputs.transpose(0, 1), start)[-1]
    kept, before = (end.h, start.h) if end.c is None else (end.c, start.c)
    assert before is not None
    assert torch.allclose(kept, before, atol=1e-6)


@every_cell
def test_the_gates_probe_measures_what_has_a_carry_gate(name: str) -> None:
    model = model_of(name)
    cell = model.top_cell
    assert cell is not None
    view = view_of(model, examples())
    if cell.carry is None:
        with pytest.raises(ValueError, match=r"needs a (gated model|gate that); "):
            Gates().check(model, view.task)
        return
    Gates().check(model, view.task)
    measured = Gates().measure(view)
    (layer,) = model.rollout(examples()).layers
    for block in cell.blocks:
        mean = torch.stack([values[block] for values in layer.gates]).mean(dim=(1, 2))
        assert measured[block] == pytest.approx(mean.detach().numpy())
    carried = torch.stack([values[cell.carry] for values in layer.gates]).flip(0).cumprod(0)
    assert measured["product"] == pytest.approx(carried.mean(dim=(1, 2)).detach().numpy())


@pytest.mark.parametrize("mode", TORCH_MODES)
def test_torchs_own_cells_take_its_weights(mode: str) -> None:
    twin = nn.RNNBase(mode, 4, HIDDEN, num_layers=2)
    written = UnrolledRNN(4, HIDDEN, num_layers=2, cell=TORCH_MODES[mode].name)
    written.load_state_dict(twin.state_dict())
    assert list(written.state_dict()) == list(twin.state_dict())
    twin.load_state_dict(UnrolledRNN(4, HIDDEN, 2, cell=TORCH_MODES[mode].name).state_dict())


@pytest.mark.parametrize("name", LOGISTIC)
def test_a_bias_of_the_carry_gate_makes_it_what_it_says(name: str) -> None:
    """b, and -b of the input gate: σ(b), of what the first step finds and of what is predicted."""
    (layer,) = model_of(name).recurrences()
    carry, input_gate = layer.cell.carry, layer.cell.input_gate
    assert carry is not None
    set_gate_bias([layer], carry, 1.5)
    if input_gate is not None:
        set_gate_bias([layer], input_gate, -1.5)
    x_TBE = torch.zeros(1, SIZE, 4)
    expected = torch.tensor(1.5).sigmoid().expand(SIZE, HIDDEN)
    predicted = layer.cell.first_carry(x_TBE[0], layer.weights)
    assert predicted is not None
    assert torch.allclose(layer.run(x_TBE)[0].gates[carry], expected)
    assert torch.allclose(predicted, expected)


@pytest.mark.parametrize("name", [name for name, cell in cells().items() if cell.draw is Cell.draw])
def test_parameters_start_from_torchs_distribution(name: str) -> None:
    torch.manual_seed(0)
    written = UnrolledRNN(8, 100, cell=name)
    for parameter in written.parameters():
        assert parameter.abs().max() <= 0.1
    if written.cell.has_weight_hh:
        weight = written.get_parameter("weight_hh_l0").detach()
        assert weight.shape == (100 * len(written.cell.blocks), 100)
    else:
        weight = written.get_parameter("weight_ih_l0").detach()
    assert weight.std() == pytest.approx(0.1 / 3**0.5, rel=0.03)


@every_cell
def test_the_command_trains_it(
    rnnexp: Callable[..., Outcome], run_directory: Callable[[], Path], name: str
) -> None:
    outcome = rnnexp(*TINY, "model=unrolled", f"model.cell={name}", "+probes=lyapunov")
    assert outcome.status == 0, outcome.err
    assert (run_directory() / "probes" / "gradient_flow.npz").is_file()
    assert (run_directory() / "probes" / "lyapunov.npz").is_file()


def test_a_cell_state_is_half_of_the_flat_state() -> None:
    (layer,) = model_of("lstm").recurrences()
    assert isinstance(layer, Recurrence)
    flat_BD = torch.arange(2.0 * HIDDEN).expand(SIZE, -1)
    state = layer.state_of(flat_BD)
    assert state.c is not None
    assert torch.equal(state.h, flat_BD[:, :HIDDEN])
    assert torch.equal(state.c, flat_BD[:, HIDDEN:])
