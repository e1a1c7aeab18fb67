"""The separation of classes that lie as far apart as they were put, and of a cue that is gone."""

import math

import numpy as np
import torch
from scipy.special import ndtr

from rnnexp.checks.networks import batch_of, rnn
from rnnexp.checks.suite import Values, check
from rnnexp.model.rollout import rollout
from rnnexp.probes.class_separation import flat_states
from rnnexp.probes.separation import Classes, scatter_ratio, separation

#: Examples, and numbers of a state.
N, D = 1200, 8


def _planted(means_KD: torch.Tensor, wide: float = 1.0) -> tuple[np.ndarray, Classes]:
    """As many examples of each class, normal about its mean."""
    class_N = torch.arange(N) % len(means_KD)
    noise_ND = wide * torch.randn(N, means_KD.shape[1], dtype=torch.float64)
    return (means_KD[class_N] + noise_ND).numpy(), class_N.numpy()


@check("class_separation: 0, 2 | 4, 6 on a line: between 16 over within 4", 1e-12)
def by_hand() -> tuple[Values, Values]:
    return 4.0, scatter_ratio(np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([0, 0, 1, 1]))


@check("class_separation: three planted Gaussian classes: their scatter", 0.03)
def planted_scatter() -> tuple[Values, Values]:
    means_KD = 2 * torch.eye(3, D, dtype=torch.float64)
    k, distances = len(means_KD), float((means_KD - means_KD.mean(dim=0)).square().sum())
    # E tr S_b = sum n_k |mu_k - mu|^2 + (K - 1) D, E tr S_w = (N - K) D
    expected = (N / k * distances + (k - 1) * D) / ((N - k) * D)
    ratios = [scatter_ratio(*_planted(means_KD)) for _ in range(40)]
    return expected, float(np.mean(ratios))


@check("class_separation: two Gaussian classes 2 apart: the reader gets phi(1)", 0.02)
def planted_reader() -> tuple[Values, Values]:
    means_KD = torch.zeros(2, D, dtype=torch.float64)
    means_KD[1] = 2 / math.sqrt(D)
    return float(ndtr(1.0)), separation(*_planted(means_KD), shuffles=20).accuracy


def _cue_states(weight_hh: torch.Tensor) -> tuple[np.ndarray, Classes]:
    """The states of a tanh network four steps after a cue, ±1 in the first input of step 1.

    The first unit reads nothing but that input, which is 0 at all later steps.
    """
    batch = batch_of(5, [5] * N)
    class_N = torch.arange(N) % 2
    batch.inputs[:, :, 0] = 0
    batch.inputs[:, 0, 0] = 2.0 * class_N - 1
    module = rnn(D, weight_hh)
    with torch.no_grad():
        module.get_parameter("weight_ih_l0")[0] = torch.tensor([2.0, 0.0, 0.0])
    made = rollout(module, batch.inputs.transpose(0, 1))
    return flat_states(made, made.read_state_B).detach().numpy(), class_N.numpy()


@check("class_separation: a cue that is overwritten: as much as shuffled labels", 0.06, False)
def overwritten() -> tuple[Values, Values]:
    found = separation(*_cue_states(torch.zeros(D, D, dtype=torch.float64)), shuffles=200)
    # the reader is at chance, and the scatter no more than labels that say nothing have
    above = max(0.0, found.ratio / found.shuffled_ratio_high - 1)
    return np.array([0.5, 0.5, 0.0]), np.array([found.accuracy, found.shuffled_accuracy, above])


@check("class_separation: a cue that is kept: every reader's answer is right", 0.01)
def kept() -> tuple[Values, Values]:
    kept_HH = torch.zeros(D, D, dtype=torch.float64)
    kept_HH[0, 0] = 4.0  # the first unit latches
    return 1.0, separation(*_cue_states(kept_HH), shuffles=20).accuracy
