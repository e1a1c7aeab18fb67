"""Backpropagation through time, written out, against autograd."""

import torch

from rnnexp.checks.suite import Values, check
from rnnexp.model.unrolled import Engine, UnrolledRNN


@check("bptt: the gradients of the plain RNN equal autograd's", 1e-12)
def bptt_is_autograds() -> tuple[Values, Values]:
    gradients = []
    engines: tuple[Engine, ...] = ("autograd", "bptt")
    for engine in engines:
        torch.manual_seed(0)
        network = UnrolledRNN(3, 8, num_layers=2, engine=engine).double()
        states_TBH, _ = network(torch.randn(50, 4, 3, dtype=torch.float64))
        states_TBH.square().sum().backward()
        found = [p.grad for p in network.parameters() if p.grad is not None]
        gradients.append(torch.cat([gradient.flatten() for gradient in found]).numpy())
    return gradients[0], gradients[1]
