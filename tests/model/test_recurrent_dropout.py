"""One mask for a sequence, where W_hh reads the state, while training alone."""

from dataclasses import dataclass

import pytest
import torch

from rnnexp.embedding.features import Features
from rnnexp.model.cells import cells, make_cell
from rnnexp.model.cells.base import Recurrence, State, hidden_states, make_weights
from rnnexp.model.cells.rnn import RNNCell
from rnnexp.model.recurrent_dropout import can_drop, check_recurrent_dropout, drawn_mask
from rnnexp.model.unrolled import Unrolled, UnrolledRNN
from rnnexp.types import Batch

SHARE, CPU = 0.3, torch.device("cpu")
DROPPING = [name for name, kind in cells().items() if can_drop(kind())]


def batch() -> Batch:
    torch.manual_seed(1)
    return Batch(torch.randn(3, 12, 4), torch.zeros(3).long(), torch.full((3,), 12))


def test_every_cell_with_a_matrix_from_state_to_state_can_drop() -> None:
    assert [name for name, kind in cells().items() if kind.has_weight_hh] == DROPPING


def test_the_share_and_the_scale_over_many_draws() -> None:
    """The interval of a share of 400,000 is ±0.15%, that of the mean ±0.2%."""
    torch.manual_seed(0)
    mask_BH = drawn_mask(torch.empty(4000, 100), SHARE)
    assert (mask_BH == 0).float().mean().item() == pytest.approx(SHARE, abs=0.003)
    assert mask_BH.mean().item() == pytest.approx(1, abs=0.004)
    assert mask_BH[mask_BH > 0].unique().tolist() == [pytest.approx(1 / (1 - SHARE))]
    # each example and unit by itself
    assert (mask_BH == 0).float().mean(dim=0).std().item() == pytest.approx(
        (SHARE * (1 - SHARE) / 4000) ** 0.5, rel=0.3
    )


def test_a_mask_stays_the_same_from_the_first_step_to_the_last() -> None:
    """h_t = m h_(t-1): after t steps m^t of what was there."""
    torch.manual_seed(0)
    network = UnrolledRNN(4, 50, cell="linear", recurrent_dropout=SHARE)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.copy_(torch.eye(50) if name == "weight_hh_l0" else torch.zeros_like(weight))
    states_TBH, _ = network(torch.randn(6, 2, 4), [State(torch.ones(2, 50))])
    kept_BH = states_TBH[0].detach()
    assert not torch.equal(kept_BH[0], kept_BH[1])  # examples have masks of their own
    assert kept_BH.unique().tolist() == pytest.approx([0, 1 / (1 - SHARE)])
    for t, h_BH in enumerate(states_TBH, 1):
        assert torch.allclose(h_BH, kept_BH**t)


def test_the_segments_of_a_sequence_share_its_mask() -> None:
    """Truncated backpropagation computes a sequence in pieces."""
    torch.manual_seed(0)
    model = Unrolled(Features(4), 2, cell="gru", hidden_size=6, recurrent_dropout=SHARE)
    examples = batch()
    torch.manual_seed(2)
    whole = model(examples)
    model.truncate = 5
    torch.manual_seed(2)
    assert torch.allclose(model(examples), whole, atol=1e-6)
    assert not torch.allclose(model(examples), whole, atol=1e-3)  # another draw


@pytest.mark.parametrize("name", DROPPING)
def test_dropping_all_of_the_state_is_a_matrix_of_zeros(name: str) -> None:
    """So that W_hh alone reads what is dropped: what else carries the state over is whole."""
    torch.manual_seed(0)
    cell = make_cell(name)
    layer = Recurrence(cell, *make_weights(cell, 4, 6).values())
    x_TBE = torch.randn(8, 3, 4)
    dropped = hidden_states(layer.run(x_TBE, kept_BH=torch.zeros(3, 6)))
    whole = hidden_states(layer.run(x_TBE))
    layer.weights["weight_hh"].zero_()
    assert torch.allclose(dropped, hidden_states(layer.run(x_TBE)), atol=1e-6)
    assert not torch.allclose(dropped, whole, atol=1e-3)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_an_open_gate_carries_what_is_dropped(name: str) -> None:
    torch.manual_seed(0)
    cell = make_cell(name)
    layer = Recurrence(cell, *make_weights(cell, 4, 6).values())
    layer.blocks("bias_ih")[cell.carry or ""].fill_(50.0)
    if cell.input_gate is not None:
        layer.blocks("bias_ih")[cell.input_gate].fill_(-50.0)
    start = layer.state_of(torch.randn(3, layer.state_size))
    end = layer.run(torch.randn(8, 3, 4), start, torch.zeros(3, 6))[-1]
    kept, before = (end.h, start.h) if end.c is None else (end.c, start.c)
    assert before is not None
    assert torch.allclose(kept, before, atol=1e-6)


@pytest.mark.parametrize("name", ["rnn", "ln_lstm"])
def test_evaluation_and_measurements_drop_nothing(name: str) -> None:
    torch.manual_seed(0)
    settings = {"cell": name, "hidden_size": 6, "num_layers": 2}
    model = Unrolled(Features(4), 2, recurrent_dropout=SHARE, **settings)  # type: ignore[arg-type]
    twin = Unrolled(Features(4), 2, **settings)  # type: ignore[arg-type]
    twin.load_state_dict(model.state_dict())
    expected = twin(batch())
    assert not torch.allclose(model(batch()), expected)
    assert torch.allclose(model.rollout(batch()).outputs.float(), expected, atol=1e-6)
    model.eval()
    # bptt computes the twin
    assert torch.allclose(model(batch()), expected, atol=1e-6)


def test_it_is_computed_by_autograd_and_the_run_says_so() -> None:
    for cell, said in (("rnn", True), ("lstm", False)):  # bptt is not written for the LSTM anyway
        model = Unrolled(Features(4), 2, cell=cell, recurrent_dropout=SHARE)
        assert model.engine_on(CPU) == "autograd"
        assert bool(model.notes) == said
        assert not model.can_bptt
    assert Unrolled(Features(4), 2).engine_on(CPU) == "bptt"
    assert not Unrolled(Features(4), 2).notes


@dataclass(frozen=True)
class Elsewhere(RNNCell):
    """Reads h by a product of its own."""

    def step(self, a_BG, previous, weight_hh, bias_hh):  # type: ignore[no-untyped-def]
        return State((a_BG + previous.h @ weight_hh.T + bias_hh).tanh())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recurrent_dropout": 1.0}, "recurrent_dropout must be at least 0 and less than 1"),
        ({"recurrent_dropout": -0.1}, "recurrent_dropout must be at least 0 and less than 1"),
        ({"recurrent_dropout": 0.2, "engine": "bptt"}, "not in the equations of engine=bptt"),
        ({"recurrent_dropout": 0.2, "cell": "mingru"}, "cell=mingru has no such matrix: use model"),
    ],
)
def test_what_cannot_be_dropped_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Unrolled(Features(4), 2, **settings)  # type: ignore[arg-type]


def test_a_cell_with_a_step_of_its_own_is_not_taken_at_its_base_s_word() -> None:
    with pytest.raises(ValueError, match=r"take W_hh h_\(t-1\) from self.recur"):
        check_recurrent_dropout(0.1, Elsewhere(), "auto")
    check_recurrent_dropout(0.0, Elsewhere(), "bptt")
