"""Lyapunov exponents of maps whose exponents are known."""

import math

import numpy as np
import torch
from scipy.special import digamma
from torch import nn

from rnnexp.checks.networks import batch_of, linear_model, rnn, set_carry_bias
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.rollout import rollout
from rnnexp.probes.jacobian import step_jacobian
from rnnexp.probes.lyapunov import lyapunov_spectrum
from rnnexp.types import Batch, LayerStates, Rollout


@check("lyapunov: constant W that is not normal: ln |eigenvalue|", 1e-6, relative=False)
def constant_map() -> tuple[Values, Values]:
    basis = torch.randn(6, 6, dtype=torch.float64)
    eigenvalues = torch.tensor([0.95, 0.8, 0.6, 0.5, 0.35, 0.2], dtype=torch.float64)
    weight = basis @ torch.diag(eigenvalues) @ torch.linalg.inv(basis)
    made = linear_model(weight).rollout(batch_of(500, [500]))
    return eigenvalues.log().numpy(), lyapunov_spectrum(made, burn_in=300)[0]


@check("lyapunov: sum of the exponents = mean ln |det J|", 1e-10)
def sum_of_exponents() -> tuple[Values, Values]:
    made = rollout(rnn(12), torch.randn(50, 1, 3))
    determinants = [step_jacobian(made, t)[0].slogdet().logabsdet for t in range(50)]
    return float(torch.stack(determinants).mean()), float(lyapunov_spectrum(made).sum())


@check("lyapunov: i.i.d. Gaussian g/√N: ln g + ½[ln(2/N) + ψ((N-i+1)/2)]", 0.06, relative=False)
def gaussian_maps() -> tuple[Values, Values]:
    size, g, steps = 8, 1.2, 2000
    maps = g / math.sqrt(size) * torch.randn(steps, size, size, dtype=torch.float64)
    zeros = [torch.zeros(1, size, dtype=torch.float64)] * steps
    made = Rollout(
        inputs=zeros,
        layers=[LayerStates(zeros, None, [])],
        outputs=zeros[0],
        outputs_at=lambda t: zeros[t],
        read_at_B=torch.tensor([steps - 1]),
        valid_BT=torch.ones(1, steps, dtype=torch.bool),
        state_lag=0,
        reads_one_state=True,
        initial_BD=zeros[0],
        advance=lambda t, s: s @ maps[t].T,
    )
    i = np.arange(1, size + 1)
    expected = math.log(g) + 0.5 * (math.log(2 / size) + digamma((size - i + 1) / 2))
    return expected, lyapunov_spectrum(made)[0]


@check("lyapunov: LSTM, H = 32, forget bias 0, 1, 3, 5: the largest", 0.02, relative=False)
def lstm_by_forget_bias() -> tuple[Values, Values]:
    measured = []
    for bias in (0.0, 1.0, 3.0, 5.0):
        torch.manual_seed(0)
        lstm = nn.LSTM(32, 32).double()
        set_carry_bias(lstm, bias)
        made = rollout(lstm, torch.randn(400, 1, 32, dtype=torch.float64))
        measured.append(float(lyapunov_spectrum(made, burn_in=100)[0, 0]))
    return np.array([-0.52, -0.19, -0.02, -0.002]), np.array(measured)


@check("lyapunov: a short sequence in a padded batch: its own exponents", 1e-12)
def padded_batch() -> tuple[Values, Values]:
    lstm, lengths = nn.LSTM(3, 5).double(), [40, 15]
    x_TBE = batch_of(40, lengths).inputs.transpose(0, 1) * 3
    both = lyapunov_spectrum(rollout(lstm, x_TBE, lengths))
    alone = [
        lyapunov_spectrum(rollout(lstm, x_TBE[:length, b : b + 1]))[0]
        for b, length in enumerate(lengths)
    ]
    return np.concatenate(alone), both.ravel()


@check("lyapunov: pads before the text, from the state they left", 1e-12)
def pads_before() -> tuple[Values, Values]:
    model = fused.RNN(Features(3), 1, hidden_size=6, readout="last").double()
    x_BTE = torch.randn(1, 30, 3, dtype=torch.float64)
    x_BTE[:, :18] = 0
    behind_pads = Batch(x_BTE, torch.zeros(1), torch.tensor([12]), "pre")
    # the same steps on their own begin at the state after 18 pads, not at 0
    before = model.rollout(behind_pads).states[17].detach()[None]
    alone = rollout(model.recurrence, x_BTE[:, 18:].transpose(0, 1), state=before)
    return lyapunov_spectrum(alone)[0], lyapunov_spectrum(model.rollout(behind_pads))[0]
