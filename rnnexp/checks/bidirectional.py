"""Two directions, on padded batches: against torch's module on packed sequences."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from rnnexp.checks.networks import batch_of
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.types import Batch


def padded() -> tuple[fused.LSTM, Batch]:
    """Two layers, and texts of several lengths behind which stand numbers that none may read."""
    model = fused.LSTM(Features(3), 1, hidden_size=8, num_layers=2, bidirectional=True).double()
    batch = batch_of(20, [5, 20, 13])
    for row, length in zip(batch.inputs, batch.lengths.tolist(), strict=True):
        row[length:] = 7
    return model, Batch(batch.inputs.requires_grad_(), batch.targets, batch.lengths)


def by_packing(model: fused.LSTM, batch: Batch) -> Tensor:
    """The head on the last state of each direction of the top layer, as torch has them."""
    x_TBE = batch.inputs.transpose(0, 1)
    packed = pack_padded_sequence(x_TBE, batch.lengths, enforce_sorted=False)
    h_LBH = model.recurrence(packed)[1][0]
    outputs: Tensor = model.head(torch.cat([h_LBH[-2], h_LBH[-1]], dim=1))
    return outputs


@check("bidirectional: padded texts, against packed sequences", 1e-12, relative=False)
def answer() -> tuple[Values, Values]:
    model, batch = padded()
    return by_packing(model, batch).detach().numpy(), model(batch).detach().numpy()


@check("bidirectional: the gradient to each input, likewise", 1e-12, relative=False)
def gradient() -> tuple[Values, Values]:
    model, batch = padded()
    gradients = [
        torch.autograd.grad(outputs.sum(), batch.inputs)[0].numpy()
        for outputs in (by_packing(model, batch), model(batch))
    ]
    return gradients[0], gradients[1]
