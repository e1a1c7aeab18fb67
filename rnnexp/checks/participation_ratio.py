"""The participation ratio of points in a known number of directions."""

import numpy as np

from rnnexp.checks.networks import scaled_rotation
from rnnexp.checks.suite import Values, check
from rnnexp.probes.participation_ratio import participation_ratio


@check("participation_ratio: 5 equal eigenvalues among 12 directions", 1e-10)
def five_equal_eigenvalues() -> tuple[Values, Values]:
    corners = np.concatenate([np.eye(5), -np.eye(5)])
    rotation = scaled_rotation(1.0, 12).numpy()
    return 5.0, participation_ratio(corners @ rotation[:5])
