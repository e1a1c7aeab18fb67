"""What a gradient's norm is measured of, and what cannot be measured."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnexp import gradient_flow, rollout
from rnnexp.embedding.features import Features
from rnnexp.model.fused import LSTM, RNN
from rnnexp.types import Batch


def float_batch(size: int = 3, steps: int = 20) -> Batch:
    torch.manual_seed(1)
    inputs_BTE = torch.randn(size, steps, 3, dtype=torch.float64)
    return Batch(inputs_BTE, torch.zeros(size), torch.full((size,), steps))


def test_a_loss_of_something_else_is_refused() -> None:
    torch.manual_seed(0)
    lstm, head, x_TBE = nn.LSTM(3, 8), nn.Linear(8, 1), torch.randn(20, 4, 3)
    loss = head(lstm(x_TBE)[0][-1]).sum()  # of the module itself, as the user has it
    with pytest.raises(ValueError, match="does not depend on this rollout"):
        gradient_flow(rollout(lstm, x_TBE), loss)
    with pytest.raises(ValueError, match="does not depend on this rollout"):
        gradient_flow(rollout(lstm, x_TBE), torch.tensor(1.0))
    made = rollout(lstm, x_TBE)
    assert gradient_flow(made, head.double()(made.outputs).sum()).decay().slope < 0


def test_a_rollout_without_a_graph_is_refused() -> None:
    lstm, x_TBE = nn.LSTM(3, 8), torch.randn(5, 4, 3)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            made = rollout(lstm, x_TBE)
        with pytest.raises(ValueError, match=r"outside torch\.no_grad"):
            gradient_flow(made, made.outputs.sum())
    made = rollout(lstm, x_TBE)
    gradient_flow(made, made.outputs.sum())
    with pytest.raises(ValueError, match="used up: roll out again"):
        gradient_flow(made, made.outputs.sum())


def test_a_nan_costs_its_own_example_alone() -> None:
    model, batch = LSTM(Features(3), 1, hidden_size=4).double(), float_batch()
    whole = gradient_flow(made := model.rollout(batch), made.outputs.sum())
    batch.inputs[1, 5, 0] = float("nan")
    norms = gradient_flow(made := model.rollout(batch), made.outputs.sum())
    for after, before in (
        (norms.inputs_TB, whole.inputs_TB),
        (norms.states_LTB[0], whole.states_LTB[0]),
        (norms.cells_LTB[0], whole.cells_LTB[0]),  # type: ignore[index]
    ):
        assert np.isnan(after[:, 1]).all()
        assert np.array_equal(after[:, [0, 2]], before[:, [0, 2]], equal_nan=True)
    assert norms.decay().slope < 0


def test_an_overflow_stays_an_overflow() -> None:
    rnn = nn.RNN(3, 4, nonlinearity="relu").double()
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(1e200 * torch.eye(4, dtype=torch.float64))
        rnn.bias_ih_l0.fill_(1.0)
    made = rollout(rnn, 0.01 * torch.randn(5, 2, 3, dtype=torch.float64))
    norms = gradient_flow(made, made.states[1].sum())
    assert not norms.one_state
    assert norms.states_LTB[0][1].tolist() == [2.0, 2.0]
    made = rollout(rnn, torch.zeros(5, 2, 3))
    assert np.isinf(gradient_flow(made, made.outputs.sum()).states_LTB[0][0]).all()


def test_a_dead_unit_is_exactly_zero_and_a_vanished_gradient_is_below_the_floor() -> None:
    torch.manual_seed(0)
    dead = nn.RNN(3, 8, nonlinearity="relu").double()
    with torch.no_grad():
        dead.bias_ih_l0.fill_(-9.0)  # no unit ever fires
    made = rollout(dead, torch.randn(50, 2, 3))
    assert (gradient_flow(made, made.outputs.sum()).inputs_TB == 0).all()
    small = nn.RNN(3, 8).double()
    with torch.no_grad():
        small.weight_hh_l0.copy_(1e-9 * torch.eye(8))
    made = rollout(small, torch.randn(50, 2, 3))
    states_TB = gradient_flow(made, made.outputs.sum()).states_LTB[0]
    assert (states_TB[:10] == 1e-301).all()
    assert (states_TB[30:] >= 1e-300).all()


@pytest.mark.parametrize("readout", ["mean", "max"])
def test_a_readout_of_every_state_has_no_half_life_but_along_the_recurrence(readout: str) -> None:
    torch.manual_seed(0)
    last = RNN(Features(3), 1, hidden_size=16, readout="last_valid").double()
    every = RNN(Features(3), 1, hidden_size=16, readout=readout).double()  # type: ignore[arg-type]
    every.load_state_dict(last.state_dict())
    batch = float_batch(size=80, steps=60)  # of a few, no maximum lies at the last step
    total = gradient_flow(made := every.rollout(batch), made.outputs.sum())
    with pytest.raises(ValueError, match="path='recurrence'"):
        total.half_life()
    alone = gradient_flow(made := every.rollout(batch), made.outputs.sum(), path="recurrence")
    of_last = gradient_flow(made := last.rollout(batch), made.outputs.sum())
    assert alone.path == "recurrence"
    # the direction in which the gradient enters differs with the maximum, its decay does not
    tolerance = 1e-9 if readout == "mean" else 0.1
    assert alone.decay().slope == pytest.approx(of_last.decay().slope, rel=tolerance)


def test_a_loss_on_states_is_seen_through() -> None:
    rnn, x_TBE = nn.RNN(3, 8), torch.randn(30, 2, 3)
    made = rollout(rnn, x_TBE)
    summed = gradient_flow(made, torch.stack(list(made.states)).sum())
    with pytest.raises(ValueError, match="more than the last state"):
        summed.half_life()
    made = rollout(rnn, x_TBE)
    of_last = gradient_flow(made, made.states[-1].sum())
    made = rollout(rnn, x_TBE)
    assert of_last.decay() == gradient_flow(made, made.outputs.sum()).decay()


def test_an_example_of_whose_loss_nothing_enters_is_left_out() -> None:
    rnn, x_TBE = nn.RNN(3, 8).double(), torch.randn(12, 3, 3, dtype=torch.float64)
    made = rollout(rnn, x_TBE)
    whole = gradient_flow(made, made.outputs.sum())
    made = rollout(rnn, x_TBE)
    part = gradient_flow(made, made.outputs[:2].sum())  # the third answer is in no loss
    assert part.silent == 1
    assert np.isnan(part.inputs_TB[:, 2]).all()
    assert np.array_equal(part.by_step()[0], whole.inputs_TB[:, :2].mean(axis=1))
    assert whole.silent == 0


def test_a_path_that_there_is_not_and_a_loss_that_is_none() -> None:
    made = rollout(nn.RNN(3, 4), torch.randn(5, 2, 3))
    with pytest.raises(ValueError, match="path must be one of total, recurrence"):
        gradient_flow(made, made.outputs.sum(), path="recurrent")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not depend on this rollout"):
        gradient_flow(made, 0.5)  # type: ignore[arg-type]


def test_what_stands_behind_a_sequence_is_not_read() -> None:
    rnn, x_TBE = nn.RNN(3, 4), torch.randn(6, 2, 3)
    made = rollout(rnn, x_TBE, [4, 6])
    expected = gradient_flow(made, made.outputs.sum()).inputs_TB
    x_TBE[4:, 0] = float("nan")
    made = rollout(rnn, x_TBE, [4, 6])
    assert np.array_equal(
        gradient_flow(made, made.outputs.sum()).inputs_TB, expected, equal_nan=True
    )
