"""Backpropagation through time against autograd, step by step and by finite differences."""

import pytest
import torch
from torch import Tensor

from rnnexp.embedding.learned import Learned
from rnnexp.model.bptt.gru import GatedRecurrence
from rnnexp.model.bptt.plain import PlainRecurrence
from rnnexp.model.cells.base import ACTIVATIONS, Cell, State
from rnnexp.model.cells.linear import LinearCell
from rnnexp.model.cells.lstm import LSTMCell
from rnnexp.model.cells.rnn import Nonlinearity, RNNCell
from rnnexp.model.fused import GRU, LSTM, RNN, Fused
from rnnexp.model.unrolled import UnrolledRNN
from rnnexp.types import Batch

T, B, H = 7, 3, 5
CPU = torch.device("cpu")


def tensors() -> list[Tensor]:
    """a, h_0 and W, each with a gradient of its own."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((T, B, H), (B, H), (H, H))
    return [
        (torch.randn(*shape, generator=generator, dtype=torch.float64) / 2).requires_grad_()
        for shape in shapes
    ]


def plain_recurrence(a_TBH: Tensor, initial_BH: Tensor, weight_HH: Tensor, f: str) -> Tensor:
    states_TBH: Tensor = PlainRecurrence.apply(a_TBH, initial_BH, weight_HH, f)  # type: ignore[no-untyped-call]
    return states_TBH


def by_steps(a_TBH: Tensor, initial_BH: Tensor, weight_HH: Tensor, f: str) -> Tensor:
    """The equation as one reads it, for autograd."""
    h_BH, states = initial_BH, []
    for a_BH in a_TBH.unbind(0):
        z_BH = a_BH + h_BH @ weight_HH.t()
        h_BH = {"tanh": z_BH.tanh(), "relu": z_BH.relu(), "linear": z_BH}[f]
        states.append(h_BH)
    return torch.stack(states)


def gradients(f: str, weights_TBH: Tensor) -> list[list[Tensor | None]]:
    """States, and gradients of their sum so weighted, ours and autograd's."""
    found = []
    for run in (plain_recurrence, by_steps):
        inputs = tensors()
        states_TBH = run(*inputs, f)
        (states_TBH * weights_TBH).sum().backward()  # type: ignore[no-untyped-call]
        found.append([states_TBH, *(tensor.grad for tensor in inputs)])
    return found


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("reads", ["every state", "the last"])
def test_states_and_gradients_are_autograds(f: str, reads: str) -> None:
    weights_TBH = torch.randn(T, B, H, dtype=torch.float64)
    if reads == "the last":
        weights_TBH[:-1] = 0
    for ours, autograds in zip(*gradients(f, weights_TBH), strict=True):
        torch.testing.assert_close(ours, autograds, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", ["tanh", "linear"])  # ReLU has a kink that differences may meet
def test_gradients_are_those_of_finite_differences(f: str) -> None:
    assert torch.autograd.gradcheck(lambda *inputs: plain_recurrence(*inputs, f), tensors())


def test_there_is_no_gradient_of_a_gradient() -> None:
    inputs = tensors()
    (gradient,) = torch.autograd.grad(
        plain_recurrence(*inputs, "tanh").sum(), inputs[2], create_graph=True
    )
    assert not gradient.requires_grad


# -- the GRU --------------------------------------------------------------------------------------


def gru_tensors() -> list[Tensor]:
    """a, h_0, W and b_hh."""
    generator = torch.Generator().manual_seed(1)
    shapes = ((T, B, 3 * H), (B, H), (3 * H, H), (3 * H,))
    return [
        torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in shapes
    ]


def gru(a_TBG: Tensor, initial_BH: Tensor, weight_GH: Tensor, bias_G: Tensor) -> Tensor:
    states_TBH: Tensor = GatedRecurrence.apply(a_TBG, initial_BH, weight_GH, bias_G, None)  # type: ignore[no-untyped-call]
    return states_TBH


def gru_by_steps(a_TBG: Tensor, h_BH: Tensor, weight_GH: Tensor, bias_G: Tensor) -> Tensor:
    """The equations as one reads them, for autograd."""
    states = []
    for a_BG in a_TBG.unbind(0):
        a_r, a_z, a_n = a_BG.chunk(3, dim=1)
        u_r, u_z, u_n = (h_BH @ weight_GH.t() + bias_G).chunk(3, dim=1)
        r, z = torch.sigmoid(a_r + u_r), torch.sigmoid(a_z + u_z)
        n = torch.tanh(a_n + r * u_n)
        h_BH = (1 - z) * n + z * h_BH
        states.append(h_BH)
    return torch.stack(states)


@pytest.mark.parametrize("reads", ["every state", "the last"])
def test_states_and_gradients_of_the_gru_are_autograds(reads: str) -> None:
    weights_TBH = torch.randn(T, B, H, dtype=torch.float64)
    if reads == "the last":
        weights_TBH[:-1] = 0
    found = []
    for run in (gru, gru_by_steps):
        inputs = gru_tensors()
        states_TBH = run(*inputs)
        (states_TBH * weights_TBH).sum().backward()  # type: ignore[no-untyped-call]
        found.append([states_TBH, *(tensor.grad for tensor in inputs)])
    for ours, autograds in zip(*found, strict=True):
        torch.testing.assert_close(ours, autograds, rtol=1e-12, atol=1e-13)


def test_gradients_of_the_gru_are_those_of_finite_differences() -> None:
    assert torch.autograd.gradcheck(gru, gru_tensors())


def test_what_is_given_to_the_gru_is_left_as_it_was() -> None:
    inputs = gru_tensors()
    before = [tensor.detach().clone() for tensor in inputs]
    gru(*inputs).sum().backward()  # type: ignore[no-untyped-call]
    assert all(torch.equal(tensor, was) for tensor, was in zip(inputs, before, strict=True))


# -- the total gradient of every step -------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_the_total_gradient_of_every_state_is_autograds(cell: str) -> None:
    """Of a loss that reads all states, so that the direct way counts beside the recurrence."""
    torch.manual_seed(0)
    ours = UnrolledRNN(4, H, cell=cell).double()
    x_TBE = torch.randn(T, B, 4, dtype=torch.float64)
    weights_TBH = torch.randn(T, B, H, dtype=torch.float64)
    seen: list[Tensor] = []
    ours.watch = seen.append
    (ours(x_TBE)[0] * weights_TBH).sum().backward()
    (layer,) = ours.recurrences()
    states = [state.h for state in layer.run(x_TBE)]
    loss = sum((h * w).sum() for h, w in zip(states, weights_TBH, strict=True))
    expected = torch.stack(torch.autograd.grad(loss, states))  # type: ignore[arg-type]
    torch.testing.assert_close(seen[0], expected, rtol=1e-12, atol=1e-13)


def test_of_several_layers_the_top_one_is_watched() -> None:
    torch.manual_seed(0)
    ours = UnrolledRNN(4, H, num_layers=3)
    seen: list[Tensor] = []
    ours.watch = seen.append
    states_TBH, _ = ours(torch.randn(T, B, 4))
    states_TBH[-1].sum().backward()
    assert len(seen) == 1
    assert torch.equal(seen[0][-1], torch.ones(B, H))


# -- in a network ---------------------------------------------------------------------------------


MODELS: dict[str, tuple[type[Fused], dict[str, str]]] = {
    "tanh": (RNN, {}), "relu": (RNN, {"nonlinearity": "relu"}), "GRU": (GRU, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_model_is_the_same_by_either_engine(kind: str, layers: int) -> None:
    model, options = MODELS[kind]
    outputs, gradients = [], []
    for engine in ("fused", "bptt"):
        torch.manual_seed(0)
        made = model(Learned(["a", "b", "c"], 4), 2, hidden_size=16, num_layers=layers,
                     engine=engine, **options)  # fmt: skip
        assert made.engine_on(CPU) == engine
        inputs = torch.randint(0, 3, (B, 30), generator=torch.Generator().manual_seed(2))
        output = made(Batch(inputs, torch.zeros(B), torch.full((B,), 30)))
        output.sum().backward()
        outputs.append(output)
        gradients.append({name: p.grad for name, p in made.named_parameters()})
    torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-6)
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-4, atol=1e-6)


def test_which_engine_is_chosen() -> None:
    """The faster one: cuDNN on a GPU, oneDNN for the LSTM, and never bptt in bfloat16."""
    words, gpu = Learned(["a"], 4), torch.device("cuda")
    rnn, lstm, gru_model = (kind(words, 2, hidden_size=4) for kind in (RNN, LSTM, GRU))
    assert [model.engine_on(CPU) for model in (rnn, lstm, gru_model)] == ["bptt", "fused", "bptt"]
    assert [model.engine_on(gpu) for model in (rnn, lstm, gru_model)] == ["fused"] * 3
    assert rnn.engine_on(CPU, autocast=True) == "fused"
    assert RNN(words, 2, hidden_size=4, engine="fused").engine_on(CPU) == "fused"
    assert RNN(words, 2, hidden_size=4, engine="bptt").engine_on(gpu) == "bptt"
    assert UnrolledRNN(4, 4, cell="gru").engine_on(gpu) == "bptt"


@pytest.mark.parametrize("f", ["tanh", "relu"])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_network_is_torchs_with_its_gradients(f: Nonlinearity, layers: int) -> None:
    torch.manual_seed(0)
    torchs = torch.nn.RNN(4, 16, layers, nonlinearity=f)
    ours = UnrolledRNN(4, 16, layers, f)
    assert ours.engine_on(CPU) == "bptt"
    ours.load_state_dict(torchs.state_dict())
    x_TBE = torch.randn(50, B, 4)
    for network in (torchs, ours):
        states_TBH, _ = network(x_TBE)
        states_TBH.square().sum().backward()
    torch.testing.assert_close(ours(x_TBE)[0], torchs(x_TBE)[0], rtol=1e-5, atol=1e-6)
    for name, parameter in torchs.named_parameters():
        torch.testing.assert_close(
            ours.get_parameter(name).grad, parameter.grad, rtol=1e-4, atol=1e-4
        )


def test_initial_and_final_states_are_autograds() -> None:
    torch.manual_seed(0)
    first = UnrolledRNN(4, H, 2)
    second = UnrolledRNN(4, H, 2, engine="autograd")
    second.load_state_dict(first.state_dict())
    x_TBE, initial = torch.randn(T, B, 4), [State(torch.randn(B, H)) for _ in range(2)]
    (states, final), (states_2, final_2) = (net(x_TBE, initial) for net in (first, second))
    torch.testing.assert_close(states, states_2)
    for ours, autograds in zip(final, final_2, strict=True):
        torch.testing.assert_close(ours.h, autograds.h)


class Leaky(RNNCell):
    """A step of its own, below a class that says what another's is."""

    def step(self, a_BG: Tensor, previous: State, weight_hh: Tensor, bias_hh: Tensor) -> State:
        return State(0.5 * previous.h + 0.5 * super().step(a_BG, previous, weight_hh, bias_hh).h)


class Renamed(RNNCell):
    """Nothing of its own."""


@pytest.mark.parametrize(
    ("cell", "plain"),
    [(RNNCell(), True), (RNNCell("relu"), True), (LinearCell(), True), (Renamed(), True),
     (LSTMCell(), False), (Leaky(), False)],
)  # fmt: skip
def test_which_cells_are_plain(cell: Cell, plain: bool) -> None:
    assert cell.is_plain is plain


def test_bptt_is_refused_where_the_cell_is_of_another_form() -> None:
    with pytest.raises(ValueError, match=r"cell=lstm is of another form: use model\.engine=auto"):
        UnrolledRNN(4, H, cell="lstm", engine="bptt")
    assert UnrolledRNN(4, H, cell="lstm").engine_on(CPU) == "autograd"


def test_under_autocast_autograd_computes() -> None:
    network = UnrolledRNN(4, H)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states_TBH, _ = network(torch.randn(T, B, 4))
    assert "PlainRecurrence" not in type(states_TBH.grad_fn).__name__
    assert "PlainRecurrence" in type(network(torch.randn(T, B, 4))[0].grad_fn).__name__
