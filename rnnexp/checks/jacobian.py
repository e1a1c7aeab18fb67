"""Jacobians of steps, and singular values of their products."""

import math

import numpy as np
import torch
from torch import nn

from rnnexp.checks.networks import batch_of, linear_model, rnn
from rnnexp.checks.suite import Values, check
from rnnexp.model.rollout import rollout
from rnnexp.probes.jacobian import singular_values, step_jacobian


@check("jacobian: linear, largest singular value of W^k", 1e-10)
def powers_of_a_linear_map() -> tuple[Values, Values]:
    weight = torch.randn(8, 8, dtype=torch.float64) / math.sqrt(8)
    made = linear_model(weight).rollout(batch_of(20, [20]))
    distances = [1, 5, 20]
    measured, _ = singular_values(made, distances)
    powers = [torch.linalg.matrix_power(weight, k) for k in distances]
    return np.array([float(torch.linalg.svdvals(p)[0].log()) for p in powers]), measured[:, 0]


@check("jacobian: condition number of W^5", 1e-8)
def condition_number() -> tuple[Values, Values]:
    weight = torch.randn(4, 4, dtype=torch.float64)
    made = linear_model(weight).rollout(batch_of(10, [10]))
    sigma = torch.linalg.svdvals(torch.linalg.matrix_power(weight, 5))
    return float(sigma[0] / sigma[-1]), float(singular_values(made, [5])[1][0, 0])


@check("jacobian: tanh, the product of diag(1 - h²) W", 1e-14, relative=False)
def tanh_product() -> tuple[Values, Values]:
    module = rnn(16)
    made, weight = (
        rollout(module, torch.randn(12, 1, 3)),
        module.get_parameter("weight_hh_l0").detach(),
    )
    expected, measured = torch.eye(16, dtype=torch.float64), torch.eye(16, dtype=torch.float64)
    for t in range(12):
        expected = torch.diag(1 - made.states[t][0].detach() ** 2) @ weight @ expected
        measured = step_jacobian(made, t)[0] @ measured
    return expected.numpy(), measured.numpy()


@check("jacobian: LSTM, (h, c) to (h, c), finite differences", 1e-8, relative=False)
def lstm_by_differences() -> tuple[Values, Values]:
    made = rollout(nn.LSTM(3, 6).double(), torch.randn(5, 1, 3, dtype=torch.float64))
    before, eps = made.flat_state(2).detach(), 1e-6
    columns = [
        (made.advance(3, before + eps * e) - made.advance(3, before - eps * e))[0] / (2 * eps)
        for e in torch.eye(12, dtype=torch.float64)
    ]
    return torch.stack(columns, dim=1).numpy(), step_jacobian(made, 3)[0].numpy()


@check("jacobian: a short sequence in a padded batch, its own end", 1e-10)
def padded_batch() -> tuple[Values, Values]:
    module, lengths, distances = rnn(8), [30, 12], [1, 5, 12]
    x_TBE = batch_of(30, lengths).inputs.transpose(0, 1)
    both, _ = singular_values(rollout(module, x_TBE, lengths), distances)
    alone = [
        singular_values(rollout(module, x_TBE[:n, b : b + 1]), distances)[0][:, 0]
        for b, n in enumerate(lengths)
    ]
    return np.concatenate(alone), both.T.ravel()
