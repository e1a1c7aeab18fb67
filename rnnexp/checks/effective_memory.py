"""How much of the past networks use that use a known part of it."""

import numpy as np
import torch
from torch import Tensor, nn

from rnnexp.checks.networks import batch_of, rnn
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.rollout import rollout
from rnnexp.probes.effective_memory import effective_memory
from rnnexp.types import Batch


def decaying_sum(factor: float, batch: Batch) -> Tensor:
    """h_n of h_t = factor h_(t-1) + x_t, [B, 1], read at the last real step."""
    h_B1 = torch.zeros(len(batch), 1, dtype=torch.float64)
    answer_B1 = h_B1
    for t in range(batch.inputs.shape[1]):
        h_B1 = factor * h_B1 + batch.inputs[:, t].sum(dim=1, keepdim=True)
        answer_B1 = torch.where((batch.last_valid_B == t)[:, None], h_B1, answer_B1)
    return answer_B1


@check("effective_memory: h_t = λ h_(t-1) + x_t: λ^k |h_(T-k)|", 1e-10)
def decaying_past() -> tuple[Values, Values]:
    batch = batch_of(24, [24, 24, 17], features=1)
    found = effective_memory(lambda b: decaying_sum(0.8, b), batch, 1e-9, 24, numbers=True)
    expected = [
        0.8 ** float(k)
        * decaying_sum(0.8, Batch(x_TE[None, : n - k], torch.zeros(1), torch.tensor([n - k]))).abs()
        for x_TE, n in zip(batch.inputs, [24, 24, 17], strict=True)
        for k in range(1, n)
    ]
    kept_until = [found.distance_KB[: n - 1, b] for b, n in enumerate([24, 24, 17])]
    return torch.cat(expected).numpy().ravel(), np.concatenate(kept_until)


@check("effective_memory: tanh RNN without W_hh: 1 step; with pads behind too", 0, relative=False)
def no_recurrence() -> tuple[Values, Values]:
    module, batch = rnn(6, torch.zeros(6, 6, dtype=torch.float64)), batch_of(40, [40, 40, 31, 7])

    def answer(b: Batch) -> Tensor:
        return rollout(module, b.inputs.transpose(0, 1), b.lengths).outputs

    found = effective_memory(answer, batch, points=5)
    return np.ones(5), np.append(found.steps_B, found.steps_of_mean)


@check("effective_memory: a sum of all steps: all of each sequence", 0, relative=False)
def everything() -> tuple[Values, Values]:
    lengths = [200, 200, 120, 50]
    batch = batch_of(200, lengths, features=1)
    batch.inputs.abs_()  # each step counts
    found = effective_memory(lambda b: decaying_sum(1.0, b), batch, 1e-9, 5, numbers=True)
    return np.array([*lengths, 200.0]), np.append(found.steps_B, found.steps_of_mean)


@check("effective_memory: the cue of 37 steps before, read through pads: 38", 0, relative=False)
def distance_and_one() -> tuple[Values, Values]:
    torch.manual_seed(3)
    batch = batch_of(130, [100] * 8, features=1)

    def delayed(b: Batch) -> Tensor:
        cue = b.inputs.shape[1] - 30 - 38
        return b.inputs[:, cue] if cue >= 0 else 0 * b.inputs[:, 0]

    found = effective_memory(delayed, batch, 1e-9, 6, numbers=True, reads_pads=True)
    return np.full(9, 38.0), np.append(found.steps_B, found.steps_of_mean)


@check("effective_memory: total variation and KL of a sigmoid, ln and all", 1e-9)
def of_probabilities() -> tuple[Values, Values]:
    model = fused.LSTM(Features(3), 2, hidden_size=5).double()
    nn.init.constant_(model.get_parameter("head.weight"), 2.0)
    batch = batch_of(12, [12, 12, 12])
    found = effective_memory(lambda b: model.rollout(b).outputs, batch)
    alone = replace_inputs(batch, 3)
    p, q = (model.rollout(b).outputs[:, 0].sigmoid() for b in (batch, alone))
    divergence = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    expected = torch.cat([(p - q).abs(), divergence]).detach().numpy()
    return expected, np.append(found.distance_KB[2], found.divergence_KB[2])


def replace_inputs(batch: Batch, kept: int) -> Batch:
    """The last steps of full sequences, as a batch of their own."""
    return Batch(batch.inputs[:, -kept:], batch.targets, torch.full((len(batch),), kept))
