"""The gradient norms of single parameters, step by step."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnexp.clip.base import Clip
from rnnexp.clip.norm import Norm
from rnnexp.clip.value import Value
from rnnexp.embedding.learned import Learned
from rnnexp.model.base import SequenceModel
from rnnexp.model.fused import LSTM, RNN
from rnnexp.model.linear import Linear
from rnnexp.model.unrolled import Unrolled
from rnnexp.training.steps import WatchedNorms

WORDS = ["<pad>", "a", "b"]


def with_gradients(*gradients: list[float]) -> dict[str, nn.Parameter]:
    parameters = {str(i): nn.Parameter(torch.zeros(len(g))) for i, g in enumerate(gradients)}
    for parameter, gradient in zip(parameters.values(), gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    return parameters


@pytest.mark.parametrize(("clip", "after"), [(Norm(1.0), [0.6, 0.8]), (Value(2.0), [2.0, 2.0])])
def test_norms_of_single_parameters_before_and_after(clip: Clip, after: list[float]) -> None:
    parameters = with_gradients([3.0, 0.0], [4.0])
    watched = WatchedNorms(parameters)
    for _ in range(3):
        parameters["0"].grad, parameters["1"].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
        watched.measure()
        clip(list(parameters.values()))
        watched.measure()
    steps = watched.by_step(2)  # of the two that count
    assert list(steps) == ["before.0", "before.1", "after.0", "after.1"]
    expected = [3.0, 4.0, *after]
    assert np.allclose(list(steps.values()), [[value] * 2 for value in expected], rtol=1e-7)


def test_what_float32_cannot_hold_and_what_is_missing() -> None:
    parameters = with_gradients([3e30, 4e30]) | {"untrained": nn.Parameter(torch.zeros(1))}
    watched = WatchedNorms(parameters)
    watched.measure()
    watched.measure()
    steps = watched.by_step(1)
    assert steps["before.0"][0] == pytest.approx(5e30)
    assert np.isnan(steps["before.untrained"][0])
    assert WatchedNorms({}).by_step(3) == {}


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (RNN(Learned(WORDS, 2), 2, hidden_size=3), ["weight_hh_l0", "weight_ih_l0"]),
        (LSTM(Learned(WORDS, 2), 2, hidden_size=3, num_layers=2),
         ["weight_hh_l0", "weight_ih_l0", "weight_hh_l1", "weight_ih_l1"]),
        (Unrolled(Learned(WORDS, 2), 2, hidden_size=3), ["weight_hh_l0", "weight_ih_l0"]),
        (Linear(Learned(WORDS, 2), 2, hidden_size=3), ["i2h"]),
    ],
)  # fmt: skip
def test_a_model_tells_the_matrices_of_its_recurrence(
    model: SequenceModel, names: list[str]
) -> None:
    """As they are trained: the very parameters, not views or copies of them."""
    matrices = model.recurrence_parameters()
    assert list(matrices) == names
    assert {id(matrix) for matrix in matrices.values()} <= {id(p) for p in model.parameters()}
