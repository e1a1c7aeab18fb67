"""The participation ratio of points in a known number of directions."""

import numpy as np
import torch

from rnnexp.checks.networks import scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.probes.participation_ratio import (
    participation_ratio,
    unbiased_participation_ratio,
)


@check("participation_ratio: 5 equal eigenvalues among 12 directions", 1e-10)
def five_equal_eigenvalues() -> tuple[Values, Values]:
    corners = np.concatenate([np.eye(5), -np.eye(5)])
    rotation = scaled_rotation(1.0, 12).numpy()
    return 5.0, participation_ratio(corners @ rotation[:5])


@check("participation_ratio: 32 texts of 5 states, 128 equal directions: 128", 0.03)
def few_samples() -> tuple[Values, Values]:
    # the plain ratio of 160 samples cannot exceed 159, and reads 71
    ratios = []
    for _ in range(20):
        states_NH = torch.randn(160, 128, dtype=torch.float64).numpy()
        ratios.append(unbiased_participation_ratio(states_NH, np.repeat(np.arange(32), 5)))
    return 128.0, float(np.median(ratios))


@check("participation_ratio: 8 texts of correlated states, 8 equal directions: 8", 0.1)
def correlated_states() -> tuple[Values, Values]:
    ratios = []
    for _ in range(200):
        texts = torch.randn(8, 1, 8, dtype=torch.float64)  # an offset of its own for each text
        states_NH = (texts + 0.3 * torch.randn(8, 20, 8, dtype=torch.float64)).reshape(-1, 8)
        ratios.append(unbiased_participation_ratio(states_NH.numpy(), np.repeat(np.arange(8), 20)))
    return 8.0, float(np.nanmedian(ratios))
