"""The written-out cells against their twins, torch's own modules."""

import pytest
import torch
from torch import nn

from rnnexp.model.unrolled import UnrolledRNN

TWINS = {
    ("rnn", "tanh"): lambda *a, **k: nn.RNN(*a, nonlinearity="tanh", **k),
    ("rnn", "relu"): lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k),
    ("lstm", "tanh"): nn.LSTM,
    ("gru", "tanh"): nn.GRU,
}


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize(("cell", "nonlinearity"), TWINS)
def test_equal_to_torch_in_states_and_gradients(
    cell: str, nonlinearity: str, num_layers: int
) -> None:
    torch.manual_seed(0)
    twin = TWINS[cell, nonlinearity](5, 16, num_layers=num_layers)
    written = UnrolledRNN(5, 16, num_layers, nonlinearity, cell=cell)  # type: ignore[arg-type]
    written.load_state_dict(twin.state_dict())
    x_TBE = torch.randn(60, 4, 5)
    expected, last = twin(x_TBE)
    states, final = written(x_TBE)
    assert (states - expected).abs().max() < 1e-6
    h_n = last[0] if cell == "lstm" else last
    assert all((s.h - h).abs().max() < 1e-6 for s, h in zip(final, h_n, strict=True))
    if cell == "lstm":
        assert all((s.c - c).abs().max() < 1e-6 for s, c in zip(final, last[1], strict=True))  # type: ignore[operator]
    for output in (expected, states):
        (output[-1] ** 2).sum().backward()
    for name, parameter in twin.named_parameters():
        twin_gradient, gradient = parameter.grad, written.get_parameter(name).grad
        assert gradient is not None
        assert torch.allclose(gradient, twin_gradient, rtol=1e-4, atol=1e-6), name


def test_weights_go_in_both_directions() -> None:
    twin, written = nn.LSTM(3, 4, num_layers=2), UnrolledRNN(3, 4, num_layers=2, cell="lstm")
    twin.load_state_dict(written.state_dict())
    assert list(twin.state_dict()) == list(written.state_dict())


def test_initial_weights_are_distributed_as_torchs() -> None:
    torch.manual_seed(0)
    weight = UnrolledRNN(8, 100).get_parameter("weight_hh_l0").detach()
    assert weight.abs().max() <= 0.1
    assert weight.std() == pytest.approx(0.1 / 3**0.5, rel=0.02)


def test_return_all_and_a_given_start() -> None:
    torch.manual_seed(0)
    rnn = UnrolledRNN(3, 4, num_layers=2, cell="lstm")
    x = torch.randn(6, 2, 3)
    every, final = rnn(x)
    alone, _ = rnn(x, return_all=False)
    assert every.shape == (6, 2, 4)
    assert torch.equal(every[-1], alone)
    _, half = rnn(x[:3])
    rest, _ = rnn(x[3:], half)
    assert torch.allclose(rest, every[3:], atol=1e-7)
    zeros = rnn.init_hidden(2)
    assert len(zeros) == 2
    assert zeros[0].h.shape == (2, 4)
    assert torch.equal(rnn(x, zeros)[0], every)
    assert len(final) == 2


def test_dropout_acts_between_layers_while_training_only() -> None:
    torch.manual_seed(0)
    rnn = UnrolledRNN(3, 4, num_layers=2, dropout=0.5)
    x = torch.randn(6, 2, 3)
    first, second = rnn(x)[0], rnn(x)[0]
    assert not torch.equal(first, second)
    rnn.eval()
    assert torch.equal(rnn(x)[0], rnn(x)[0])


def test_time_costs_linearly_in_the_length() -> None:
    """Indexing x[t] in the loop would make backward quadratic: 5 times the length, 25 times."""
    import time

    def seconds(length: int) -> float:
        rnn, x = UnrolledRNN(8, 8), torch.randn(length, 2, 8, requires_grad=True)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()  # the machine may be busy with other things
            rnn(x)[0][-1].sum().backward()
            best = min(best, time.process_time() - started)
        return best

    assert seconds(2000) < 12 * seconds(400)
