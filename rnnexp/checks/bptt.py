"""Backpropagation through time, written out, against autograd."""

from typing import Literal

import torch

from rnnexp.checks.suite import Values, check
from rnnexp.model.unrolled import UnrolledRNN


@check("bptt: the gradients of the plain RNN equal autograd's", 1e-12)
def plain_is_autograds() -> tuple[Values, Values]:
    return _gradients("rnn", "autograd"), _gradients("rnn", "bptt")


@check("bptt: the gradients of the GRU equal autograd's", 1e-12)
def gru_is_autograds() -> tuple[Values, Values]:
    return _gradients("gru", "autograd"), _gradients("gru", "bptt")


def _gradients(cell: str, engine: Literal["autograd", "bptt"]) -> Values:
    torch.manual_seed(0)
    network = UnrolledRNN(3, 8, num_layers=2, cell=cell, engine=engine).double()
    states_TBH, _ = network(torch.randn(50, 4, 3, dtype=torch.float64))
    states_TBH.square().sum().backward()
    found = [p.grad for p in network.parameters() if p.grad is not None]
    return torch.cat([gradient.flatten() for gradient in found]).numpy()
