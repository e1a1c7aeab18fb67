"""Truncated backpropagation: forward nothing changes, back it ends at the cuts."""

from typing import Any

import pytest
import torch
from torch import Tensor

from rnnexp.embedding.features import Features
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import GRU, LSTM, RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled
from rnnexp.types import Batch

T, B, E = 11, 3, 2
KINDS: dict[str, Any] = {
    "rnn": (RNN, {}),
    "rnn by cuDNN's way": (RNN, {"engine": "fused"}),
    "gru": (GRU, {}),
    "lstm": (LSTM, {"num_layers": 2}),
    "linear": (Linear, {}),
    "unrolled": (Unrolled, {"cell": "lstm", "num_layers": 2}),
    "deltanet": (Unrolled, {"cell": "deltanet"}),
}


def model_of(kind: str, **more: Any) -> SequenceModel:
    cls, settings = KINDS[kind]
    torch.manual_seed(1)
    made: SequenceModel = cls(Features(E), 2, hidden_size=4, **settings, **more)
    return made


def batch_of(length: int = T, padded: bool = False) -> Batch:
    torch.manual_seed(2)
    lengths = torch.tensor([length, length - 3, 4]) if padded else torch.full((B,), length)
    return Batch(torch.randn(B, length, E), torch.tensor([0, 1, 1]), lengths)


def input_gradients(model: SequenceModel, batch: Batch) -> Tensor:
    """‖dL/dx_t‖ of each example, [B, T]."""
    inputs = batch.inputs.clone().requires_grad_()
    model(Batch(inputs, batch.targets, batch.lengths)).sum().backward()
    assert inputs.grad is not None
    return inputs.grad.norm(dim=2)


@pytest.mark.parametrize("kind", KINDS)
def test_forward_is_the_same_and_gradients_end_at_the_cut(kind: str) -> None:
    whole, cut, batch = model_of(kind), model_of(kind), batch_of(padded=True)
    cut.truncate = 4
    assert torch.allclose(whole(batch), cut(batch), atol=1e-6)
    before, after = input_gradients(whole, batch), input_gradients(cut, batch)
    assert bool((before[0, :8] > 0).all())
    # cuts behind the 4th and the 8th step
    for example, (begins, last) in enumerate(((8, 11), (4, 8), (0, 4))):
        assert not bool(after[example, :begins].any())
        assert bool((after[example, begins:last] > 0).all())


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_last_piece_alone(kind: str) -> None:
    """Of the parameters: as if the sequence began at the cut, in the state it has there."""
    cut, alone, batch = model_of(kind), model_of(kind), batch_of(10)
    cut.truncate = 7
    cut(batch).sum().backward()
    alone.stateful = True
    with torch.no_grad():
        alone(Batch(batch.inputs[:, :7], batch.targets, torch.full((B,), 7)))
    tail = Batch(batch.inputs[:, 7:], batch.targets, torch.full((B,), 3), continues=True)
    alone(tail).sum().backward()
    for ours, theirs in zip(cut.parameters(), alone.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_of_a_sequence_are_the_sequence(kind: str) -> None:
    model, whole = model_of(kind), batch_of(12)
    expected = model(whole, return_all=True)
    model.stateful = True
    pieces = [
        model(
            Batch(whole.inputs[:, a : a + 4], whole.targets, torch.full((B,), 4), continues=a > 0),
            return_all=True,
        )
        for a in (0, 4, 8)
    ]
    assert torch.allclose(torch.cat(pieces, dim=1), expected, atol=1e-6)
    # a batch that does not continue begins anew, and one of fewer rows goes on with the first
    again = model(Batch(whole.inputs[:, :4], whole.targets, torch.full((B,), 4)), return_all=True)
    assert torch.allclose(again, expected[:, :4], atol=1e-6)
    fewer = Batch(whole.inputs[:2, 4:8], whole.targets[:2], torch.full((2,), 4), continues=True)
    assert torch.allclose(model(fewer, return_all=True), expected[:2, 4:8], atol=1e-6)


def test_a_truncated_rollout_has_the_trainings_gradients() -> None:
    model, batch = model_of("unrolled"), batch_of()
    model.truncate = 4
    after = input_gradients(model, batch)
    rollout = model.rollout(batch)
    grads = torch.autograd.grad(rollout.outputs.sum(), rollout.inputs, allow_unused=True)
    norms = [torch.zeros(B) if g is None else g.norm(dim=1).float() for g in grads]
    assert torch.allclose(torch.stack(norms, dim=1), after, atol=1e-6)
