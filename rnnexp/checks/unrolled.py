"""The written-out cells against torch's modules, and backpropagation through time by hand."""

import torch

from rnnexp.checks.networks import batch_of
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.unrolled import Engine, Unrolled, UnrolledRNN
from rnnexp.types import Batch


@check("unrolled: the written-out LSTM equals torch.nn.LSTM", 1e-6, relative=False)
def lstm_is_torchs() -> tuple[Values, Values]:
    theirs = fused.LSTM(Features(3), 1, hidden_size=32, num_layers=2)
    ours = Unrolled(Features(3), 1, cell="lstm", hidden_size=32, num_layers=2)
    ours.load_state_dict(theirs.state_dict())
    batch = batch_of(100, [100, 40])
    batch = Batch(batch.inputs.float(), batch.targets, batch.lengths)
    return theirs(batch).detach().double().numpy(), ours(batch).detach().double().numpy()


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
